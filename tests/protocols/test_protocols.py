"""Which cells every protocol expands to, and what tells one evaluation from another."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest

from gaitbench.backbones.gaitbase import GaitBase
from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.registry import register
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.evaluation.pair_groups import ALL_PAIRS, SAME_PART
from gaitbench.experiment.preset import preset_names
from gaitbench.methods.base import get_method, method_names
from gaitbench.methods.oem import DetectorStage
from gaitbench.occlusion.base import Occlusion, Step, make, occlusions
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.occlusion.setting import get_setting, setting_names
from gaitbench.protocols.base import protocols
from gaitbench.protocols.expansion import expand, protocol_names
from gaitbench.training.closed_form import ClosedFormStage
from gaitbench.walkers.dataset import Walkers
from tests.protocols import experiments
from tests.protocols.experiments import (
    BARE,
    COMPARED,
    NEVER_OCCLUDED,
    REFERENCES,
    sides,
    whereabouts,
)

ABLATED = [
    "vanilla-residual",
    "aware-only",
    "adaptive-only",
    "rg-gait-true-alpha",
    "rg-gait-constant-alpha",
    "rg-gait-trained-extractor",
    "rg-gait-all-occluded",
    "rg-gait-begun-as-extractor",
    "rg-gait-slower-restoration",
]
VARIANTS = [
    "aligned-lda",
    "aligned",
    "mimicgait-released-inference",
    "mimicgait-released-margin",
    "mimicgait-cross-entropy",
    "mimicgait-teacher-pairs",
    "mimicgait-drifting-statistics",
    "rg-gait-visible-alpha",
    "rg-gait-mean-feature-alpha",
    "rg-gait-drifting-statistics",
    "rg-gait-double-softmax-detector",
    "occ-aware-complex-concat",
    "occ-aware-guided-add",
    "occ-aware-early-conv3d",
]


def bench(**changes):
    return experiments.bench(**(BARE | changes))


def cells_of(**changes):
    return experiments.cells_of(**(BARE | changes))


def keys_of(**changes):
    return experiments.keys_of(**(BARE | changes))


def places(cells):
    """Return where cells belong, sorted: only the reference has a fixed place in the order."""
    return by_name(
        place(
            c.method,
            c.test,
            c.side,
            c.pairs,
            adapted_to=c.at.get("adapted_to", ""),
            severity=c.at.get("severity", None),
        )
        for c in cells
    )


def place(method, test, side="both", pairs=ALL_PAIRS, *, adapted_to="", severity=None):
    """Return where one cell belongs."""
    return method, test, side, pairs, adapted_to, severity


CONDITIONS = [("probe", ALL_PAIRS), ("both", ALL_PAIRS), ("both", SAME_PART)]
SPLITS = [
    *(("probe", f"{probe} × none") for probe in ("top", "bottom")),
    *(("both", f"{p} × {g}") for p in ("top", "bottom") for g in ("top", "bottom")),
]


def compared(methods, *tests, groups=CONDITIONS, **at):
    """Return where the cells of a comparison belong: each test under each condition, and whole clips."""
    occluded = [(test, *group) for test in tests for group in groups]
    return [place(m, *where, **at) for m in methods for where in (*occluded, ("holistic",))]


def is_occluded(cell):
    return cell.test != "holistic"


def by_name(found):
    return sorted(found, key=str)


@pytest.fixture
def blinds(monkeypatch):
    """Register an occlusion as a plug-in would, for the length of one test."""

    @dataclass(frozen=True)
    class Blinds(Occlusion):
        amount: tuple[float, float] = (0.3, 0.7)
        name = "blinds"

        def steps(self, rng, amount, t, h, w):
            return Step.hide(t, (0, h), (0, int(amount * w)))

    register("blinds")(Blinds)
    return Blinds


@pytest.fixture
def noise(tmp_path):
    """Return the folder of a data set that nothing trains on."""
    rng = np.random.default_rng(0)
    with SilhouettesWriter(tmp_path / "noise", name="noise", height=32, width=22) as writer:
        for i in range(4):
            frames = (rng.random((3, 32, 22)) < 0.5).astype(np.uint8)
            writer.add(frames, identity=f"{i % 2}", condition="nm", view=90, recording=f"{i}")
        writer.splits = {"test.gallery": [0, 1], "test.probe": [2, 3]}
    return tmp_path / "noise"


# Cells


def test_occluded_has_every_method_and_reference_under_every_condition():
    cells = [c for c in cells_of() if c.protocol == "occluded"]
    methods = [*COMPARED, *REFERENCES]
    assert places(cells) == by_name(compared(methods, "top+bottom", groups=CONDITIONS + SPLITS))
    for cell in cells:
        mix = get_setting("mimicgait").test if is_occluded(cell) else HOLISTIC
        assert cell.evaluation.probe == mix
        assert (cell.evaluation.probe, cell.evaluation.gallery) == sides(cell)


def test_own_shares_come_with_occluded_and_have_no_reference():
    cells = [c for c in cells_of() if c.protocol != "occluded"]
    assert cells == cells_of(protocol="own-shares")
    assert places(cells) == by_name(compared(COMPARED, "top+bottom"))


def test_generalizability_tests_every_method_on_every_new_type():
    cells = cells_of(protocol="generalizability")
    wanted = compared([*COMPARED, *REFERENCES], "middle", "dynamic")
    assert places(cells) == by_name(wanted)
    for cell in cells:
        assert cell.evaluation.probe == (
            Mix((make(cell.test),), 1.0) if is_occluded(cell) else HOLISTIC
        )
        assert (cell.evaluation.probe, cell.evaluation.gallery) == sides(cell)
        assert cell.test not in cell.evaluation.stage.mix.classes


def test_adaptability_adds_cells_of_methods_that_can_be_trained_on():
    cells = cells_of(protocol="adaptability")
    zero_shot = [c for c in cells if not c.at.get("adapted_to", "")]
    adapted = [c for c in cells if c.at.get("adapted_to", "")]
    assert places(zero_shot) == places(cells_of(protocol="generalizability"))
    adaptable = [m for m in (*COMPARED, *REFERENCES) if m not in NEVER_OCCLUDED]
    assert places(adapted) == by_name(
        found for t in ("middle", "dynamic") for found in compared(adaptable, t, adapted_to=t)
    )
    by_place = {(c.method, c.test, c.side, c.pairs): c.evaluation for c in zero_shot}
    for cell in adapted:
        before = by_place[cell.method, cell.test, cell.side, cell.pairs]
        # Only the stage differs: the adapted network meets the very clips that it met before.
        assert dataclasses.replace(cell.evaluation, stage=before.stage) == before


def test_adapt_to_chooses_the_new_types():
    cells = cells_of(protocol="adaptability", adapt_to=("pole",))
    assert {c.test for c in cells} == {"pole", "holistic"}
    assert {c.at.get("adapted_to", "") for c in cells} == {"", "pole"}


def test_a_type_that_is_trained_anyway_is_no_new_type():
    for name in ("generalizability", "adaptability", "all"):
        with pytest.raises(ConfigurationError, match=r"'occ-aware' trains on 'left' already"):
            cells_of(protocol=name, setting="occ-aware", adapt_to=("left",))
    assert cells_of(setting="occ-aware", adapt_to=("left",))


def test_retention_tests_every_method_on_whole_clips():
    cells = cells_of(protocol="retention")
    assert places(cells) == by_name(place(m, "holistic") for m in COMPARED)
    assert all(c.evaluation.probe == c.evaluation.gallery == HOLISTIC for c in cells)


def test_ablation_has_every_row_and_control():
    cells = cells_of(protocol="ablation")
    rows = ["baseline-1", *ABLATED, "rg-gait", "baseline-2"]
    assert places(cells) == by_name(compared(rows, "top+bottom"))


def test_controls_are_met_whole_and_with_occluded_probes():
    cells = cells_of(protocol="controls", test_draws=3)
    setting = get_setting("mimicgait")
    wanted = [
        (method, data, test, probe, HOLISTIC, 0)
        for method in (*COMPARED, *REFERENCES)
        for data in ("walkers", "walkers-body", "walkers-gait")
        for test, probe in (("holistic", HOLISTIC), ("top+bottom", setting.test))
    ]
    tested = [(c.method, c.evaluation, c.test) for c in cells]
    found = [(m, e.data.name, t, e.probe, e.gallery, e.draw) for m, e, t in tested]
    assert by_name(found) == by_name(wanted)
    assert {c.evaluation.stage.data.name for c in cells} == {"walkers"}
    # What is trained is what the main table tests.
    trained = {c.evaluation.stage.key for c in cells_of() if c.protocol == "occluded"}
    assert {c.evaluation.stage.key for c in cells} == trained


def test_data_without_controls_have_nothing_to_test(noise):
    with pytest.raises(
        ConfigurationError, match=r"'noise' has no controls, so protocol 'controls'"
    ):
        cells_of(protocol="controls", dataset=str(noise))
    assert "controls" not in {c.protocol for c in cells_of(protocol="all", dataset=str(noise))}


@pytest.mark.parametrize("protocol", protocols.names())
def test_variants_appear_where_they_are_asked_for_and_nowhere_else(protocol):
    assert not {c.method for c in cells_of(protocol=protocol)} & set(VARIANTS)
    asked = cells_of(protocol=protocol, methods=tuple(VARIANTS))
    # No variant is a method of a paper, with a share of its own.
    wanted = [] if protocol == "own-shares" else VARIANTS
    assert {c.method for c in asked} == {*reference_of(protocol), *wanted}


def reference_of(protocol):
    """Return the reference's name, in a list that is empty where a protocol is about training on."""
    return [] if protocol == "adaptation-curve" else ["baseline-1"]


