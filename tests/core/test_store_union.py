import pytest

from gaitbench.core.errors import StoreError
from gaitbench.core.store import Store
from gaitbench.core.store_union import StoreUnion, open_stores


def put(store, key, text, **record):
    with store.write("scores", key, {"what": text}) as folder:
        (folder / "file.txt").write_text(text)
        store.write_record(folder, record)


@pytest.fixture
def stores(tmp_path):
    made = [Store(tmp_path / name) for name in ("one", "two")]
    for store in made:
        store.prepare()
    put(made[0], "a", "a of one", machine="first")
    put(made[0], "b", "b of one", machine="first")
    put(made[1], "b", "b of two", machine="second")
    put(made[1], "c", "c of two", machine="second")
    return made


def test_everything_is_found_once_and_the_first_store_counts(stores):
    union = open_stores([s.folder for s in stores])
    assert union.keys("scores") == ["a", "b", "c"]
    assert [union.has("scores", k) for k in "abcd"] == [True, True, True, False]
    said = {k: (union.path("scores", k) / "file.txt").read_text() for k in "abc"}
    assert said == {"a": "a of one", "b": "b of one", "c": "c of two"}
    assert {k: union.spec("scores", k)["what"] for k in "abc"} == said
    assert [union.record("scores", k)["machine"] for k in "abc"] == ["first", "first", "second"]


def test_the_order_of_the_stores_decides(stores):
    union = open_stores([s.folder for s in reversed(stores)])
    assert union.spec("scores", "b") == {"what": "b of two"}


def test_a_copy_that_lies_in_another_store_too_outlives_the_first(stores):
    union = open_stores([s.folder for s in stores])
    (stores[0].path("scores", "b") / "spec.json").unlink()
    assert union.spec("scores", "b") == {"what": "b of two"}


def test_what_nobody_has_would_lie_in_the_first_store(stores):
    union = open_stores([s.folder for s in stores])
    assert union.path("scores", "new") == stores[0].path("scores", "new")


def test_progress_is_that_of_whoever_says_something(stores):
    union = open_stores([s.folder for s in stores])
    assert union.progress("d") == {}
    stores[1].write_progress("d", {"step": 2})
    assert union.progress("d") == {"step": 2}


def test_reading_changes_no_folder(stores):
    union = open_stores([s.folder for s in stores])
    before = {p for s in stores for p in s.folder.rglob("*")}
    union.keys("datasets")
    union.has("stages", "x")
    union.progress("x")
    assert {p for s in stores for p in s.folder.rglob("*")} == before
    assert not hasattr(union, "write")


def test_one_folder_named_twice_is_one_store(stores, monkeypatch):
    monkeypatch.chdir(stores[0].folder.parent)
    assert isinstance(open_stores([stores[0].folder, stores[0].folder / "."]), Store)
    union = open_stores([stores[0].folder, stores[1].folder, stores[0].folder])
    assert isinstance(union, StoreUnion)
    assert [s.folder for s in union.stores] == [s.folder for s in stores]


def test_a_folder_without_a_store_is_named(stores, tmp_path):
    (tmp_path / "thesis").mkdir()
    with pytest.raises(StoreError, match=r"thesis is no store: it has no store\.json.*--store"):
        open_stores([stores[0].folder, tmp_path / "thesis"])
