"""Each router's weights and masks, and that what ships routes as it did before there were others."""

import math

import pytest
import torch

from test_model import build, items
from test_run import trainer

from mambaformer_training.batches import collate
from mambaformer_training.model import EMAMBA, ET5, Encoded, MambaFormer
from mambaformer_training.packing import Packing, pick, spread
from mambaformer_training.routers import ROUTERS, Bip, Coupling, ExpertChoice, Fixed, Gated, Hashed, LossFree, NullExpert, Routing, Sinkhorn, StraightThrough, TopOne, TopP, TsallisHybrid, UtilityBias
from mambaformer_training.routers.bip import prices
from mambaformer_training.routers.coupling import activations, coupling, directions
from mambaformer_training.routers.sinkhorn import transport
from mambaformer_training.routers.top_p import nucleus
from mambaformer_training.routers.tsallis import most, tsallis
from mambaformer_training.train import Trainer

LENGTHS = torch.tensor([40, 17, 1, 33])


def gated(seed=1, noise=False, shift=0.0, features=68):
    """A batch of skewed logits; `shift` moves them towards EMamba."""
    rng = torch.Generator().manual_seed(seed)
    shape = len(LENGTHS), int(LENGTHS.max())
    logits = torch.randn(*shape, 2, generator=rng) + torch.tensor([0.8, shift])
    valid = torch.arange(shape[1])[None] < LENGTHS[:, None]
    return Gated(logits, torch.randint(0, 8192, shape, generator=rng), torch.randn(*shape, features, generator=rng), valid, 2 * torch.randn(*shape, 2, generator=rng) if noise else None, 1.0)


def router_of(name):
    return ROUTERS[name](features=68) if name == "null" else ROUTERS[name]()


def share_of(routing, g):
    return routing.active[g.valid].float().mean(0)


@pytest.mark.parametrize("name", ROUTERS)
def test_every_router_gives_masks_and_factors_of_its_tokens(name):
    g = gated(noise=True)
    router = router_of(name).train()
    routing = router.route(g)
    assert routing.p.shape == routing.weights.shape == routing.active.shape == (4, 40, 2) and routing.active.dtype == torch.bool
    assert torch.isfinite(routing.weights).all() and (routing.weights > 0).all() and (routing.weights <= 1).all() and (routing.p.sum(-1) <= 1 + 1e-6).all()
    readers = routing.active[g.valid].sum(-1)
    if name in ("top_p", "tsallis"):
        assert readers.min() == 1 and readers.max() == 2
    elif name == "null":
        assert readers.min() == 0 and readers.max() == 1
    else:
        assert (readers == 1).all()
    single = readers == 1
    assert routing.expert[g.valid][single].equal(routing.active[g.valid][single].long().argmax(-1))
    # What is decided at inference hangs on nothing random.
    router.eval()
    quiet = gated()
    assert router.route(quiet).active.equal(router.route(quiet).active)


@pytest.mark.parametrize("name", ROUTERS)
def test_every_router_trains_and_reads_alone_what_it_reads_in_a_batch(name, tmp_path):
    plain = trainer(tmp_path, 4)
    features = plain.config.d_model + 4
    # A bias or price that has moved is part of what must not change with the company.
    new = Trainer(plain.config, plain.settings, plain.items, plain.items, [1] * 200, tmp_path, None, ROUTERS[name](features=features) if name == "null" else ROUTERS[name]())
    before = {k: v.clone() for k, v in new.model.state_dict().items()}
    for _ in range(4):
        record = new.train_step()
        assert math.isfinite(record["loss"]) and math.isfinite(record["gradient_norm"])
    moved = {k for k, v in new.model.state_dict().items() if not v.equal(before[k])}
    assert ("gate.fc2.weight" in moved) == (name not in ("fixed", "hashed")) and "shared.weight" in moved
    assert math.isfinite(new.validate()["nll"])
    new.model.eval(), new.router.eval()
    batch = collate(items([3, 40, 17, 1]), 0)
    with torch.no_grad():
        whole = new.model.encode(batch["ids"], batch["lengths"], router=new.router)
        for row, n in enumerate(batch["lengths"].tolist()):
            alone = new.model.encode(batch["ids"][row : row + 1, :n], torch.tensor([n]), router=new.router)
            assert alone.active[0].equal(whole.active[row, :n])
            torch.testing.assert_close(alone.memory[0], whole.memory[row, :n], rtol=1e-4, atol=1e-4)