def test_every_method_is_named_in_this_file():
    assert sorted(method_names()) == sorted([*COMPARED, *REFERENCES, *ABLATED, *VARIANTS])


def test_the_vanilla_residual_needs_no_detector():
    b = bench()
    needing = [m for m in ABLATED if "detector" in b.stage(m, "gaitbase", 0).inputs]
    assert sorted(needing) == sorted(set(ABLATED) - {"vanilla-residual"})


def test_no_two_rows_of_the_ablation_are_one_trained_network():
    stages = {c.method: c.evaluation.stage.key for c in cells_of(protocol="ablation")}
    assert len(set(stages.values())) == len(stages)


def test_sweep_is_a_grid_of_all_generators_and_severities_without_released_readings():
    b = bench(protocol="sweep")
    cells = expand(b).cells
    unasked = [name for name, kind in occlusions.items() if not kind.released]
    assert len(unasked) < len(occlusions.names())
    grid = [(g, i) for g in unasked for i in range(1, len(b.preset.severities) + 1)]
    grid.append(("holistic", 0))
    assert places(cells) == by_name(place(m, g, severity=i) for m in COMPARED for g, i in grid)
    for cell in cells:
        assert cell.evaluation.frames == b.preset.sweep_frames
    for cell in (c for c in cells if c.at.get("severity", None)):
        assert cell.evaluation.probe == cell.evaluation.gallery == Mix((make(cell.test),), 1.0)
        # The same shares for every generator; amounts are set for them on the test data.
        assert cell.evaluation.hidden == b.preset.severities[cell.at.get("severity", None) - 1]


