"""What stages share, what their keys depend on, and what frozen means."""

import dataclasses
from itertools import islice

import numpy as np
import pytest
import torch

from gaitbench.backbones.base import BackboneSpec
from gaitbench.baselines.gei_lda import GeiLdaStage
from gaitbench.core.errors import ConfigurationError, TrainingError
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.methods.aligned_lda import STRIPS, AlignedLdaStage
from gaitbench.methods.base import Plan, get_method, method_names
from gaitbench.methods.oem import DetectorStage
from gaitbench.methods.rg_gait import RestorationStage, RGGait
from gaitbench.networks.detector import OcclusionDetector
from gaitbench.occlusion.base import occlusions
from gaitbench.occlusion.setting import get_setting
from gaitbench.training.batches import IdentitySampler, batches
from gaitbench.training.closed_form import ClosedFormStage, fitted
from gaitbench.training.losses import batch_all_triplet, identity_losses, occlusion_loss
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import TrainingData
from gaitbench.training.trainer import load_network, new_network, rate, train

CPU = torch.device("cpu")
RECIPE = Recipe(steps=3, learning_rate=1e-2, identities=3, clips=2, frames=2, precision="fp32")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    with SilhouettesWriter(folder, name="noise", height=16, width=12) as writer:
        for person in range(6):
            for walk in range(2):
                writer.add(
                    (rng.random((5, 16, 12)) < 0.5).astype(np.uint8),
                    identity=f"{person}",
                    condition="nm",
                    view=90,
                    recording=f"{person}-{walk}",
                )
        writer.splits = {
            "train": range(8),
            "validation.gallery": (8, 10),
            "validation.probe": (9, 11),
        }
    return Silhouettes.open(folder)


@pytest.fixture(scope="module")
def plan(data):
    return Plan(
        data=TrainingData("noise", data.fingerprint, 16, 12),
        backbone=BackboneSpec.of(
            "gaitbase", {"channels": (4, 4, 4, 4), "parts": 2, "embedding": 5}
        ),
        setting=get_setting("mimicgait"),
        extractor=RECIPE,
        occluded=RECIPE,
        detector=RECIPE.model_copy(update={"frames": 1}),
        seed=0,
    )


def trained(stage, data, known=None):
    """Train a stage and everything before it; return its network and its inputs' networks."""
    known = {} if known is None else known
    weights = {}
    for each in stage.all_stages():
        if each.key not in known:
            networks = {n: known[s.key] for n, s in each.inputs.items()}
            initial = weights.get(each.initial.key) if each.initial else None
            result = (
                fitted(each, data, networks, CPU)
                if isinstance(each, ClosedFormStage)
                else train(each, data, networks, initial, CPU)
            )
            weights[each.key] = result.weights
            known[each.key] = load_network(each, 4, result.weights, CPU)
    return known[stage.key], {n: known[s.key] for n, s in stage.inputs.items()}, known


def batch_of(data, stage):
    sampler = IdentitySampler(data, data.split("train"), RECIPE)
    return next(batches(sampler, stage.mix, 0, "test"))


def test_baseline_1_is_rg_gaits_extractor_and_mimicgaits_teacher(plan):
    extractor = get_method("baseline-1").stage(plan)
    assert get_method("rg-gait").stage(plan).extractor.key == extractor.key
    assert get_method("mimicgait").stage(plan).teacher.key == extractor.key


def test_rg_gait_and_mimicgait_share_their_detector(plan):
    rg, mimic = (get_method(n).stage(plan) for n in ("rg-gait", "mimicgait"))
    assert rg.detector.key == mimic.detector.key
    assert get_method("occ-aware").stage(plan).detector.key != rg.detector.key


def test_every_method_has_the_same_steps_on_occluded_clips(plan):
    for name in method_names():
        stage = get_method(name).stage(plan)
        if stage.mix.share:
            assert stage.recipe.steps == plan.occluded.steps


