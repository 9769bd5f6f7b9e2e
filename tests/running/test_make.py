"""Data sets and stages of plug-ins that go wrong while they are made: nothing is kept, all is named."""

import errno
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from gaitbench.core.errors import PluginError, StoreError
from gaitbench.core.store import Store
from gaitbench.data.dataset import Dataset
from gaitbench.data.silhouettes import SilhouettesWriter
from gaitbench.data.source import DataSource
from gaitbench.running.make import make_dataset

SPLITS = ("train", "test.gallery", "test.probe")


@dataclass(frozen=True)
class Careless(Dataset):
    """Does whatever it is told to."""

    about: ClassVar[str] = "careless"
    version: ClassVar[int] = 1

    does: str = "nothing"

    def build(self, folder, *, jobs=1, progress=None):
        if self.does == "nothing":
            return
        if self.does == "fails":
            raise ValueError("no walkers today")
        if self.does == "fills":
            raise OSError(errno.ENOSPC, "No space left on device")
        with SilhouettesWriter(folder, name="careless", height=16, width=11) as writer:
            frames = np.ones((4, 16, 11), np.uint8)
            writer.add(frames, identity="a", condition="nm", view="000", recording="a-1")
            writer.splits = {"train": [0], "test.gallery": [0], "test.probe": []}
            if self.does == "all":
                writer.splits["test.probe"] = [0]


def made(folder, does):
    store = Store(folder / "store")
    store.prepare()
    make_dataset(store, DataSource("careless", "key", Careless(does)), 1, None, splits=SPLITS)
    return store


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (
            "nothing",
            r"Careless\.build\(\) wrote no data set \(the folder: not a gaitbench data set",
        ),
        ("fails", r"test_make: Careless\.build\(\) raised ValueError: no walkers today"),
        ("half", r"wrote a data set without sequences in 'test\.probe'; its splits are train"),
    ],
)
def test_a_data_set_that_cannot_be_used_is_not_kept(does, message, tmp_path):
    with pytest.raises(PluginError, match=message):
        made(tmp_path, does)
    assert not list((tmp_path / "store" / "datasets").iterdir())


def test_a_full_disk_is_the_stores_trouble_whoever_notices_it(tmp_path):
    with pytest.raises(StoreError, match=r"No space left on device.*make room"):
        made(tmp_path, "fills")


def test_a_whole_data_set_is_kept(tmp_path):
    assert made(tmp_path, "all").has("datasets", "key")