def test_whole_clips_of_the_sweep_are_as_short_as_its_grid():
    cells = [c for c in cells_of(protocol="sweep") if c.at.get("severity", None) == 0]
    assert sorted(c.method for c in cells) == sorted(COMPARED)
    for cell in cells:
        assert cell.evaluation.hidden is None
        assert cell.evaluation.probe == cell.evaluation.gallery == HOLISTIC


def test_only_the_sweep_sets_amounts():
    cells = cells_of(protocol="all", sanity=True)
    swept = {c.protocol == "sweep" for c in cells if c.evaluation.hidden is not None}
    assert swept == {True}
    assert all(bool(c.at.get("severity", None)) == (c.evaluation.hidden is not None) for c in cells)


def test_a_sweep_repeats_no_test():
    assert {c.evaluation.draw for c in cells_of(protocol="sweep", test_draws=3)} == {0}


def test_other_protocols_use_the_longer_test_clips():
    b = bench(protocol="occluded")
    assert {c.evaluation.frames for c in expand(b).cells} == {b.preset.test_frames}


@pytest.mark.parametrize("draws", [1, 3])
def test_all_is_the_union_and_shares_evaluations(draws):
    every = {"protocol": "all", "sanity": True, "test_draws": draws}
    check_union(
        cells_of(**every),
        {n: cells_of(**(every | {"protocol": n, "sanity": False})) for n in protocols.names()},
        draws,
    )


def test_all_without_the_panel_is_every_other_protocol():
    together = cells_of(protocol="all")
    apart = [cells_of(protocol=n) for n in protocols.names() if n != "sanity"]
    assert together == once(apart)


def once(apart):
    """Return the cells of several protocols, those that two ask for once."""
    return list(dict.fromkeys(cell for cells in apart for cell in cells))