def test_a_key_depends_on_everything_that_weights_depend_on(plan):
    stage = RGGait().stage(plan)
    others = [
        dataclasses.replace(stage, seed=1),
        dataclasses.replace(stage, aware=False),
        dataclasses.replace(stage, recipe=RECIPE.model_copy(update={"steps": 4})),
        dataclasses.replace(stage, mix=stage.mix.with_share(0.25)),
        dataclasses.replace(stage, data=dataclasses.replace(plan.data, fingerprint="x")),
        dataclasses.replace(stage, extractor=dataclasses.replace(stage.extractor, seed=1)),
    ]
    keys = {s.key for s in others}
    assert len(keys) == len(others)
    assert stage.key not in keys
    assert RGGait().stage(plan).key == stage.key


def test_methods_meet_the_same_clips_and_the_same_draws(plan, data):
    seen = []
    for name in ("baseline-2", "occ-aware", "mimicgait"):
        stage = get_method(name).stage(plan)
        sampler = IdentitySampler(data, data.split("train"), RECIPE)
        supply = batches(sampler, stage.mix, stage.seed, stage.purpose)
        seen.append([next(supply).clips for _ in range(3)])
    for other in seen[1:]:
        assert all(torch.equal(a, b) for a, b in zip(seen[0], other, strict=True))


def test_clips_that_two_mixes_occlude_are_occluded_alike(plan, data):
    sampler = IdentitySampler(data, data.split("train"), RECIPE)
    mix = plan.setting.train
    for all_, half in zip(
        islice(batches(sampler, mix, 0, "occluded"), 5),
        islice(batches(sampler, mix.with_share(0.5), 0, "occluded"), 5),
        strict=True,
    ):
        both = half.types > 0
        assert torch.equal(all_.whole, half.whole)
        assert torch.equal(all_.clips[both], half.clips[both])
        assert torch.equal(half.clips[~both], half.whole[~both])


def test_what_only_the_embedding_depends_on_trains_nothing_twice(plan):
    paper, released = (
        get_method(n).stage(plan) for n in ("mimicgait", "mimicgait-released-inference")
    )
    assert paper.key == released.key
    assert paper.at_test() != released.at_test()


@pytest.mark.parametrize("name", method_names())
def test_every_method_trains_adapts_and_embeds(name, plan, data):
    method = get_method(name)
    stage = method.stage(plan)
    network, networks, _ = trained(stage, data)
    batch = batch_of(data, stage)
    with torch.inference_mode():
        found = stage.embed(network, networks, batch)
    shapes = {GeiLdaStage: (6, 3, 1), AlignedLdaStage: (6, 3, STRIPS)}
    assert found.embeddings.shape == shapes.get(type(stage), (6, 5, 2))
    assert torch.isfinite(found.embeddings).all()
    if not method.adaptable:
        return
    new = occlusions.get("middle")()
    adapted = stage.adapted(new, RECIPE, RECIPE)
    assert adapted.initial is (None if isinstance(stage, ClosedFormStage) else stage)
    assert adapted.mix.classes[-1] == "middle"
    for detector in (s for s in adapted.inputs.values() if isinstance(s, DetectorStage)):
        assert detector.mix.classes == (*stage.detector.mix.classes, "middle")
        assert detector.mix.share == pytest.approx(3 / 4)


def test_an_adapted_detector_keeps_what_it_knew(plan):
    stage = get_method("rg-gait").stage(plan).detector
    old, new = OcclusionDetector(3), OcclusionDetector(4)
    fresh = new.type_head.weight.detach().clone()
    stage.resume(new, old.state_dict())
    assert torch.equal(new.type_head.weight[:3], old.type_head.weight)
    assert torch.equal(new.type_head.weight[3], fresh[3])
    assert torch.equal(new.feature.weight, old.feature.weight)


