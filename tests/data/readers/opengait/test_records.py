"""Every data set gives its official splits and rules."""

import json
import shutil

import numpy as np
import pytest

from gaitbench.core.errors import ConfigurationError, DataError
from gaitbench.data.check import check, describe
from gaitbench.data.readers.opengait.records import RECORDS, get_record
from gaitbench.data.rules import Rules
from tests.data.made_up_trees import FRAMES, NAMES, make_tree, silhouettes
from tests.data.readers.opengait.importing import imported, sequences


@pytest.mark.parametrize("dataset", NAMES)
def test_every_data_set_gives_its_splits_and_rules(dataset, tmp_path):
    tree = make_tree(dataset, tmp_path)
    data, report = imported(tree, tmp_path / "out", dataset)
    record = get_record(dataset)
    assert data.name == dataset
    assert Rules.of(data.meta, data.name) == record.rules
    assert (data.height, data.width) == (64, 64)
    assert data.table["sequence"].is_unique
    assert not report.rejected
    assert not report.missing_clips
    assert {p.reason for p in check(data)} == {f"{FRAMES} frames, fewer than 15"}
    by_name = {"-".join(p[:3]): p for p in tree.places}
    for index, name in enumerate(data.table["sequence"]):
        place = by_name[name]
        wanted = silhouettes(f"test-{place.identity}", place.kind, place.number, place.angle)
        np.testing.assert_array_equal(data.frames(index), wanted > 127)
    people = {split: set(data.table["identity"].iloc[rows]) for split, rows in data.splits.items()}
    assert len(people["train"]) == 4
    assert people["test.gallery"] == people["test.probe"]
    assert not people["train"] & people["test.probe"]
    assert not (tmp_path / ".out.importing").exists()


def test_casia_b_by_its_conditions(tmp_path):
    data, _ = imported(make_tree("casia-b", tmp_path), tmp_path / "out", "casia-b")
    conditions = data.table["condition"]
    assert set(conditions.iloc[data.split("test.gallery")]) == {"nm-01", "nm-02"}
    assert set(conditions.iloc[data.split("test.probe")]) == {"nm-05", "bg-01", "cl-02"}
    assert set(data.table["view"]) == {"000", "090"}
    assert "005-nm-01" in set(data.table["recording"])


def test_casia_e_leaves_a_view_out_of_the_test(tmp_path):
    data, report = imported(make_tree("casia-e", tmp_path), tmp_path / "out", "casia-e")
    views = data.table["view"]
    assert set(views.iloc[data.split("train")]) == {"000", "090", "270"}
    assert set(views.iloc[data.split("test.probe")]) == {"000", "090"}
    assert report.unused_clips == 15


def test_ccpg_takes_the_camera_for_the_view_and_one_file_of_four(tmp_path):
    data, _ = imported(make_tree("ccpg", tmp_path), tmp_path / "out", "ccpg")
    assert set(data.table["view"]) == {"01", "02"}
    assert "005-U0_D0-01_1" in set(data.table["sequence"])
    both = set(sequences(data, "test.probe")) & set(sequences(data, "test.gallery"))
    assert {name.split("-")[1] for name in both} == {"U0_D0", "U3_D3"}


def test_gait3d_takes_its_probes_from_the_partition(tmp_path):
    tree = make_tree("gait3d", tmp_path)
    data, _ = imported(tree, tmp_path / "out", "gait3d")
    names = json.loads(tree.options["partition"].read_text())["PROBE_SET"]
    assert sequences(data, "test.probe") == sorted(names)
    assert len(data.split("test.gallery")) == 6
    partition = json.loads(tree.options["partition"].read_text())
    partition["PROBE_SET"] += ["0005-camid9_videoid9-seq9"]
    tree.options["partition"].write_text(json.dumps(partition))
    _, report = imported(tree, tmp_path / "more", "gait3d")
    assert report.missing_clips == ("0005-camid9_videoid9-seq9",)
    assert "1 probe or gallery clips are not in the tree: 0005-camid9" in report.text()
    del partition["PROBE_SET"]
    tree.options["partition"].write_text(json.dumps(partition))
    with pytest.raises(DataError, match="has no PROBE_SET, which Gait3D needs"):
        imported(tree, tmp_path / "none", "gait3d")


def test_grew_keeps_what_a_submission_needs(tmp_path):
    data, report = imported(make_tree("grew", tmp_path), tmp_path / "out", "grew")
    table = data.table
    probes = table.iloc[data.split("submission.probe")]
    assert set(probes["identity"]) == {""}
    assert sorted(probes["view"]) == ["v1", "v2", "v3"]
    assert len(data.split("submission.gallery")) == 6
    assert set(table["condition"].iloc[data.split("test.gallery")]) == {"01"}
    assert set(table["condition"].iloc[data.split("test.probe")]) == {"02"}
    assert Rules.model_validate(data.meta["submission"]).name == "grew-official"
    assert "3 clips in the folder 'probe' show unknown people" in report.text()


@pytest.mark.parametrize("side", ["TRAIN_SET", "TEST_SET", None])
def test_grews_unknown_people_are_no_identity(side, tmp_path):
    """Wherever the partition names their folder, or not: official ones have it among those tested."""
    tree = make_tree("grew", tmp_path)
    partition = json.loads(tree.options["partition"].read_text())
    partition["TEST_SET"].remove("probe")
    if side is not None:
        partition[side].append("probe")
    tree.options["partition"].write_text(json.dumps(partition))
    data, report = imported(tree, tmp_path / "out", "grew", validation=3)
    counts = describe(data)
    assert report.identities == counts["identities"] == 4 + 3
    assert counts["splits"]["submission.probe"]["identities"] == 0
    assert report.clips == counts["sequences"] == 8 + 6 + 3
    assert not report.missing_identities
    assert not report.unnamed_identities
    known = [rows for name, rows in data.splits.items() if name != "submission.probe"]
    assert not set(data.split("submission.probe")) & set(np.concatenate(known))
    # Of four people to train on, three can be held out: the unknown ones are no fifth.
    with pytest.raises(DataError, match="4 identities to validate on, but only 4 training"):
        imported(tree, tmp_path / "more", "grew", validation=4)


@pytest.mark.parametrize("change", ["gone", "flat"])
def test_grew_without_official_probes(change, tmp_path):
    tree = make_tree("grew", tmp_path)
    for clip in sorted(tree.root.glob("probe/03/*")):
        if change == "flat":
            clip.rename(tree.root / "probe" / clip.name)
    shutil.rmtree(tree.root / ("probe" if change == "gone" else "probe/03"))
    data, report = imported(tree, tmp_path / "out", "grew")
    assert "submission.probe" not in data.splits
    assert report.identities == 7
    assert not report.missing_identities
    assert "No official probes were found in probe/03/VIDEO/: nothing can be" in report.text()


def test_briar_takes_a_table_of_pairs(tmp_path):
    tree = make_tree("briar", tmp_path)
    data, _ = imported(tree, tmp_path / "out", "briar")
    assert set(data.table["condition"].iloc[data.split("test.probe")]) == {"500m"}
    assert len(data.split("test.gallery")) == 6
    alone, report = imported(tree, tmp_path / "alone", "briar", partition=None)
    assert "train" not in alone.splits
    assert "it can only be tested on" in report.text()
    with pytest.raises(ConfigurationError, match=r"BRIAR: give --pairs FILE\.csv"):
        imported(tree, tmp_path / "none", "briar", pairs=None)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_is_whole(name):
    record = RECORDS[name]
    assert record.name == name
    assert record.rules.source
    assert record.rules.version >= 1
    assert name in NAMES
