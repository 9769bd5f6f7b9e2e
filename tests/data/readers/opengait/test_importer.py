"""From a tree to a data set: splits, what is left out and why, and going on after a kill."""

import json
import pickle
import shutil

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from gaitbench.core.errors import ConfigurationError, DataError, UnknownNameError
from gaitbench.data.check import check, describe
from gaitbench.data.readers.opengait import chunks
from gaitbench.data.readers.opengait.importer import import_opengait
from gaitbench.data.readers.opengait.reader import OpenGaitReader
from gaitbench.data.readers.opengait.records import RECORDS, get_record
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from tests.data.made_up_trees import FRAMES, NAMES, make_tree, silhouettes


@pytest.fixture
def tree(tmp_path):
    return make_tree("oumvlp", tmp_path)


def imported(tree, out, dataset="oumvlp", **more):
    jobs = more.pop("jobs", 1)
    choices = OpenGaitReader(dataset, **{**tree.options, **more})
    report = import_opengait(tree.root, out, choices, jobs=jobs)
    return Silhouettes.open(out), report


def sequences(data, split):
    return sorted(data.table["sequence"].iloc[data.split(split)])


def clip_file(tree, name):
    (file,) = tree.root.joinpath(*name.split("-")).iterdir()
    return file


def save(tree, name, found):
    clip_file(tree, name).write_bytes(pickle.dumps(found))


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


def swapped(text, one, other):
    """Exchange two columns of a table below its head."""
    head, *rows = (line.split(",") for line in text.splitlines())
    for row in rows:
        row[one], row[other] = row[other], row[one]
    return "\n".join(",".join(row) for row in (head, *rows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace("G0000", "H0000"),
            r"pairs\.csv, partition\.json lists probes and galleries of nobody in .*: its column identity "
            r"has 'H00005', 'H00006', 'H00007', the tree has 'G00001'",
        ),
        (
            lambda text: swapped(text, 0, 1),
            r"nobody in .*its column identity has 'controlled', '500m', the tree has 'G00001'",
        ),
        (
            lambda text: swapped(text, 1, 2),
            r"lists no probe that is in .*: it lists 'G00005/uav/500m', .*, the tree has "
            r"'G00005/500m/uav'.*Its columns",
        ),
        (lambda text: text.replace(",gallery", ",probe"), "lists no gallery .*: it lists nothing"),
        (
            lambda text: text + "G00005,500m,uav,gallery\n",
            r"lines 4 and 11: the clip G00005/500m/uav is both probe and gallery",
        ),
    ],
)
def test_tables_of_pairs_that_do_not_fit_are_refused_before_any_work(change, message, tmp_path):
    tree = make_tree("briar", tmp_path)
    pairs = tree.options["pairs"]
    pairs.write_text(change(pairs.read_text()))
    with pytest.raises(DataError, match=message):
        imported(tree, tmp_path / "out", "briar")
    assert not (tmp_path / ".out.importing").exists()


def test_a_probe_with_the_frames_of_its_gallery_is_left_out_or_told(tmp_path):
    """One that another split needs stays there."""
    tree = make_tree("grew", tmp_path)
    save(tree, "00005-02-g00005x2", silhouettes("test-00006", "nm", 1, 30.0))
    data, report = imported(tree, tmp_path / "out", "grew")
    assert "00005-02-g00005x2" not in sequences(data, "test.probe")
    assert "00005-02-g00005x2" in sequences(data, "submission.gallery")
    assert "00005/02/g00005x2/g00005x2.pkl is no probe" in report.text()


def test_rejected_files_with_their_reasons(tree, tmp_path):
    good = silhouettes("test-00005", "nm", 1, 0.0)
    save(tree, "00001-00-000", good.astype(float) * np.nan)
    save(tree, "00001-00-090", 0 * good)
    save(tree, "00001-01-000", good[:1])
    save(tree, "00001-01-090", good[:, None, None])
    save(tree, "00002-00-000", np.array([None, {}], object))
    save(tree, "00002-00-090", good[:, :32])
    clip_file(tree, "00002-01-000").write_bytes(b"")
    clip_file(tree, "00002-01-090").write_bytes(pickle.dumps(good)[:-100])
    clip_file(tree, "00003-00-000").unlink()
    (tree.root / "00003" / "00" / "000" / "000.pkl").mkdir()
    # Equal to the gallery's clip of somebody else, under which name it cannot be found.
    save(tree, "00005-00-000", silhouettes("test-00006", "nm", 2, 0.0))
    data, report = imported(tree, tmp_path / "out", jobs=2)
    told = {rejected.file: rejected.reason for rejected in report.rejected}
    for file, reason in {
        "00001/00/000/000.pkl": "values are not numbers (NaN",
        "00001/00/090/090.pkl": "all frames are black",
        "00001/01/000/000.pkl": "1 frame, fewer than 2",
        "00001/01/090/090.pkl": "is not [frames, height, width]",
        "00002/00/000/000.pkl": "which no array needs",
        "00002/00/090/090.pkl": "frames of 32×64, but 19 clips have 64×64",
        "00002/01/000/000.pkl": "empty: a file of 0 bytes",
        "00002/01/090/090.pkl": "is cut short",
        "00003/00/000/000.pkl": "cannot be read: Is a directory",
        "00005/00/000/000.pkl": "a probe with the frames of 00006/01/000/000.pkl, which is in the",
    }.items():
        assert reason in told.pop(file)
        assert f"{file}: " in report.text()
    assert not told
    stored = json.loads((tmp_path / "out" / "import.json").read_text())
    assert len(stored["rejected"]) == 10
    assert len(data.table) == 28 - 10
    assert not set(data.table["identity"]) & {"00001"}
    assert not [p for p in check(data) if "identical" in p.reason]


