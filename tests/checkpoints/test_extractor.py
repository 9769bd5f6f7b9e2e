"""A checkpoint in place of the extractor on whole clips, through a whole run."""

import json

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from gaitbench.checkpoints.contents import Content
from gaitbench.checkpoints.extractor import ExtractorFile
from gaitbench.core.errors import CheckpointError, ConfigurationError
from gaitbench.core.store import Store
from gaitbench.evaluation.scores import read_scores
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.methods.extractor import ImportedExtractorStage
from gaitbench.running.run import Runner
from tests import golden
from tests.making import Silent

METHODS = ("baseline-1", "mimicgait", "rg-gait")


def runner(folder, **changes):
    values = {"preset": "smoke", "protocol": "occluded", "methods": METHODS, "shares": "papers"}
    values |= changes
    bench = Bench.resolve(Experiment(**values))
    return Runner(Store(folder), bench, jobs=1, device="cpu", display=Silent())


def extractor_of(found):
    return found.cells[0].evaluation.stage


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a run that trained its extractor, and a file with that extractor."""
    folder = tmp_path_factory.mktemp("imported")
    done = runner(folder / "store")
    done.run()
    stage = extractor_of(done)
    weights = load_file(done.store.path("stages", stage.key) / "weights.safetensors")
    identities = weights["neck.weight"].shape[-1]
    notes = Content("backbone", (), stage.backbone, identities).notes()
    save_file(weights, folder / "extractor.safetensors", notes)
    return done, folder / "extractor.safetensors"


def scores(run, cell):
    return read_scores(run.store, cell.evaluation.key)


def test_the_imported_extractor_gives_the_same_scores(trained):
    done, file = trained
    again = runner(done.store.folder, extractor=str(file))
    stages = {t.description.key: t.description for t in again.missing() if t.kind == "stages"}
    assert [type(s).__name__ for s in stages.values()] == [
        "ImportedExtractorStage",
        "MimicStage",
        "RestorationStage",
    ]
    again.check()
    again.run()
    for old, new in zip(done.cells, again.cells, strict=True):
        assert (old.method, old.test) == (new.method, new.test)
        pd.testing.assert_frame_equal(scores(done, old), scores(again, new))
    assert again.cells[0].total_steps == 0
    assert done.cells[0].total_steps > 0
    trained_steps = done.cells[-1].total_steps - done.cells[0].total_steps
    assert again.cells[-1].total_steps == trained_steps


def test_every_method_uses_the_same_imported_extractor(trained):
    _, file = trained
    again = runner(file.parent / "elsewhere", extractor=str(file))
    used = [s for t in again.tasks if isinstance(s := t.description, ImportedExtractorStage)]
    assert len(used) == 1
    mimic, restoration = (again.bench.stage(m, "gaitbase", 0) for m in METHODS[1:])
    assert mimic.inputs["teacher"] == restoration.inputs["extractor"] == used[0]
    assert mimic.backbone == used[0].backbone


def test_a_classifier_of_other_people_is_left_out(trained):
    done, file = trained
    weights = load_file(file)
    parts, channels, identities = weights["neck.weight"].shape
    weights["neck.weight"] = torch.ones(parts, channels, identities + 3)
    other = file.with_name("more.safetensors")
    stage = extractor_of(done)
    save_file(weights, other, Content("backbone", (), stage.backbone, identities + 3).notes())
    again = runner(file.parent / "more", extractor=str(other), methods=("baseline-1",))
    again.run()
    kept = load_file(again.store.path("stages", extractor_of(again).key) / "weights.safetensors")
    assert kept["neck.weight"].shape == (parts, channels, identities)
    assert torch.equal(kept["neck.norm.weight"], weights["neck.norm.weight"])
    pd.testing.assert_frame_equal(
        scores(done, done.cells[0]), scores(again, again.cells[0]), check_exact=True
    )


def test_another_backbone_than_the_one_asked_for(trained):
    with pytest.raises(ConfigurationError, match=r"holds 'gaitbase'.*asks for gaitgl"):
        runner(trained[1].parent / "x", extractor=str(trained[1]), backbones=("gaitgl",))


def test_files_that_are_no_backbone(tmp_path):
    weights = golden.state_dict("oem_ven")
    torch.save(weights, tmp_path / "ven.pt")
    with pytest.raises(CheckpointError, match=r"holds occlusion detector \(3 types, with amount\)"):
        ExtractorFile.of(tmp_path / "ven.pt")
    with pytest.raises(CheckpointError, match="no such file"):
        ExtractorFile.of(tmp_path / "none.pt")


def test_a_file_that_changes_during_the_run(trained):
    _, file = trained
    copy = file.with_name("changing.safetensors")
    copy.write_bytes(file.read_bytes())
    run = runner(file.parent / "changing", extractor=str(copy), methods=("baseline-1",))
    save_file({"a": torch.ones(1)}, copy)
    with pytest.raises(CheckpointError, match="has changed since the run began"):
        run.run()


def test_frames_that_the_backbone_cannot_take(tmp_path):
    """Found before any work: GaitGL's 64 parts are the rows of its frames."""
    weights = golden.state_dict("gaitgl_small")
    torch.save({"model": weights}, tmp_path / "GaitGL-80000.pt")
    run = runner(
        tmp_path / "store", extractor=str(tmp_path / "GaitGL-80000.pt"), methods=("baseline-1",)
    )
    with pytest.raises(ConfigurationError, match="'gaitgl'"):
        run.check()


def test_frames_that_the_file_hardly_saw_are_doubted(trained):
    found = ExtractorFile.of(trained[1])
    assert found.doubt(64, 44) == ""
    assert "frames of 16×11 pixels" in found.doubt(16, 11)


def test_results_outlive_the_file(trained, tmp_path):
    file = tmp_path / "extractor.safetensors"
    file.write_bytes(trained[1].read_bytes())
    asked = Experiment(preset="smoke", extractor=str(file), methods=("baseline-1",))
    found = Bench.resolve(asked).extractor
    file.unlink()
    with pytest.raises(CheckpointError, match="no such file"):
        Bench.resolve(asked)
    remembered = ExtractorFile.remembered(json.loads(json.dumps(found.record())))
    assert Bench.resolve(asked, remembered).extractor == found
    assert ExtractorFile.remembered({}) is None
