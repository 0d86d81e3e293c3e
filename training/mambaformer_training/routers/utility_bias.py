"""Our loss with its balance term replaced by the bias of `LossFree`: what the comparison suggests, not what ships."""

from .loss_free import LossFree


class UtilityBias(LossFree):
    """Utility, cost and entropy teach the gate; the bias alone holds the shares. No noise, as in `LossFree`."""

    terms = ("cost", "entropy", "router_z")
    utility = True
