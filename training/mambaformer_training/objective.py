"""The loss: task (answer, decision, answerable) + utility + cost + balance + entropy + router z.

The weights are in `Weights`. The cost of a token is measured (`costs`) where a table is given; chairside-1 and -2 were trained with the
simple model of `token_cost`, which stays what training does without one.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .batches import IGNORED
from .costs import Costs
from .distil import mean_over_lines
from .model import EMAMBA, ET5, Encoded, MambaFormer


@dataclass
class Weights:
    # The words themselves: what free generation needs and grounded decoding does not.
    nll: float = 1.0
    # Choosing among the sentences that the decoder will have; the pointer's own loss keeps the rest of its mass in place.
    selection: float = 1.0
    pointer: float = 0.1
    # From the sentence encoder's vectors, and from its choice of the first sentence.
    vectors: float = 2.0
    taught_choice: float = 0.5
    decision: float = 0.3
    answerable: float = 0.3
    utility: float = 0.05
    cost: float = 0.05
    balance: float = 0.5
    entropy: float = 0.05
    router_z: float = 0.001
    # The share of EMamba that balance aims at. Chairside prompts are short: attention is cheap there, and choosing the right
    # passage needs question and passages in one expert.
    target_emamba: float = 0.3
    # lambda of U = A - lambda k, and the temperature of the utility's softmax.
    cost_of_utility: float = 0.5
    utility_temperature: float = 1.0


def token_cost(lengths: torch.Tensor, max_tokens: int, costs: Costs | None = None) -> torch.Tensor:
    """k_e(L) of a token on each expert, [B, 2]: measured, or attention makes ET5's grow with L (quadratic per sequence), EMamba's is constant."""
    if costs is not None:
        return costs.at(lengths)
    et5 = 0.25 + 0.75 * lengths.float() / max_tokens
    return torch.stack([et5, torch.full_like(et5, 0.30)], dim=-1)


def answer_log_probability(model: MambaFormer, encoded: Encoded, z, packing, labels, copying) -> torch.Tensor:
    """log P(label) of the mixture for each packed decoder token, [N]; ignored labels give 0. `copying` is the copy head's output."""
    target = packing.pack(labels[..., None])[:, 0]
    known = target != IGNORED
    safe = target.clamp(min=0)
    lm = torch.log_softmax(model.lm_logits(z).float(), dim=-1).gather(1, safe[:, None])[:, 0]
    if copying is not None:
        attention, g = copying
        match = (labels[:, :, None] == encoded.ids[:, None, :]) & encoded.valid[:, None]
        copied = packing.pack((attention.exp() * match).sum(-1, keepdim=True))[:, 0]
        g = g.float()
        lm = torch.log(g * lm.exp() + (1 - g) * copied + 1e-9)
    return torch.where(known, lm, torch.zeros_like(lm))