def test_frozen_networks_keep_weights_and_statistics(plan, data):
    stage = RGGait().stage(plan)
    _, networks, _ = trained(stage, data)
    before = {n: {k: v.clone() for k, v in m.state_dict().items()} for n, m in networks.items()}
    train(stage, data, networks, None, CPU)
    for name, network in networks.items():
        for key, value in network.state_dict().items():
            assert torch.equal(value, before[name][key]), f"{name}.{key} has moved"


DRIFTING = {"rg-gait-drifting-statistics": "extractor", "mimicgait-drifting-statistics": "teacher"}


@pytest.mark.parametrize(("name", "copied"), DRIFTING.items())
def test_drifting_statistics_move_and_the_weights_beside_them_stay(name, copied, plan, data):
    stage = get_method(name).stage(plan)
    network, networks, _ = trained(stage, data)
    before = networks[copied].backbone.state_dict()
    after = getattr(network, copied).state_dict()
    assert before.keys() == after.keys()
    statistics = [k for k in before if k.endswith(("running_mean", "running_var"))]
    assert statistics
    for key in before.keys() - set(statistics):
        if not key.endswith("num_batches_tracked"):
            assert torch.equal(before[key], after[key]), f"{key} has moved"
    for key in statistics:
        assert not torch.equal(before[key], after[key]), f"{key} has not moved"


@pytest.mark.parametrize(("name", "copied"), DRIFTING.items())
def test_no_gradient_reaches_what_drifts_and_the_shared_network_stays_as_it_is(
    name, copied, plan, data
):
    stage = get_method(name).stage(plan)
    _, networks, _ = trained(stage, data)
    shared = {k: v.clone() for k, v in networks[copied].state_dict().items()}
    network = new_network(stage, 4)
    stage.start(network, networks)
    torch.stack(
        list(stage.losses(network.train(), networks, batch_of(data, stage)).values())
    ).sum().backward()
    assert all(p.grad is None for p in getattr(network, copied).parameters())
    assert all(p.grad is not None for p in network.backbone.parameters())
    for key, value in networks[copied].state_dict().items():
        assert torch.equal(value, shared[key])


def test_drifted_statistics_are_used_at_test_by_rg_gait(plan, data):
    stage = dataclasses.replace(
        get_method("rg-gait-drifting-statistics").stage(plan), alpha="constant", constant=0.0
    )
    network, networks, _ = trained(stage, data)
    batch = batch_of(data, stage)
    with torch.inference_mode():
        found = stage.embed(network, networks, batch).embeddings
        torch.testing.assert_close(found, network.extractor(batch.clips))
        assert not torch.allclose(found, networks["extractor"](batch.clips), atol=1e-4)


def test_a_drifting_teacher_changes_training_targets_alone(plan, data):
    stage = get_method("mimicgait-drifting-statistics").stage(plan)
    network, networks, _ = trained(stage, data)
    batch = batch_of(data, stage)
    with torch.inference_mode():
        found = network.guided(batch.clips, networks["detector"](batch.clips))
        torch.testing.assert_close(stage.embed(network, networks, batch).embeddings, found)
    plain_stage = get_method("mimicgait").stage(plan)
    plain = new_network(plain_stage, 4)
    plain.load_state_dict(
        {k: v for k, v in network.state_dict().items() if not k.startswith("teacher.")}
    )
    with torch.no_grad():
        drifting = stage.losses(network.train(), networks, batch)["distillation"]
        frozen = plain_stage.losses(plain.train(), networks, batch)["distillation"]
    assert drifting != frozen


def test_a_visible_alpha_is_learned_from_what_is_left_of_occluded_clips(plan, data):
    stage = get_method("rg-gait-visible-alpha").stage(plan).detector
    batch = batch_of(data, stage)
    assert set(batch.types.tolist()) == {0, 1, 2}
    network = new_network(stage, 4)
    label = [1 - h if k else 0.0 for h, k in zip(batch.hidden_share, batch.types, strict=True)]
    with torch.no_grad():
        found = network(batch.clips)
        terms = stage.losses(network, {}, batch)
    _, amount = occlusion_loss(found.type_logits, batch.types, found.amount, torch.tensor(label))
    torch.testing.assert_close(terms["amount"], amount)


