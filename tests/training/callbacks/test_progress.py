"""What whoever watches can read of a training."""

import torch

from gaitbench.core import progress
from gaitbench.core.store import Store
from gaitbench.training.callbacks.base import StepLosses
from gaitbench.training.callbacks.progress import Progress


def test_the_last_step_is_always_written_and_others_twice_a_second(tmp_path, monkeypatch):
    store, now = Store(tmp_path), [100.0]
    monkeypatch.setattr(
        progress.time,  # type: ignore[attr-defined]
        "monotonic",
        lambda: now[0],
    )
    callback = Progress(store, "key")
    callback.on_start(None, 4)
    losses = StepLosses({"triplet": torch.tensor(1.0), "cross-entropy": torch.tensor(2.0)})
    written = []
    for step, time in ((1, 100.1), (2, 100.6), (3, 100.7), (4, 100.8)):
        now[0] = time
        callback.on_step(step, losses)
        written.append(store.progress("key").get("step"))
    assert written == [None, 2, 2, 4]
    state = store.progress("key")
    assert (state["of"], state["loss"], state["seconds"]) == (4, 3.0, 0.8)