def check_union(together, apart, draws):
    assert protocol_names() == [*apart, "all"]
    assert together == once(apart.values())
    keys = {name: {c.evaluation.key for c in cells} for name, cells in apart.items()}
    assert {c.evaluation.key for c in together} == set().union(*keys.values())
    assert keys["generalizability"] < keys["adaptability"]
    assert keys["retention"] < keys["occluded"]
    assert keys["own-shares"] < keys["occluded"]
    for shared in ("rg-gait", "baseline-1", "baseline-2"):
        cells = [c for c in apart["occluded"] if (c.method, c.protocol) == (shared, "occluded")]
        assert {c.evaluation.key for c in cells} <= keys["ablation"]


def test_an_unknown_protocol_offers_near_ones():
    with pytest.raises(UnknownNameError, match="Did you mean 'retention'"):
        cells_of(protocol="retentoin")


# Methods, backbones, seeds, data


@pytest.mark.parametrize("protocol", protocols.names())
def test_the_reference_comes_first_whatever_methods_are_asked_for(protocol):
    for asked in (("rg-gait",), ("rg-gait", "baseline-1"), ("baseline-1", "rg-gait")):
        cells = cells_of(protocol=protocol, methods=asked)
        wanted = [*reference_of(protocol), "rg-gait"]
        assert list(dict.fromkeys(c.method for c in cells)) == wanted
    if reference_of(protocol):
        only = cells_of(protocol=protocol, methods=("baseline-1",))
        assert {c.method for c in only} == {"baseline-1"}


def test_a_protocol_with_nothing_to_evaluate_is_refused():
    said = r"'adaptation-curve' has nothing to evaluate .* methods=\['baseline-1'\]"
    for sanity in (True, False):
        with pytest.raises(ConfigurationError, match=said):
            cells_of(protocol="adaptation-curve", methods=("baseline-1",), sanity=sanity)


def test_asking_for_few_methods_changes_no_evaluation():
    assert keys_of(methods=("mimicgait",)) < keys_of()


@pytest.mark.parametrize("protocol", protocols.names())
def test_every_seed_and_backbone_repeats_the_whole_protocol(protocol, monkeypatch):
    class Twin(GaitBase):
        pass

    register("twin")(Twin)
    whole = {"protocol": protocol, "sanity": True, "test_draws": 2}
    one = cells_of(**whole)
    four = cells_of(**whole, seeds=(0, 3), backbones=("gaitbase", "twin"))
    assert len(four) == 4 * len(one)
    for backbone in ("gaitbase", "twin"):
        for seed in (0, 3):
            own = [c for c in four if (c.backbone, c.evaluation.seed) == (backbone, seed)]
            assert by_name(map(whereabouts, own)) == by_name(map(whereabouts, one))
            for cell in own:
                stages = cell.evaluation.stage.all_stages()
                assert {s.seed for s in stages} == {seed}
                named = {s.backbone.name for s in stages if hasattr(s, "backbone")}
                assert named == (set() if is_linear(cell) else {backbone})
    assert {c.evaluation.key for c in one} < {c.evaluation.key for c in four}
    # A linear reference has no backbone, and is shared by the tables of all.
    for repeats, linear in ((4, False), (2, True)):
        keys = {c.evaluation.key for c in four if is_linear(c) is linear}
        assert len(keys) == repeats * len({c.evaluation.key for c in one if is_linear(c) is linear})


def is_linear(cell):
    return cell.method in ("gei-lda", "gei-lda-whole")


@pytest.mark.parametrize("protocol", protocols.names())
def test_data_to_test_on_changes_evaluations_and_no_training(protocol, noise):
    own = cells_of(protocol=protocol, sanity=True)
    other = cells_of(protocol=protocol, sanity=True, test_dataset=str(noise))
    fingerprint = Silhouettes.open(noise).fingerprint
    for mine, theirs in zip(own, other, strict=True):
        if mine.evaluation.data.name != "walkers":
            # Controls belong to the training data.
            assert theirs == mine
            continue
        data = mine.evaluation.data
        back = dataclasses.replace(theirs.evaluation, data=data)
        assert dataclasses.replace(theirs, evaluation=back) == mine
        assert theirs.evaluation.stage.data.name == "walkers"
        assert theirs.evaluation.data.name == "noise"
        assert theirs.evaluation.data.fingerprint == fingerprint
        assert theirs.evaluation.key != mine.evaluation.key


def test_naming_the_training_data_as_test_data_changes_nothing():
    assert keys_of(test_dataset="walkers") == keys_of()


# Settings and sides