def test_what_one_side_names_and_the_other_lacks(tree, tmp_path):
    partition = json.loads(tree.options["partition"].read_text())
    partition["TEST_SET"] += ["99999"]
    partition["TRAIN_SET"].remove("00004")
    tree.options["partition"].write_text(json.dumps(partition))
    data, report = imported(tree, tmp_path / "out")
    assert report.missing_identities == ("99999",)
    assert report.unnamed_identities == ("00004",)
    assert "00004" not in set(data.table["identity"])
    assert "1 identities of the partition are not in the tree: 99999" in report.text()


def test_copies_between_training_and_test_are_told(tree, tmp_path):
    save(tree, "00001-00-000", silhouettes("test-00005", "nm", 1, 90.0))
    _, report = imported(tree, tmp_path / "out")
    assert "1 test clips have the frames of training clips: 00005/00/090/090.pkl" in report.text()


def test_validation_identities_are_taken_from_the_training_set(tree, tmp_path):
    data, _ = imported(tree, tmp_path / "out", validation=2)
    names = {s: set(data.table["identity"].iloc[i]) for s, i in data.splits.items()}
    assert len(names["train"]) == len(names["validation.probe"]) == 2
    assert names["validation.gallery"] == names["validation.probe"]
    assert not names["train"] & names["validation.probe"]
    with pytest.raises(DataError, match=r"4 identities to validate on, but only 4 training"):
        imported(tree, tmp_path / "all", validation=4)


@pytest.mark.parametrize(
    ("dataset", "change", "error", "message"),
    [
        ("ou-mlvp", {}, UnknownNameError, "Did you mean 'oumvlp'"),
        ("oumvlp", {"partition": None}, ConfigurationError, r"give --partition FILE\.json"),
        ("oumvlp", {"pairs": "x.csv"}, ConfigurationError, "leave --pairs out"),
        ("oumvlp", {"min_frames": 0}, ConfigurationError, "--min-frames 0"),
        ("casia-b", {}, DataError, r"no clip of the 3 test identities is a probe.*Is it CASIA-B"),
    ],
)
def test_choices_that_do_not_fit(dataset, change, error, message, tree, tmp_path):
    with pytest.raises(error, match=message):
        imported(tree, tmp_path / "out", dataset, **change)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / ".out.importing").exists()


def test_a_partition_of_other_people(tree, tmp_path):
    tree.options["partition"].write_text('{"TRAIN_SET": ["a"], "TEST_SET": ["b"]}')
    with pytest.raises(DataError, match=r"names nobody in .*: it names 'a', 'b', the tree has"):
        imported(tree, tmp_path / "out")


def test_trees_that_are_none(tree, tmp_path):
    for root, message in (
        (tmp_path / "nowhere", "there is no such folder"),
        (tree.root / "00001" / "00" / "000", "holds no folders"),
    ):
        with pytest.raises(DataError, match=message):
            import_opengait(root, tmp_path / "out", OpenGaitReader("oumvlp", **tree.options))
    flat = tmp_path / "flat"
    (flat / "00001" / "00").mkdir(parents=True)
    with pytest.raises(DataError, match="no clips in the folders of 1 identities"):
        import_opengait(flat, tmp_path / "out", OpenGaitReader("oumvlp", **tree.options))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ConfigurationError, match="not empty"):
        imported(tree, tmp_path / "full")


def test_several_files_in_a_folder(tree, tmp_path):
    for name in ("a-sils.pkl", "b-pose.pkl"):
        shutil.copy(clip_file(tree, "00001-01-000"), tree.root / "00001" / "00" / "000" / name)
    with pytest.raises(
        DataError, match=r"holds 3 pickles.*000\.pkl, a-sils\.pkl, b-pose\.pkl\. Say"
    ):
        imported(tree, tmp_path / "out")
    for clip in tree.root.glob("*/*/*/0?0.pkl"):
        clip.rename(clip.with_name("x-sils.pkl"))
    (tree.root / "00001" / "00" / "000" / "a-sils.pkl").unlink()
    data, _ = imported(tree, tmp_path / "out", file_pattern="*-sils.pkl")
    assert len(data.table) == 28


def test_two_folders_of_one_name(tree, tmp_path):
    for place in ("00001/a-b/c", "00001/a/b-c"):
        shutil.copytree(tree.root / "00001" / "00" / "000", tree.root / place)
    with pytest.raises(DataError, match="have one name, '00001-a-b-c'"):
        imported(tree, tmp_path / "out")