def pointer_loss(attention: torch.Tensor, pointer: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the pointer attention [B, T, L] (log) with the place each token is copied from, weighted.

    The mixture's loss cannot tell two places of one word apart ("The" begins many sentences); this can, and it is what selects.
    """
    picked = attention.gather(2, pointer.clamp(min=0)[..., None])[..., 0]
    return -(picked * weight).sum() / weight.sum().clamp(min=1e-6)


def selection_logits(attention: torch.Tensor, choices: dict) -> torch.Tensor:
    """What the pointer [B, T, L] (log) says of each sentence that may come at each step, plus what retrieval says of it: [S, C], not normalised."""
    at_step = attention[choices["rows"], choices["steps"]]
    return mean_over_lines(at_step[..., None], choices["positions"], choices["ends"])[..., 0] + choices["prior"]


def without_prior(logits: torch.Tensor, choices: dict) -> torch.Tensor:
    """What the pointer alone says of each sentence [S, C]; what may not begin there (a prior of MASKED) stays out."""
    return logits - choices["prior"].clamp(min=-1e3)


def router_terms(encoded: Encoded, lengths, max_tokens, usual: list[float], target_emamba: float = 0.5, costs: Costs | None = None) -> dict[str, torch.Tensor]:
    """cost, balance (f.P over the target shares, 1 when met), entropy, router z; means over the real tokens.

    `usual` is the running share of each expert, updated here. f is that share and not the batch's: batches hold prompts of
    one length, and an even share in each would forbid the gate to treat short and long prompts differently.
    """
    mask = encoded.valid.float()
    count = mask.sum()
    p = encoded.p.float()
    cost = (p * token_cost(lengths, max_tokens, costs)[:, None]).sum(-1)
    # The share without exploration noise: that is what inference will do.
    share = torch.stack([(encoded.quiet[..., e].float() * mask).sum() / count for e in (ET5, EMAMBA)])
    for e in (ET5, EMAMBA):
        usual[e] = 0.95 * usual[e] + 0.05 * float(share[e])
    mean = (p * mask[..., None]).sum((0, 1)) / count
    target = p.new_tensor([1 - target_emamba, target_emamba])
    entropy = -(p * p.clamp(min=1e-9).log()).sum(-1)
    z = torch.logsumexp(encoded.logits.float(), dim=-1).square()
    return {"cost": (cost * mask).sum() / count, "balance": (p.new_tensor(usual) / target * mean).sum(), "entropy": (entropy * mask).sum() / count,
            "router_z": (z * mask).sum() / count, "share_emamba": share[EMAMBA].detach()}


class Utility:
    """First-order utility: how much the output of the expert that ran lowers the task loss.

    `A = -<dL/dm_t, y_t>` is known for the expert that ran alone; the other's is its running mean over tokens. Both are
    divided by a running scale, so that the temperature keeps its meaning while the gradients shrink.
    """

    def __init__(self):
        self.mean = [0.0, 0.0]
        self.scale = 0.0

    def state(self) -> dict:
        return {"mean": list(self.mean), "scale": self.scale}

    def restore(self, state: dict) -> None:
        self.mean, self.scale = list(state["mean"]), state["scale"]

    def numbers(self) -> list[float]:
        """All of it."""
        return [*self.mean, self.scale]

    def set_numbers(self, numbers: list[float]) -> None:
        """As `numbers` gave it."""
        *self.mean, self.scale = numbers

    def loss(self, model: MambaFormer, encoded: Encoded, lengths, weights: Weights, measured: Costs | None = None) -> torch.Tensor | None:
        """KL(softmax(U / tau_u) || p) over the tokens, from the gradient already at `encoded.mixed`; its gradient reaches the gate's two layers alone."""
        gradient = encoded.mixed.grad
        if gradient is None:
            return None
        flat = gradient.flatten(0, 1)
        rows_of, advantage_of = [], []
        for which, part in enumerate(encoded.experts):
            if part is None:
                continue
            rows, y = part
            a = -(flat[rows] * y.detach()).sum(-1)
            rows_of.append((which, rows))
            advantage_of.append(a)
        magnitude = torch.cat(advantage_of).square().mean().sqrt().item()
        self.scale = magnitude if self.scale == 0.0 else 0.98 * self.scale + 0.02 * magnitude
        utility = flat.new_zeros(flat.shape[0], 2, dtype=torch.float32)
        costs = token_cost(lengths, model.config.max_tokens, measured)[:, None].expand(-1, encoded.ids.shape[1], -1).flatten(0, 1)
        for (which, rows), a in zip(rows_of, advantage_of):
            a = (a / max(self.scale, 1e-12)).clamp(-3, 3)
            self.mean[which] = 0.98 * self.mean[which] + 0.02 * a.mean().item()
            utility[rows, which] = a
            utility[rows, 1 - which] = self.mean[1 - which]
        target = torch.softmax((utility - weights.cost_of_utility * costs) / weights.utility_temperature, dim=-1)
        log_p = torch.log_softmax(model.gate(encoded.features.detach()).flatten(0, 1).float() / model.config.gate.temperature, dim=-1)
        mask = encoded.valid.flatten().float()
        return (F.kl_div(log_p, target, reduction="none").sum(-1) * mask).sum() / mask.sum()


def task_terms(model: MambaFormer, encoded: Encoded, batch: dict, teacher=None) -> dict[str, torch.Tensor]:
    """nll (mean over the answer tokens), selection, decision, answerable, what the teacher says, and counts for the log."""
    z, packing = model.decode(encoded, batch["decoder_ids"], batch["decoder_lengths"])
    copying = model.copy_attention(encoded, z, packing) if model.config.heads.copy else None
    log_p = answer_log_probability(model, encoded, z, packing, batch["labels"], copying)
    tokens = (batch["labels"] != IGNORED).sum()
    rows = torch.arange(len(batch["begins"]), device=z.device)
    first = z[packing.offsets[:-1] + batch["begins"]].float()
    terms = {"nll": -log_p.sum() / tokens.clamp(min=1), "answer_tokens": tokens}
    zero = log_p.new_zeros(())
    terms["pointer"] = zero if copying is None else pointer_loss(copying[0], batch["pointer"], batch["pointer_weight"])
    terms["vectors"] = terms["taught_choice"] = zero
    if teacher is not None:
        terms["vectors"], terms["taught_choice"] = teacher.loss(encoded.memory, first, None if copying is None else copying[0][rows, batch["begins"]], batch)
    terms["selection"] = zero
    if copying is not None and len(batch["choices"]["rows"]):
        terms["selection"] = F.cross_entropy(selection_logits(copying[0], batch["choices"]), batch["choices"]["targets"])
    # A converted checkpoint has neither of the two heads.
    terms["answerable"] = terms["answerable_right"] = terms["decision"] = terms["decision_right"] = terms["decision_count"] = zero
    if model.config.heads.answerable:
        answerable = model.heads.answerable(first)[:, 0]
        terms["answerable"] = F.binary_cross_entropy_with_logits(answerable, batch["answerable"])
        terms["answerable_right"] = ((answerable > 0).float() == batch["answerable"]).float().sum()
    if model.config.heads.decision:
        asked = batch["decision"] >= 0
        terms["decision"] = F.cross_entropy(model.heads.decision(first)[asked], batch["decision"][asked]) if asked.any() else zero
        terms["decision_right"] = (model.heads.decision(first)[asked].argmax(-1) == batch["decision"][asked]).sum()
        terms["decision_count"] = asked.sum()
    terms["packing"], terms["log_p"], terms["copying"] = packing, log_p, copying
    return terms