@pytest.mark.parametrize(
    ("name", "types", "heading", "amount", "share"),
    [
        ("mimicgait", ["top", "bottom"], "top+bottom", (0.4, 0.6), 1.0),
        ("rg-gait", ["top", "bottom"], "top+bottom", (0.1, 0.6), 0.5),
        (
            "occ-aware",
            ["top", "bottom", "left", "right"]
            + [f"corner-{v}-{h}" for v in ("top", "bottom") for h in ("left", "right")],
            "8 types",
            (0.2, 0.5),
            8 / 9,
        ),
    ],
)
def test_a_setting_reaches_training_and_test(name, types, heading, amount, share):
    b = bench(setting=name)
    for mix in (b.setting.train, b.setting.test):
        assert [g.name for g in mix.generators] == types
        assert {g.amount for g in mix.generators} == {amount}
        assert mix.share == pytest.approx(share)
    for cell in expand(b).cells:
        evaluation, stage = cell.evaluation, cell.evaluation.stage
        assert evaluation.probe == (b.setting.test if is_occluded(cell) else HOLISTIC)
        assert (evaluation.probe, evaluation.gallery) == sides(cell)
        assert cell.test in (heading, "holistic")
        if cell.method in NEVER_OCCLUDED:
            assert stage.mix == HOLISTIC
            continue
        own_share = min(b.setting.train.share, 0.5 if cell.method == "rg-gait" else 1.0)
        shares = {"occluded": 0.5, "own-shares": own_share}
        assert stage.mix == b.setting.train.with_share(shares[cell.protocol])
        for detector in (s for s in stage.all_stages() if isinstance(s, DetectorStage)):
            assert detector.mix.generators == b.setting.train.generators
            assert detector.mix.share == pytest.approx(len(types) / (len(types) + 1))


def test_rg_gait_0_3_trains_as_rg_gait_and_occludes_fewer_clips_at_test_time():
    half, fewer = (expand(bench(setting=name)).cells for name in ("rg-gait", "rg-gait-0.3"))
    for one, other in zip(half, fewer, strict=True):
        assert one.evaluation.stage == other.evaluation.stage
        assert (one.side, one.pairs) == (other.side, other.pairs)
        for side in ("probe", "gallery"):
            before, after = getattr(one.evaluation, side), getattr(other.evaluation, side)
            assert after == (before.with_share(0.3) if before.share else HOLISTIC)


def test_every_setting_is_tested_above():
    assert setting_names() == ["mimicgait", "occ-aware", "rg-gait", "rg-gait-0.3"]


def test_one_draw_per_batch_concerns_the_training_of_recognition_alone():
    clip, batch = (expand(bench(draws=draws)).cells for draws in ("clip", "batch"))
    for one, other in zip(clip, batch, strict=True):
        assert one.evaluation.probe == other.evaluation.probe
        assert one.evaluation.gallery == other.evaluation.gallery
        before, after = one.evaluation.stage, other.evaluation.stage
        if one.method in NEVER_OCCLUDED:
            assert before.key == after.key
            continue
        assert after.mix == dataclasses.replace(before.mix, per="batch")
        assert before.key != after.key
        for name, used in before.inputs.items():
            assert after.inputs[name].key == used.key
        adapted = bench(draws="batch").adapted(one.method, "gaitbase", 0, make("middle"))
        assert adapted.mix.per == "batch"
        assert {s.mix.per for s in adapted.inputs.values()} <= {"clip"}


def test_the_triplets_positives_reach_every_stage_that_has_one_and_no_detector():
    b = bench(positives="self-too")
    for stage in (s for c in expand(b).cells for s in c.evaluation.stage.all_stages()):
        assert stage.recipe.self_positive == (not isinstance(stage, DetectorStage))
    adapted = b.adapted("rg-gait", "gaitbase", 0, make("middle"))
    assert adapted.recipe.self_positive
    assert not adapted.detector.recipe.self_positive
    detectors = {c.evaluation.stage.detector.key for c in expand(b).cells if c.method == "rg-gait"}
    assert detectors == {bench().stage("rg-gait", "gaitbase", 0).detector.key}


def test_released_readings_are_new_types_where_they_are_asked_for():
    assert bench().new_types() == ["middle", "dynamic"]
    cells = cells_of(protocol="adaptability", adapt_to=("rg-gait.patch",), methods=("rg-gait",))
    assert {(c.test, c.at.get("adapted_to", "")) for c in cells} == {
        ("rg-gait.patch", ""),
        ("rg-gait.patch", "rg-gait.patch"),
        ("holistic", ""),
        ("holistic", "rg-gait.patch"),
    }
    (generator,) = cells[0].evaluation.probe.generators
    assert generator == make("rg-gait.patch")


