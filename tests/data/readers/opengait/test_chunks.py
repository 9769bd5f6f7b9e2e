"""Going on after a kill, on any number of processes."""

import pytest

from gaitbench.core.errors import DataError
from gaitbench.data.readers.opengait import chunks
from gaitbench.data.readers.opengait.importer import import_opengait
from gaitbench.data.readers.opengait.reader import OpenGaitReader
from tests.data.made_up_trees import make_tree
from tests.data.readers.opengait.importing import imported


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
    honest = chunks.read_arrays  # type: ignore[attr-defined]

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