def test_images_and_pickles_give_the_same_data(tree, tmp_path):
    whole, _ = imported(tree, tmp_path / "pickles")
    for file in tree.root.glob("*/*/*/*.pkl"):
        for number, frame in enumerate(pickle.loads(file.read_bytes()), 9):
            Image.fromarray(frame).save(file.with_name(f"{number}.png"))
        file.unlink()
    images, _ = imported(tree, tmp_path / "images", jobs=2)
    assert images.fingerprint == whole.fingerprint


def test_jobs_and_where_it_lies_change_nothing(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CLIPS_PER_CHUNK", 5)
    monkeypatch.setattr(chunks, "WORTH_WORKERS_S", 0.0)
    one, _ = imported(tree, tmp_path / "one")
    two, _ = imported(tree, tmp_path / "deep" / "two", jobs=2)
    assert one.fingerprint == two.fingerprint
    for name in ("frames.npy", "sequences.csv", "splits.json", "meta.json", "import.json"):
        first, second = (tmp_path / f / name for f in ("one", "deep/two"))
        assert first.read_bytes() == second.read_bytes()


def test_a_killed_import_goes_on_where_it_was(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CLIPS_PER_CHUNK", 5)
    whole, _ = imported(tree, tmp_path / "whole")
    read = []
    honest = chunks.read_arrays

    def counting(data):
        read.append(data)
        if len(read) == 18:
            raise KeyboardInterrupt
        return honest(data)

    monkeypatch.setattr(chunks, "read_arrays", counting)
    with pytest.raises(KeyboardInterrupt):
        imported(tree, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # What is cut short, and files that have changed since, are read again.
    finished = sorted((tmp_path / ".out.importing").glob("*.npz"))
    assert len(finished) == 3
    finished[0].write_bytes(finished[0].read_bytes()[:100])
    read[:] = [b""] * 100
    again, _ = imported(tree, tmp_path / "out")
    assert len(read) - 100 == 28 - 10
    assert again.fingerprint == whole.fingerprint
    assert not (tmp_path / ".out.importing").exists()


def test_nothing_usable(tree, tmp_path):
    for file in tree.root.glob("*/*/*/*.pkl"):
        file.write_bytes(b"")
    with pytest.raises(DataError, match=r"none of 28 clips can be used.*0 bytes"):
        imported(tree, tmp_path / "out")


def test_a_whole_side_rejected(tree, tmp_path):
    for file in tree.root.glob("0000[567]/00/*/*.pkl"):
        file.write_bytes(b"")
    with pytest.raises(
        DataError, match=r"all clips of the split 'test\.probe' of OU-MVLP were rej"
    ):
        imported(tree, tmp_path / "out")


def test_progress_counts_all_clips(tree, tmp_path):
    seen = []
    import_opengait(
        tree.root,
        tmp_path / "out",
        OpenGaitReader("oumvlp", **tree.options),
        progress=lambda *done: seen.append(done),
    )
    assert seen[-1] == (28, 28)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_is_whole(name):
    record = RECORDS[name]
    assert record.name == name
    assert record.rules.source
    assert record.rules.version >= 1
    assert name in NAMES


def test_targets_that_cannot_be_are_refused_before_any_work(tmp_path):
    tree = make_tree("casia-b", tmp_path / "t")
    choices = OpenGaitReader("casia-b", **tree.options)
    for out, said in (
        (tree.root / "out", "lies inside the tree"),
        (tmp_path / "file", "there already"),
        (tmp_path / "file" / "out", "cannot be written"),
        (tmp_path / ("n" * 250), "cannot be written"),
    ):
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match=said):
            import_opengait(tree.root, out, choices)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "t"]


def test_names_that_cannot_be_printed_are_refused(tmp_path):
    tree = make_tree("casia-b", tmp_path / "t")
    first = next(tree.root.iterdir())
    (first / "nm\r01").mkdir()
    with pytest.raises(DataError, match=r"'nm\\r01' has a name with characters"):
        import_opengait(tree.root, tmp_path / "o", OpenGaitReader("casia-b", **tree.options))


def test_what_failed_for_passing_reasons_is_read_again(tmp_path, monkeypatch):
    tree = make_tree("casia-b", tmp_path / "t")
    choices = OpenGaitReader("casia-b", **tree.options)

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(chunks, "_read", denied)
        with pytest.raises(DataError, match="Permission denied"):
            import_opengait(tree.root, tmp_path / "o", choices)
    assert import_opengait(tree.root, tmp_path / "o", choices).rejected == ()


def test_two_imports_into_one_folder(tmp_path):
    tree = make_tree("casia-b", tmp_path / "t")
    scratch = tmp_path / ".o.importing"
    scratch.mkdir()
    with FileLock(scratch / "lock"), pytest.raises(ConfigurationError, match="Another import"):
        import_opengait(tree.root, tmp_path / "o", OpenGaitReader("casia-b", **tree.options))
