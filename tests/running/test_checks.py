"""What is refused before any work."""

import numpy as np
import pytest

from gaitbench.core.errors import ConfigurationError, DataError, PluginError, ProtocolError
from gaitbench.core.registry import register
from gaitbench.data.rules import Rules, Search
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.methods.base import method_names
from gaitbench.occlusion.base import Occlusion, Step
from gaitbench.protocols.expansion import expand
from gaitbench.running.checks import (
    check_data,
    check_occlusions,
    check_searches,
    check_strangers,
)

OTHER_VIEWS = Rules(searches=(Search(excluded="same-view"),))


def written(folder, rows, splits, *, size=(16, 11), rules=OTHER_VIEWS):
    """Write a data set of (identity, view, recording) sequences."""
    height, width = size
    meta = {"rules": rules.model_dump(mode="json")}
    rng = np.random.default_rng(0)
    with SilhouettesWriter(folder, name="tiny", height=height, width=width, meta=meta) as writer:
        for identity, view, recording in rows:
            frames = (rng.random((4, height, width)) < 0.5).astype(np.uint8)
            writer.add(frames, identity=identity, condition="nm", view=view, recording=recording)
        writer.splits = splits
    return Silhouettes.open(folder)


def bench(folder=None, **changes):
    values = {"preset": "smoke"} | ({"test_dataset": str(folder)} if folder else {}) | changes
    return Bench.resolve(Experiment(**values))


def test_strangers_as_probes_are_refused(tmp_path):
    rows = [("a", "000", "a-1"), ("b", "090", "b-1")]
    data = written(tmp_path / "d", rows, {"test.probe": [0], "test.gallery": [1]})
    with pytest.raises(
        ProtocolError, match=r"'tiny': .* \(1 identities\) .* \(1 identities\): they share 0"
    ):
        check_searches(data)


@pytest.mark.parametrize(
    "rows",
    [
        [("a", "000", "a-1"), ("a", "000", "a-2")],
        [("a", "000", "a-1"), ("a", "090", "a-1")],
    ],
    ids=["one view", "one recording"],
)
def test_mates_that_the_rules_exclude_are_no_mates(tmp_path, rows):
    data = written(tmp_path / "d", rows, {"test.probe": [0], "test.gallery": [1]})
    with pytest.raises(
        ProtocolError, match="the rules exclude pairs of one view, pairs of one recording"
    ):
        check_searches(data)


def test_a_mate_from_another_view_and_walk_will_do(tmp_path):
    rows = [("a", "000", "a-1"), ("a", "090", "a-2")]
    check_searches(written(tmp_path / "d", rows, {"test.probe": [0], "test.gallery": [1]}))


def test_every_search_must_be_able_to_recognise_somebody(tmp_path):
    rows = [("a", "000", "a-1"), ("a", "090", "a-2")]
    splits = {"test.probe": [0], "test.gallery": [1]}
    clothes = Search(name="CL", probes=("cl-*",))
    rules = Rules(searches=(Search(name="NM", probes=("nm",)), clothes))
    with pytest.raises(ProtocolError, match=r"'tiny': Search 'CL' has no probes: .* are nm\."):
        check_searches(written(tmp_path / "d", rows, splits, rules=rules))
    mates = Search(name="Re-ID", excluded="same-view-mates")
    check_searches(written(tmp_path / "e", rows, splits, rules=Rules(searches=(mates,))))


def test_nobody_is_trained_on_and_tested(tmp_path):
    rows = [("a", "000", "a-1"), ("a", "090", "a-2")]
    splits = {"train": [0], "test.probe": [1], "test.gallery": [1]}
    with pytest.raises(ProtocolError, match=r"1 identities are in both 'train' and 'test\.probe'"):
        check_strangers(written(tmp_path / "d", rows, splits))


def test_frames_that_do_not_fit_the_preset_are_refused(tmp_path):
    rows = [("a", "000", "a-1"), ("a", "090", "a-2")]
    splits = {"test.probe": [0], "test.gallery": [1]}
    written(tmp_path / "d", rows, splits, size=(20, 20))
    b = bench(tmp_path / "d")
    with pytest.raises(DataError, match=r"20×20 cannot be reduced to the 16×11"):
        check_data(b, expand(b).cells, {b.train.key: tmp_path, b.test.key: tmp_path / "d"})


def test_too_few_identities_are_refused(tmp_path):
    rows = [("a", "000", "a-1"), ("b", "090", "b-1"), ("c", "000", "c-1"), ("c", "090", "c-2")]
    splits = {"train": [0, 1], "test.probe": [2], "test.gallery": [3]}
    written(tmp_path / "d", rows, splits)
    b = bench(dataset=str(tmp_path / "d"))
    with pytest.raises(ConfigurationError, match=r"2 training identities, but a batch asks for 4"):
        check_data(b, expand(b).cells, {b.train.key: tmp_path / "d"})


def test_a_linear_reference_needs_an_identity_with_two_sequences(tmp_path):
    people = [(name, "000", f"{name}-1") for name in "abcd"]
    rows = [*people, ("e", "000", "e-1"), ("e", "090", "e-2")]
    splits = {"train": [0, 1, 2, 3], "test.probe": [4], "test.gallery": [5]}
    written(tmp_path / "d", rows, splits)
    b = bench(dataset=str(tmp_path / "d"))
    folders = {b.train.key: tmp_path / "d"}
    with pytest.raises(
        DataError, match=r"4 sequences of 4 identities\. Leave out the methods gei-"
    ):
        check_data(b, expand(b).cells, folders)
    without = bench(dataset=str(tmp_path / "d"), methods=("baseline-2",))
    check_data(without, expand(without).cells, folders)


def test_an_occlusion_of_a_wrong_shape_is_refused():
    @register("crooked")
    class Crooked(Occlusion):
        name = "crooked"

        def __init__(self, amount=(0.5, 0.5)):
            super().__init__(amount)

        def steps(self, rng, amount, t, h, w):
            return Step(mask=np.zeros((t, w, h), bool))

    with pytest.raises(PluginError, match=r"Crooked\.steps\(\) .*mask = ndarray of shape 2×11×16"):
        check_occlusions(expand(bench(protocol="sweep")).cells)


def test_an_occlusion_that_fails_is_named():
    @register("broken")
    class Broken(Occlusion):
        name = "broken"

        def __init__(self, amount=(0.5, 0.5)):
            super().__init__(amount)

        def steps(self, rng, amount, t, h, w):
            raise ZeroDivisionError("oops")

    with pytest.raises(
        PluginError,
        match=r"Broken\.steps\(\) on a clip of 2 frames of 16×11 raised ZeroDivisionError: oops",
    ):
        check_occlusions(expand(bench(protocol="sweep")).cells)


def test_every_own_occlusion_passes():
    check_occlusions(expand(bench(protocol="sweep", methods=tuple(method_names()))).cells)
