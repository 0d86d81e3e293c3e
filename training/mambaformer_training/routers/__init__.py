"""Routers behind one interface: what ships (`TopOne`), and what it is compared with. See training/ROUTERS.md."""

from .bip import Bip
from .coupling import Coupling
from .expert_choice import ExpertChoice
from .fixed import Fixed, Hashed
from .loss_free import LossFree
from .null import NullExpert
from .router import EMAMBA, ET5, Gated, Router, Routing, one_of_two
from .sinkhorn import Sinkhorn
from .softmax_balance import SoftmaxBalance
from .straight_through import StraightThrough
from .top_one import TopOne
from .top_p import TopP
from .tsallis import TsallisHybrid
from .utility_bias import UtilityBias

ROUTERS: dict[str, type[Router]] = {
    "top1_utility": TopOne, "straight_through": StraightThrough, "softmax_balance": SoftmaxBalance, "top_p": TopP, "expert_choice": ExpertChoice, "sinkhorn": Sinkhorn,
    "loss_free": LossFree, "bip": Bip, "tsallis": TsallisHybrid, "coupling": Coupling, "null": NullExpert, "utility_bias": UtilityBias, "fixed": Fixed, "hashed": Hashed,
}
