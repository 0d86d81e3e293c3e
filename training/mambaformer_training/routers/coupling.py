"""Coupling of experts and router (Lv et al. 2025, "Coupling Experts and Routers in Mixture-of-Experts via an Auxiliary Loss", arXiv 2512.23447)."""

import torch
import torch.nn.functional as F

from .router import EMAMBA, ET5
from .softmax_balance import SoftmaxBalance


def directions(gate, d: int) -> torch.Tensor:
    """What raises each logit, as a normalised embedding: [2, d]. fc2's rows seen through fc1, whose SiLU is taken as linear."""
    return F.normalize(gate.fc2.weight @ gate.fc1.weight[:, :d], dim=-1) * d**0.5


def activations(model, proxies: torch.Tensor) -> torch.Tensor:
    """How strongly the first projection of each expert answers to proxies [n, d]: [n, 2].

    The norms of different experts' projections compare only per unit of weight; the source's experts are alike and need no division.
    """
    et5 = model.et5.encoder.block[0].layer[-1]
    et5_in, et5_weight = et5.layer_norm(proxies), et5.DenseReluDense.wi_0.weight
    emamba = model.emamba.layers[0]
    x = model.emamba.adapter_in(proxies) if hasattr(model.emamba, "adapter_in") else proxies
    emamba_in, emamba_weight = emamba.norm(x), emamba.mixer.in_proj.weight[: model.emamba.config.d_inner]
    columns = [None, None]
    for expert, x, weight in ((ET5, et5_in, et5_weight), (EMAMBA, emamba_in, emamba_weight)):
        columns[expert] = F.linear(x, weight).norm(dim=-1) / weight.norm()
    return torch.stack(columns, dim=-1)


def coupling(answers: torch.Tensor) -> torch.Tensor:
    """Mean excess of the answers [E, E] off the diagonal over those on it, by rows (a proxy prefers its expert) and columns (an expert its proxy)."""
    own = answers.diagonal()
    excess = (answers - own[:, None]).clamp(min=0.0) + (answers - own[None]).clamp(min=0.0)
    return excess.sum() / answers.numel()


class Coupling(SoftmaxBalance):
    """`SoftmaxBalance` plus the coupling loss on the router's own directions, shaken no further than half way to the other expert's."""

    def __init__(self, target_emamba: float = 0.3, weight: float = 1.0):
        super().__init__(target_emamba)
        self.weight = weight

    def losses(self, model, encoded) -> dict[str, torch.Tensor]:
        proxies = directions(model.gate, model.config.d_model)
        reach = (proxies[0] - proxies[1]).detach().norm() / (2 * proxies.detach().norm(dim=-1, keepdim=True))
        # Drawn on the processor, so that the draws are the same whatever the device.
        drawn = torch.rand(proxies.shape, dtype=proxies.dtype, device="cpu").to(proxies.device)
        shaken = proxies * (1 + reach * (2 * drawn - 1))
        return {"coupling": self.weight * coupling(activations(model, shaken))}