@pytest.mark.parametrize("name", ["mimicgait", "rg-gait", "occ-aware"])
def test_new_types_are_as_frequent_as_the_settings_own_at_their_own_amounts(name):
    b = bench(setting=name, protocol="generalizability")
    for cell in filter(is_occluded, expand(b).cells):
        assert cell.evaluation.probe.generators == (make(cell.test),)
        assert cell.evaluation.probe.share == b.setting.test.share


def test_all_methods_but_a_control_train_with_as_many_whole_clips():
    b = bench()
    assert b.stage("rg-gait", "gaitbase", 0).mix.share == 0.5
    for name in set(method_names()) - {*NEVER_OCCLUDED, "rg-gait-all-occluded"}:
        assert b.stage(name, "gaitbase", 0).mix == b.stage("rg-gait", "gaitbase", 0).mix


def test_with_the_papers_shares_rg_gait_and_its_variants_train_with_half():
    b = bench(shares="papers")
    assert b.stage("rg-gait", "gaitbase", 0).mix.share == 0.5
    for name in set(ABLATED) - {"rg-gait-all-occluded"}:
        assert b.stage(name, "gaitbase", 0).mix == b.stage("rg-gait", "gaitbase", 0).mix
    for name in ("baseline-2", "occ-aware", "mimicgait"):
        assert b.stage(name, "gaitbase", 0).mix == b.setting.train


OF_ONE_SIDE = ["retention", "sweep", "audit", "adaptation-curve", "sanity"]
"""Protocols that occlude the side that an experiment names; comparisons have both."""


@pytest.mark.parametrize("protocol", sorted(set(protocols.names()) - set(OF_ONE_SIDE)))
@pytest.mark.parametrize("side", ["probe", "gallery"])
def test_a_comparison_is_the_same_whatever_side_is_named(protocol, side):
    named, plain = cells_of(protocol=protocol, side=side), cells_of(protocol=protocol)
    assert [c.evaluation for c in named] == [c.evaluation for c in plain]
    occluded = (list(filter(is_occluded, cells)) for cells in (named, plain))
    assert next(occluded) == next(occluded)


@pytest.mark.parametrize("protocol", OF_ONE_SIDE)
@pytest.mark.parametrize("side", ["probe", "gallery"])
def test_one_occluded_side_leaves_the_other_whole(protocol, side):
    both = cells_of(protocol=protocol, sanity=True)
    one = cells_of(protocol=protocol, sanity=True, side=side)
    for full, half in zip(both, one, strict=True):
        assert whereabouts(dataclasses.replace(half, side="both")) == whereabouts(full)
        assert half.side == side
        shown = {"probe": half.evaluation.probe, "gallery": half.evaluation.gallery}
        assert shown.pop(side) == full.evaluation.probe
        assert list(shown.values()) == [HOLISTIC]
        assert half.evaluation.stage == full.evaluation.stage


# Adaptation


@pytest.mark.parametrize("name", [*COMPARED[1:], *ABLATED, *VARIANTS])
def test_adapting_keeps_the_old_types_and_adapts_the_detector_first(name):
    b = bench()
    new = make("middle")
    before, after = b.stage(name, "gaitbase", 0), b.adapted(name, "gaitbase", 0, new)
    assert after.mix.generators == (*before.mix.generators, new)
    assert after.mix.share == before.mix.share
    if isinstance(before, ClosedFormStage):
        # It is fitted anew, on clips that are drawn as before.
        assert (after.initial, after.recipe) == (None, before.recipe)
    else:
        assert (after.initial, after.recipe) == (before, b.preset.adaptation)
    order = [s.key for s in after.all_stages()]
    assert order[-1] == after.key
    for field, used in before.inputs.items():
        now = after.inputs[field]
        if not isinstance(used, DetectorStage):
            assert now == used
            continue
        assert now.initial == used
        assert now.mix.classes == (*used.mix.classes, "middle")
        # As before, every type is as frequent as "none".
        assert used.mix.share == pytest.approx(2 / 3)
        assert now.mix.share == pytest.approx(3 / 4)
        assert now.recipe == b.preset.detector_adaptation
        assert order.index(used.key) < order.index(now.key) < order.index(after.key)


def test_baseline_1_sees_no_occluded_clip_and_has_nothing_to_adapt():
    b = bench()
    assert b.adapted("baseline-1", "gaitbase", 0, make("middle")) is None
    assert [n for n in method_names() if not get_method(n).adaptable] == NEVER_OCCLUDED


