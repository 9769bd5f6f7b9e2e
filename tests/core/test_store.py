import json
import os

import pytest

from gaitbench.core.errors import StoreError
from gaitbench.core.store import Store


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def put(store, key="k", text="payload"):
    with store.write("scores", key, {"what": key}) as folder:
        (folder / "file.txt").write_text(text)


def test_an_artifact_is_there_after_the_block(store):
    assert not store.has("scores", "k")
    put(store)
    assert store.has("scores", "k")
    assert store.spec("scores", "k") == {"what": "k"}
    assert (store.path("scores", "k") / "file.txt").read_text() == "payload"
    assert store.keys("scores") == ["k"]


def test_nothing_appears_when_the_block_fails(store):
    def fail():
        with store.write("scores", "k", {}) as folder:
            (folder / "half.txt").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not store.has("scores", "k")
    assert list((store.folder / "scores").iterdir()) == []


def test_the_first_of_two_writers_wins(store):
    put(store, text="first")
    put(store, text="second")
    assert (store.path("scores", "k") / "file.txt").read_text() == "first"


def test_what_a_killed_run_left_is_swept_unless_it_is_locked(store):
    dead = store.folder / "scores" / ".making-dead-12345678"
    alive = store.folder / "scores" / ".making-alive-12345678"
    dead.mkdir(parents=True)
    alive.mkdir()
    with store.lock("alive"):
        # A lock is re-entrant in one process, so the sweep is asked from a second one.
        pid = os.fork()
        if pid == 0:
            Store(store.folder).sweep()
            os._exit(0)
        os.waitpid(pid, 0)
    assert not dead.exists()
    assert alive.exists()


def test_a_store_of_another_version_is_refused(tmp_path):
    (tmp_path / "store.json").write_text(json.dumps({"version": 99}))
    with pytest.raises(StoreError, match=r"version 99.*--store"):
        Store(tmp_path)


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.docx").write_text("")
    with pytest.raises(StoreError, match="not a gaitbench store and not empty"):
        Store(tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*--store"):
        Store(tmp_path / "file" / "store").prepare()


def test_a_full_disk_keeps_what_was_finished(store, monkeypatch):
    put(store, "before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"No space left on device.*kept.*same command again"):
        put(store, "after")
    assert store.keys("scores") == ["before"]


def test_a_damaged_spec_is_named(store):
    put(store)
    (store.path("scores", "k") / "spec.json").write_text("{")
    with pytest.raises(StoreError, match=r"spec\.json cannot be read.*Remove its folder"):
        store.spec("scores", "k")


def test_progress_is_said_and_forgotten(store):
    assert store.progress("k") == {}
    store.write_progress("k", {"step": 3, "of": 9})
    assert store.progress("k") == {"step": 3, "of": 9}
    store.forget_progress("k")
    assert store.progress("k") == {}


def test_an_incomplete_folder_under_the_name_is_replaced(store):
    target = store.path("scores", "k")
    target.mkdir(parents=True)
    (target / "half.txt").write_text("half")
    put(store)
    assert store.has("scores", "k")
    assert not (target / "half.txt").exists()


def test_what_an_interrupted_first_start_leaves_does_no_harm(tmp_path):
    (tmp_path / ".store.json-12345678").write_text("")
    Store(tmp_path).prepare()
    assert (tmp_path / "store.json").is_file()


def test_an_error_that_is_not_the_disks_passes_through(store):
    def fail():
        with store.write("scores", "k", {}):
            raise FileNotFoundError(2, "No such file or directory", "/elsewhere/data.pkl")

    with pytest.raises(FileNotFoundError, match="elsewhere"):
        fail()