# -- what ships -----------------------------------------------------------------------------------------------------
def encode_before(self, ids, lengths, noise=None, temperature=None, force=None, bias=0.0, router=None):
    """`MambaFormer.encode` as it was when chairside-1 and -2 were trained; `router` is not looked at."""
    packing = Packing(lengths)
    valid = packing.valid
    e = self.embed(ids, packing)
    features = self.gate.features(e.detach(), ids, valid)
    logits = self.gate(features)
    shifted = logits + torch.tensor([0.0, bias]) if bias else logits
    tau = self.config.gate.temperature if temperature is None else temperature
    p = torch.softmax(shifted / tau, dim=-1)
    if force is not None:
        expert, p = torch.full_like(ids, force), torch.ones_like(p)
    else:
        choice = shifted if noise is None else shifted + noise
        expert = (choice[..., 1] >= choice[..., 0]).long()
    flat = e.flatten(0, 1)
    positions = torch.arange(ids.shape[1]).expand_as(ids).flatten()
    experts, mixed = [], flat
    for which in (ET5, EMAMBA):
        part, rows = Packing.of_mask(valid & (expert == which))
        if rows.numel() == 0:
            experts.append(None)
            continue
        x = pick(flat, rows)
        y = self.et5.encoder(x, part, positions[rows]) if which == ET5 else self.emamba(x, part)
        experts.append((rows, y))
        mixed = mixed + spread(y * p[..., which].flatten()[rows][:, None], rows, flat.shape[0])
    mixed = mixed.view_as(e)
    active = torch.stack([expert == ET5, expert == EMAMBA], dim=-1)
    quiet = torch.stack([logits[..., 1] < logits[..., 0], logits[..., 1] >= logits[..., 0]], dim=-1)
    return Encoded(ids, valid, e, features, logits, p, expert, active, quiet, experts, mixed, self.memory_norm(mixed))


@pytest.mark.parametrize("kwargs", [{}, {"bias": 0.7, "temperature": 0.5}, {"force": ET5}, {"force": EMAMBA}, {"noise": 1}])
@torch.no_grad()
def test_the_shipped_routing_is_what_it_was(kwargs):
    model, batch = build(), collate(items([3, 40, 17, 1]), 0)
    if "noise" in kwargs:
        kwargs = {"noise": 3 * torch.randn(*batch["ids"].shape, 2, generator=torch.Generator().manual_seed(7))}
    want = encode_before(model, batch["ids"], batch["lengths"], **kwargs)
    for router in (None, TopOne()):
        got = model.encode(batch["ids"], batch["lengths"], router=router, **kwargs)
        for name in ("logits", "p", "expert", "active", "mixed", "memory"):
            assert torch.equal(getattr(got, name), getattr(want, name)), name


def test_the_shipped_training_is_what_it_was_bit_for_bit(tmp_path, monkeypatch):
    now = trainer(tmp_path / "now", 12)
    records = [now.train_step() for _ in range(12)]
    validation = now.validate()
    monkeypatch.setattr(MambaFormer, "encode", encode_before)
    before = trainer(tmp_path / "before", 12)
    assert [before.train_step() for _ in range(12)] == records and before.validate() == validation
    for (name, a), b in zip(now.model.state_dict().items(), before.model.state_dict().values()):
        assert torch.equal(a, b), name
    assert isinstance(now.router, TopOne) and not now.router.state_dict() and not list(now.router.parameters())


def test_ties_go_to_emamba():
    g = gated()
    g.logits = torch.zeros_like(g.logits)
    assert (TopOne().route(g).expert == EMAMBA).all()