def test_adapting_to_a_known_type_adds_no_second_one():
    b = bench()
    after = b.adapted("rg-gait", "gaitbase", 0, make("top"))
    assert after.mix == b.stage("rg-gait", "gaitbase", 0).mix


@pytest.mark.parametrize("preset", preset_names())
def test_all_methods_have_equally_many_steps_on_occluded_clips(preset):
    b = bench(preset=preset, protocol="all", sanity=True)
    for cell in expand(b).cells:
        if is_linear(cell):
            assert cell.occluded_steps == cell.total_steps == cell.at.get("adapted_steps", 0) == 0
            continue
        wanted = 0 if cell.method == "baseline-1" else b.preset.occluded.steps
        if cell.protocol != "adaptation-curve":
            assert cell.at.get("adapted_steps", 0) == (
                b.preset.adaptation.steps if cell.at.get("adapted_to", "") else 0
            )
        wanted += cell.at.get("adapted_steps", 0)
        assert cell.occluded_steps == wanted
        assert cell.total_steps >= wanted


def test_total_steps_count_shared_stages_once():
    b = bench(protocol="adaptability", methods=("rg-gait",), adapt_to=("middle",))
    preset = b.preset
    base = preset.extractor.steps + preset.detector.steps + preset.occluded.steps
    more = preset.adaptation.steps + preset.detector_adaptation.steps
    steps = {(c.method, c.at.get("adapted_to", "")): c.total_steps for c in expand(b).cells}
    assert steps["baseline-1", ""] == preset.extractor.steps
    assert steps["rg-gait", ""] == base
    assert steps["rg-gait", "middle"] == base + more


# Third parties


def test_a_third_partys_occlusion_joins_adaptability_and_sweep(blinds):
    cells = cells_of(protocol="adaptability")
    assert {c.test for c in cells} == {"middle", "dynamic", "blinds", "holistic"}
    own = [c for c in cells if c.at.get("adapted_to", "") == "blinds"]
    adaptable = [m for m in (*COMPARED, *REFERENCES) if m not in NEVER_OCCLUDED]
    assert places(own) == by_name(compared(adaptable, "blinds", adapted_to="blinds"))
    for cell in filter(is_occluded, own):
        assert cell.test == "blinds"
        assert cell.evaluation.probe == Mix((blinds(),), 1.0)
        assert cell.evaluation.stage.mix.classes[-1] == "blinds"
    b = bench(protocol="sweep")
    swept = [c for c in expand(b).cells if c.test == "blinds" and c.method == "rg-gait"]
    assert [c.evaluation.hidden for c in swept] == list(b.preset.severities)
    assert {c.evaluation.probe for c in swept} == {Mix((blinds(),), 1.0)}


def test_a_third_partys_released_reading_waits_to_be_asked_for(blinds, monkeypatch):
    monkeypatch.setattr(blinds, "released", True)
    known = {"middle", "dynamic", "holistic"}
    assert {c.test for c in cells_of(protocol="adaptability")} == known
    assert "blinds" not in {c.test for c in cells_of(protocol="sweep")}
    asked = cells_of(protocol="generalizability", adapt_to=("blinds",))
    assert {c.test for c in asked} == {"blinds", "holistic"}


def test_a_third_partys_occlusion_that_is_asked_for_stands_once(blinds):
    b = bench(protocol="adaptability", adapt_to=("blinds", "middle"))
    assert b.new_types() == ["blinds", "middle"]


def test_a_third_partys_occlusion_changes_no_other_evaluation(request):
    before = {name: keys_of(protocol=name) for name in protocols.names()}
    request.getfixturevalue("blinds")
    for name in protocols.names():
        assert before[name] <= keys_of(protocol=name)
    assert keys_of(protocol="occluded") == before["occluded"]


# Keys


