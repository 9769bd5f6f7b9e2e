"""What stages recorded, from a store to verdicts; stages that recorded nothing cost nothing."""

import shutil

import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import StoreError
from gaitbench.core.store import Store
from gaitbench.training.history import HISTORY, nothing_recorded, write_history
from tests.making import collected
from tests.protocols.experiments import bench

ALONE = {"methods": ("baseline-1",)}


@pytest.fixture
def copy(small_store, tmp_path):
    """A copy of a store with one stage, which may be changed."""
    shutil.copytree(small_store.folder, tmp_path / "copy")
    return Store(tmp_path / "copy")


def stage_folder(store):
    (key,) = store.keys("stages")
    return store.path("stages", key)


def linear(steps):
    losses = 5 - np.arange(steps) / steps
    rows = [(i + 1, "triplet", loss, loss) for i, loss in enumerate(losses)]
    return pd.DataFrame(rows, columns=list(HISTORY))


def test_a_short_training_is_read_and_gives_no_verdict(small_store):
    results = collected(small_store, bench(**ALONE))
    (training,) = results.trainings
    assert training.title == "extractor on whole clips, of Baseline-1"
    assert (training.steps, training.hidden, training.is_further) == (4, 0.0, False)
    assert training.losses[0].steps.tolist() == [1, 2, 3, 4]
    assert training.stages == {*small_store.keys("stages")}
    assert training.convergence.words == "too few steps to say"
    assert not results.cells["still_falls"].any()


def test_a_falling_loss_reaches_every_method_that_rests_on_it(copy):
    write_history(linear(40), stage_folder(copy))
    results = collected(copy, bench(methods=("baseline-1", "baseline-2", "rg-gait")))
    (training,) = results.trainings
    assert training.convergence.words == "training and validation still fall"
    falling = results.cells.groupby("method")["still_falls"].agg(["all", "any"])
    assert falling.to_dict("index") == {
        "baseline-1": {"all": True, "any": True},
        # Trained by itself, so what becomes of the shared extractor is all one to it.
        "baseline-2": {"all": False, "any": False},
        "rg-gait": {"all": True, "any": True},
    }


def test_what_recorded_nothing_is_left_out(copy):
    write_history(nothing_recorded(), stage_folder(copy))
    assert collected(copy, bench(**ALONE)).trainings == ()


def test_scores_are_read_without_the_stages(copy):
    shutil.rmtree(copy.folder / "stages")
    results = collected(copy, bench(**ALONE))
    assert results.trainings == ()
    assert set(results.cells["status"]) == {"done"}
    assert not results.cells["still_falls"].any()


def test_a_damaged_history_is_an_error(copy):
    (stage_folder(copy) / "history.csv").write_text("nothing")
    with pytest.raises(StoreError, match="is no history"):
        collected(copy, bench(**ALONE))