# -- one by one -----------------------------------------------------------------------------------------------------
def test_straight_through_computes_p_and_learns_from_the_noisy_softmax():
    g = gated(noise=True)
    router = StraightThrough(least=0.3)
    router.anneal(0.5)
    g.logits.requires_grad_()
    routing = router.route(g)
    torch.testing.assert_close(routing.weights, torch.softmax(g.logits, dim=-1))
    assert routing.active.equal(TopOne().route(g).active)
    (got,) = torch.autograd.grad(routing.weights[..., 0].sum(), g.logits, retain_graph=True)
    (want,) = torch.autograd.grad(torch.softmax((g.logits + g.noise) / 0.5, dim=-1)[..., 0].sum(), g.logits)
    torch.testing.assert_close(got, want)
    router.anneal(0.02)
    assert router.temperature == 0.3


def test_top_p_takes_the_second_expert_exactly_under_the_threshold():
    p = torch.tensor([[0.59, 0.41], [0.61, 0.39], [0.5, 0.5], [0.02, 0.98]])
    assert nucleus(p, 0.6).tolist() == [[True, True], [True, False], [True, True], [False, True]]
    g = gated()
    routing = TopP(threshold=0.7).route(g)
    taken = (routing.p * routing.active).sum(-1)
    assert (taken >= 0.7).all() and (taken[routing.active.all(-1)] == pytest.approx(1.0))
    assert share_of(TopP(threshold=0.9).route(g), g).sum() > share_of(routing, g).sum() > 1


def test_expert_choice_has_a_fixed_load_in_every_prompt():
    for shift in (-4.0, 0.0, 6.0):
        g = gated(shift=shift)
        routing = ExpertChoice(0.3).route(g)
        assert (routing.active & g.valid[..., None]).sum(1).tolist() == [[28, 12], [12, 5], [1, 0], [23, 10]]
        row = routing.p[0, :, EMAMBA]
        assert row[routing.active[0, :, EMAMBA]].min() >= row[~routing.active[0, :, EMAMBA]].max()
    assert not routing.active[~g.valid].any()
    more = ExpertChoice(0.3, capacity=1.5).route(g)
    assert (more.active & g.valid[..., None]).sum(1).tolist() == [[40, 18], [17, 8], [1, 0], [33, 15]] and more.active[g.valid].all(-1).any()


def test_a_transport_plan_has_its_marginals():
    scores = 3 * torch.randn(500, 2, generator=torch.Generator().manual_seed(3)) + torch.tensor([2.0, -2.0])
    plan = transport(scores, (0.7, 0.3), 60)
    torch.testing.assert_close(plan.sum(1), torch.ones(500))
    torch.testing.assert_close(plan.sum(0), torch.tensor([350.0, 150.0]), rtol=1e-3, atol=0)
    # Scaling keeps the order of preferences.
    assert (scores[:, 1] - scores[:, 0]).argsort().equal((plan[:, 1].log() - plan[:, 0].log()).argsort())


def test_sinkhorn_moves_a_lopsided_batch_to_its_shares_in_training_alone():
    g = gated(shift=-3.0)
    router = Sinkhorn(0.3)
    wanting = share_of(router.eval().route(g), g)[EMAMBA]
    routed = share_of(router.train().route(g), g)[EMAMBA]
    assert wanting < 0.02 and abs(routed - 0.3) < 0.05
    assert torch.equal(router.eval().route(g).active, TopOne().route(g).active)


def test_loss_free_bias_moves_towards_balance():
    router, g = LossFree(0.3, rate=0.005), gated(shift=-1.0)
    first, shares = router.bias.clone(), []
    for _ in range(200):
        routing = router.route(g)
        shares.append(float(share_of(routing, g)[EMAMBA]))
        router.after_step(Routed(routing, g))
    assert shares[0] < 0.2 and abs(sum(shares[-10:]) / 10 - 0.3) < 0.03
    assert router.bias[EMAMBA] > first[EMAMBA] and router.bias[ET5] < first[ET5]
    # The bias chooses and does not weight.
    assert torch.equal(router.route(g).weights, torch.softmax(g.logits, dim=-1))
    assert set(router.state_dict()) == {"bias"}