def test_an_evaluations_key_covers_everything_that_scores_depend_on():
    cell = next(c for c in cells_of() if (c.method, c.side) == ("rg-gait", "both"))
    evaluation = cell.evaluation
    more = dataclasses.replace(evaluation.data, fingerprint="other")
    grey = dataclasses.replace(evaluation.data, representation="energy-image")
    others = [
        dataclasses.replace(evaluation, seed=1),
        dataclasses.replace(evaluation, draw=1),
        dataclasses.replace(evaluation, distance="cosine"),
        dataclasses.replace(evaluation, frames=3),
        dataclasses.replace(evaluation, data=more),
        dataclasses.replace(evaluation, data=grey),
        dataclasses.replace(evaluation, probe=HOLISTIC),
        dataclasses.replace(evaluation, gallery=HOLISTIC),
        dataclasses.replace(evaluation, probe=evaluation.probe.with_share(0.5)),
        dataclasses.replace(evaluation, hidden=0.3),
        dataclasses.replace(evaluation, hidden=0.4),
        dataclasses.replace(evaluation, precision="fp32"),
        dataclasses.replace(evaluation, tampering="blank"),
        dataclasses.replace(evaluation, tampering="shuffled"),
        dataclasses.replace(evaluation, stage=evaluation.stage.extractor),
    ]
    assert len({e.key for e in [evaluation, *others]}) == len(others) + 1
    assert dataclasses.replace(evaluation, draw=0).key == evaluation.key


@pytest.mark.parametrize(
    "changes",
    [
        {"seeds": (1,)},
        {"distance": "cosine"},
        {"preset": "laptop"},
        {"positives": "self-too"},
    ],
)
def test_no_evaluation_survives_a_change_of_the_experiment(changes):
    assert not keys_of() & keys_of(**changes)


def test_a_setting_changes_every_evaluation_but_those_of_whole_clips_alone():
    cells = [c for c in cells_of() if not is_occluded(c) and c.method in NEVER_OCCLUDED]
    assert keys_of() & keys_of(setting="rg-gait") == {c.evaluation.key for c in cells}


@pytest.mark.parametrize("protocol", ["sweep", "audit", "adaptation-curve"])
@pytest.mark.parametrize("side", ["probe", "gallery"])
def test_a_side_changes_every_evaluation_but_those_on_whole_clips(protocol, side):
    cells = cells_of(protocol=protocol)
    whole = {c.evaluation.key for c in cells if not is_occluded(c)}
    both, one = keys_of(protocol=protocol), keys_of(protocol=protocol, side=side)
    assert both & one == whole


def test_all_groups_of_pairs_are_of_one_evaluation():
    by_test = {}
    for cell in cells_of():
        by_test.setdefault(whereabouts(dataclasses.replace(cell, pairs="")), []).append(cell)
    for cells in by_test.values():
        assert len({c.evaluation.key for c in cells}) == 1
        assert len({c.pairs for c in cells}) == len(cells)


def test_protocol_and_rule_for_probes_without_a_mate_are_in_no_key():
    assert keys_of(no_mate="miss") == keys_of()
    zero_shot = {
        (c.method, c.test, c.side, c.pairs): c for c in cells_of(protocol="generalizability")
    }
    for cell in cells_of(protocol="adaptability"):
        if not cell.at.get("adapted_to", ""):
            same = zero_shot[cell.method, cell.test, cell.side, cell.pairs]
            assert same.protocol != cell.protocol
            assert same.evaluation.key == cell.evaluation.key


def test_what_only_the_embedding_depends_on_changes_the_evaluation_alone():
    cells = cells_of(methods=("mimicgait", "mimicgait-released-inference"))
    paper, released = (
        [c.evaluation for c in cells if (c.method, c.protocol) == (method, "occluded")]
        for method in ("mimicgait", "mimicgait-released-inference")
    )
    for one, other in zip(paper, released, strict=True):
        assert one.stage.key == other.stage.key
        assert one.key != other.key


def test_seeds_share_no_evaluation():
    every = {"protocol": "all", "sanity": True}
    assert not keys_of(**every, seeds=(0,)) & keys_of(**every, seeds=(1,))


# Purity


@pytest.mark.parametrize("protocol", protocol_names())
def test_expanding_reads_and_trains_nothing(protocol, noise, tmp_path, monkeypatch):
    b = bench(protocol=protocol, test_dataset=str(noise))

    def forbidden(*arguments, **options):
        raise AssertionError("expanding a protocol does work")

    for owner, name in (
        (Silhouettes, "open"),
        (Silhouettes, "unpack"),
        (Walkers, "build"),
        *((type(b.stage(m, "gaitbase", 0)), "build") for m in method_names()),
    ):
        monkeypatch.setattr(owner, name, forbidden)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert expand(b)
    assert not list(empty.iterdir())


@pytest.mark.parametrize("protocol", protocol_names())
def test_expanding_twice_gives_the_same_cells(protocol):
    first, second = cells_of(protocol=protocol), cells_of(protocol=protocol)
    assert first == second
    assert [c.evaluation.key for c in first] == [c.evaluation.key for c in second]
