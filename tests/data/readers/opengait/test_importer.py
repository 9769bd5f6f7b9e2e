"""From a tree to a data set: splits, what is left out and why, and going on after a kill."""

import json
import pickle
import shutil

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from gaitbench.core.errors import ConfigurationError, DataError, UnknownNameError
from gaitbench.data.check import check
from gaitbench.data.readers.opengait.importer import import_opengait
from gaitbench.data.readers.opengait.reader import OpenGaitReader
from tests.data.made_up_trees import make_tree, silhouettes
from tests.data.readers.opengait.importing import clip_file, imported, save, sequences


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


def test_two_imports_into_one_folder(tmp_path):
    tree = make_tree("casia-b", tmp_path / "t")
    scratch = tmp_path / ".o.importing"
    scratch.mkdir()
    with FileLock(scratch / "lock"), pytest.raises(ConfigurationError, match="Another import"):
        import_opengait(tree.root, tmp_path / "o", OpenGaitReader("casia-b", **tree.options))