class Routed:
    """What `after_step` and `losses` read of an encoded batch."""

    def __init__(self, routing, g):
        self.valid, self.active, self.p, self.logits = g.valid, routing.active, routing.p, g.logits
        self.quiet = routing.active if routing.quiet is None else routing.quiet


def test_utility_with_a_bias_is_taught_by_utility_and_not_by_balance(tmp_path):
    plain = trainer(tmp_path, 2)
    t = Trainer(plain.config, plain.settings, plain.items, plain.items, [1] * 200, tmp_path, None, UtilityBias())
    record = t.train_step()
    assert record["utility"] > 0 and "balance" not in t.router.terms and t.router.bias.abs().sum() > 0


def test_bip_fills_no_expert_beyond_its_capacity_and_loses_little():
    for shift in (-3.0, 0.0, 3.0):
        scores = torch.softmax(torch.randn(200, 2, generator=torch.Generator().manual_seed(5)) + torch.tensor([0.0, shift]), dim=-1)
        price = prices(scores, [140, 60], torch.zeros(2), 8)
        second = (scores - price)[:, 1] >= (scores - price)[:, 0]
        assert abs(int(second.sum()) - 60) <= 1
        # The best assignment of two experts takes the 60 with the largest difference.
        best = torch.zeros(200, dtype=torch.bool)
        best[(scores[:, 1] - scores[:, 0]).topk(60).indices] = True
        got, want = torch.where(second, scores[:, 1], scores[:, 0]).sum(), torch.where(best, scores[:, 1], scores[:, 0]).sum()
        assert got == pytest.approx(float(want), rel=0.02)


def test_bip_is_balanced_from_batch_to_batch_and_keeps_its_prices():
    router = Bip(0.3).train()
    for seed in range(12):
        g = gated(seed, shift=-2.0 + 0.3 * seed)
        assert abs(share_of(router.route(g), g)[EMAMBA] - 0.3) < 0.03
    kept = router.price.clone()
    router.eval().route(gated(99, shift=4.0))
    assert torch.equal(router.price, kept) and kept.abs().sum() > 0