def test_a_visible_amount_is_alpha_but_is_not_reported_as_a_hidden_share(plan, data):
    stage = get_method("rg-gait-visible-alpha").stage(plan)
    network, networks, _ = trained(stage, data)
    batch = batch_of(data, stage)
    with torch.inference_mode():
        found = stage.embed(network, networks, batch)
        torch.testing.assert_close(found.alpha, networks["detector"](batch.clips).amount)
    assert found.amount is None
    assert stage.detector.embed(networks["detector"], {}, batch).amount is None


def test_the_amount_of_the_mean_feature_is_not_the_mean_amount(plan, data):
    mean, of_mean = (get_method(n).stage(plan) for n in ("rg-gait", "rg-gait-mean-feature-alpha"))
    assert mean.detector.key == of_mean.detector.key
    network, networks, _ = trained(of_mean, data)
    batch = batch_of(data, of_mean)
    detector = networks["detector"]
    with torch.inference_mode():
        found = of_mean.embed(network, networks, batch)
        expected = torch.sigmoid(detector.amount_head(detector(batch.clips).feature)).flatten()
    torch.testing.assert_close(found.alpha, expected)
    assert not torch.equal(found.alpha, found.amount)


def test_a_double_softmax_is_taken_of_the_types_alone(plan, data):
    plain, double = (
        get_method(n).stage(plan).detector for n in ("rg-gait", "rg-gait-double-softmax-detector")
    )
    batch = batch_of(data, plain)
    network = new_network(plain, 4)
    with torch.no_grad():
        found = network(batch.clips)
        one, two = (stage.losses(network, {}, batch) for stage in (plain, double))
    expected = torch.nn.functional.cross_entropy(found.type_logits.softmax(1), batch.types)
    torch.testing.assert_close(two["type"], expected)
    assert one["type"] != two["type"]
    assert one["amount"] == two["amount"]


@pytest.mark.parametrize(
    ("name", "other", "shared"),
    [
        ("rg-gait", "rg-gait-visible-alpha", {"extractor"}),
        ("rg-gait", "rg-gait-double-softmax-detector", {"extractor"}),
        ("rg-gait", "rg-gait-mean-feature-alpha", {"extractor", "detector"}),
        ("rg-gait", "rg-gait-drifting-statistics", {"extractor", "detector"}),
        ("mimicgait", "mimicgait-drifting-statistics", {"teacher", "detector"}),
        ("mimicgait", "mimicgait-teacher-pairs", {"teacher", "detector"}),
        ("mimicgait", "mimicgait-released-margin", {"teacher", "detector"}),
    ],
)
def test_a_reading_trains_again_what_it_changes_and_nothing_else(name, other, shared, plan):
    paper, released = (get_method(n).stage(plan) for n in (name, other))
    assert paper.key != released.key
    same = {n for n, stage in paper.inputs.items() if released.inputs[n].key == stage.key}
    assert same == shared


def test_an_anchor_that_is_its_own_positive_changes_the_loss_as_defined(plan, data):
    stage = get_method("baseline-2").stage(plan)
    batch = batch_of(data, stage)
    # So near each other that an impostor is within the margin of an anchor's distance 0 to itself.
    embeddings = torch.randn(6, 5, 2, generator=torch.Generator().manual_seed(0)) / 20
    logits = torch.randn(6, 4, 2, generator=torch.Generator().manual_seed(1))
    others, self_too = (
        identity_losses(
            *(embeddings, logits, batch.identities),
            RECIPE.model_copy(update={"self_positive": chosen}),
        )
        for chosen in (False, True)
    )
    for found, chosen in ((others, False), (self_too, True)):
        expected = batch_all_triplet(embeddings, batch.identities, 0.2, self_positive=chosen)
        assert found["triplet"] == expected
    assert others["triplet"] != self_too["triplet"]
    assert others["cross-entropy"] == self_too["cross-entropy"]