def test_tsallis_entropy_has_its_known_values():
    p = torch.tensor([[0.5, 0.5], [1.0, 0.0], [0.8, 0.2]])
    torch.testing.assert_close(tsallis(p, 2.0), torch.tensor([0.5, 0.0, 0.32]), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(tsallis(p, 1.0), torch.tensor([math.log(2), 0.0, -(0.8 * math.log(0.8) + 0.2 * math.log(0.2))]), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(tsallis(p, 1.001), tsallis(p, 1.0), atol=1e-3, rtol=1e-2)
    for q in (1.0, 1.5, 2.0):
        assert most(q) == pytest.approx(float(tsallis(p[:1], q)), rel=1e-6)


def test_tsallis_hybrid_gives_the_unsure_to_both_and_its_loss_falls_with_certainty():
    g = gated()
    router = TsallisHybrid(uncertain=0.9, threshold=0.51)
    routing = router.route(g)
    unsure = tsallis(routing.p, router.q) > 0.9 * most(router.q)
    assert routing.active.all(-1)[unsure].all() and not routing.active.all(-1)[~unsure & (routing.p.amax(-1) > 0.51)].any() and unsure.any() and not unsure.all()
    sure = gated()
    sure.logits = 10 * sure.logits
    assert router.losses(None, Routed(router.route(sure), sure))["tsallis"] < router.losses(None, Routed(routing, g))["tsallis"]


def test_coupling_counts_what_exceeds_the_own_expert():
    assert coupling(torch.tensor([[1.0, 0.5], [0.2, 0.8]])) == 0
    # Row: 1.5 against 1; column: 1.5 against 0.8.
    assert coupling(torch.tensor([[1.0, 1.5], [0.2, 0.8]])) == pytest.approx((0.5 + 0.7) / 4)


def test_coupling_teaches_router_and_experts_to_agree():
    model = build().train()
    router = Coupling()
    torch.manual_seed(3)
    chosen = directions(model.gate, model.config.d_model)
    # The direction of an expert raises its logit over the other's.
    features = torch.zeros(2, model.config.d_model + 4)
    features[:, : model.config.d_model] = chosen.detach()
    logits = model.gate(features)
    assert logits[0, 0] > logits[1, 0] and logits[1, 1] > logits[0, 1]
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    first = float(router.losses(model, None)["coupling"].detach())
    for _ in range(60):
        optimiser.zero_grad()
        router.losses(model, None)["coupling"].backward()
        optimiser.step()
    answers = activations(model, directions(model.gate, model.config.d_model)).detach()
    assert float(router.losses(model, None)["coupling"].detach()) < first and answers[0, 0] > answers[0, 1] and answers[1, 1] > answers[1, 0]
    # More weight is no better answer.
    scaled = answers.clone()
    with torch.no_grad():
        model.et5.encoder.block[0].layer[-1].DenseReluDense.wi_0.weight.mul_(7)
    torch.testing.assert_close(activations(model, directions(model.gate, model.config.d_model)).detach(), scaled)


def test_a_skipped_token_costs_nothing_and_keeps_its_embedding():
    model, batch = build(), collate(items([20, 9]), 0)
    router = NullExpert(features=model.config.d_model + 4).eval()
    with torch.no_grad():
        router.nothing.bias.fill_(0.3)
        encoded = model.encode(batch["ids"], batch["lengths"], router=router)
        skipped = ~encoded.active.any(-1) & encoded.valid
        assert skipped.any() and not skipped[encoded.valid].all()
        assert torch.equal(encoded.mixed[skipped], encoded.e[skipped]) and not torch.equal(encoded.mixed, encoded.e)
        router.nothing.bias.fill_(50.0)
        assert not model.encode(batch["ids"], batch["lengths"], router=router).active.any()
        router.nothing.bias.fill_(-50.0)
        torch.testing.assert_close(model.encode(batch["ids"], batch["lengths"], router=router).memory, model.encode(batch["ids"], batch["lengths"]).memory)


def test_null_balance_pushes_down_what_is_overused():
    router, g = NullExpert(features=68), gated()
    with torch.no_grad():
        router.nothing.bias.fill_(2.0)
    for _ in range(60):
        router.after_step(Routed(router.route(g), g))
    assert router.usual[2] > 0.5
    router.losses(None, Routed(router.route(g), g))["null_balance"].backward()
    assert router.nothing.bias.grad > 0
    assert sum(router.wanted()) == pytest.approx(1.0)


def test_fixed_and_hashed_do_not_look_at_the_gate():
    a, b = gated(1), gated(2)
    b.ids = a.ids
    for router in (Fixed(expert=ET5), Fixed(expert=EMAMBA), Hashed(0.3)):
        assert router.route(a).active.equal(router.route(b).active)
    assert Fixed(expert=EMAMBA).route(a).active[..., EMAMBA].all()
    every = Gated(torch.zeros(1, 8192, 2), torch.arange(8192)[None], torch.zeros(1, 8192, 68), torch.ones(1, 8192).bool(), None, 1.0)
    assert float(Hashed(0.3).route(every).active[..., EMAMBA].float().mean()) == pytest.approx(0.3, abs=0.01)


def test_a_router_keeps_its_state_over_a_checkpoint(tmp_path):
    plain = trainer(tmp_path, 3)
    make = lambda router: Trainer(plain.config, plain.settings, plain.items, plain.items, [1] * 200, tmp_path, None, router)
    first, second = make(LossFree()), make(LossFree())
    for _ in range(3):
        first.train_step()
    second.restore(first.state())
    assert torch.equal(first.router.bias, second.router.bias) and first.router.bias.abs().sum() > 0
    # What was saved before there were routers.
    state = plain.state()
    del state["router"]
    trainer(tmp_path, 3).restore(state)