def test_restored_signature_is_the_signature_where_alpha_is_zero(plan, data):
    stage = dataclasses.replace(RGGait().stage(plan), alpha="constant", constant=0.0)
    network, networks, _ = trained(stage, data)
    batch = batch_of(data, stage)
    with torch.inference_mode():
        torch.testing.assert_close(
            stage.embed(network, networks, batch).embeddings,
            networks["extractor"](batch.clips),
        )


def test_the_oracle_reads_the_measured_share(plan, data):
    stage = dataclasses.replace(RGGait().stage(plan), alpha="oracle")
    network, networks, _ = trained(stage, data)
    batch = batch_of(data, stage)
    with torch.inference_mode():
        torch.testing.assert_close(stage.embed(network, networks, batch).alpha, batch.hidden_share)


def test_the_neck_starts_as_the_extractors(plan, data):
    stage: RestorationStage = RGGait().stage(plan)
    _, networks, _ = trained(stage, data)
    network = new_network(stage, 4)
    stage.start(network, networks)
    for key, value in networks["extractor"].neck.state_dict().items():
        assert torch.equal(network.neck.state_dict()[key], value)


def test_training_twice_gives_the_same_bytes(plan, data):
    stage = get_method("baseline-2").stage(plan)
    first, second = (train(stage, data, {}, None, CPU) for _ in range(2))
    assert all(torch.equal(first.weights[k], second.weights[k]) for k in first.weights)
    assert first.history.equals(second.history)


def test_training_reads_no_global_random_state(plan, data):
    stage = get_method("baseline-2").stage(plan)
    torch.manual_seed(1)
    first = train(stage, data, {}, None, CPU)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002 - the point of the test
    state = torch.get_rng_state()
    second = train(stage, data, {}, None, CPU)
    assert all(torch.equal(first.weights[k], second.weights[k]) for k in first.weights)
    assert torch.equal(state, torch.get_rng_state())


def test_a_loss_that_is_not_finite_names_stage_and_step(plan, data, monkeypatch):
    stage = get_method("baseline-2").stage(plan)

    def broken(self, network, networks, batch):
        weight = next(network.parameters())
        return {"triplet": weight.sum() * float("nan")}

    monkeypatch.setattr(type(stage), "losses", broken)
    with pytest.raises(TrainingError, match=r"extractor.*step 1 of 3.*triplet = nan"):
        train(stage, data, {}, None, CPU)


def test_too_few_identities_are_counted(data):
    recipe = RECIPE.model_copy(update={"identities": 9})
    with pytest.raises(ConfigurationError, match=r"4 training identities.*asks for 9"):
        IdentitySampler(data, data.split("train"), recipe)


def test_a_batch_has_p_identities_with_k_clips(data):
    sampler = IdentitySampler(data, data.split("train"), RECIPE)
    clips, identities = sampler.draw(np.random.default_rng(0))
    assert clips.shape == (6, 2, 16, 12)
    assert sorted(np.bincount(identities, minlength=4)) == [0, 2, 2, 2]


def test_the_history_has_training_and_validation_losses(plan, data):
    history = train(get_method("baseline-2").stage(plan), data, {}, None, CPU).history
    triplet = history[history["term"] == "triplet"]
    assert triplet["training"].notna().all()
    assert triplet["validation"].notna().all()
    assert history[history["term"] == "cross-entropy"]["validation"].isna().all()


def test_schedules():
    cycle = RECIPE.model_copy(update={"steps": 100})
    rates = [rate(cycle, s) for s in range(1, 101)]
    assert max(rates) == rates[9] == 1.0
    assert 0 < rates[-1] < 0.01
    steps = RECIPE.model_copy(update={"schedule": "milestones", "milestones": (2, 4)})
    assert [rate(steps, s) for s in (1, 2, 3, 4, 5)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])
