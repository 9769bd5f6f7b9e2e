"""Scores as they lie in a store."""

import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import StoreError
from gaitbench.core.store import Store
from gaitbench.data.rules import Rules
from gaitbench.evaluation.scores import read_rules, read_scores, write_scores


def test_what_is_written_is_read(tmp_path):
    store = Store(tmp_path / "store")
    scores = pd.DataFrame(
        {"search": ["all", "all"], "rank": [1, 3], "ap": [1.0, np.nan], "view": ["000", "090"]}
    )
    rules = Rules(name="mine", version=2)
    with store.write("scores", "key", {}) as folder:
        write_scores(folder, scores, rules)
    pd.testing.assert_frame_equal(read_scores(store, "key"), scores, check_dtype=False)
    assert read_rules(store, "key") == rules


def test_what_cannot_be_read_says_what_to_do(tmp_path):
    store = Store(tmp_path / "store")
    with pytest.raises(StoreError, match=r"probes\.npz cannot be read.*Remove its folder"):
        read_scores(store, "key")
    store.path("scores", "key").mkdir(parents=True)
    (store.path("scores", "key") / "probes.npz").write_bytes(b"PK cut short")
    (store.path("scores", "key") / "rules.json").write_text("{")
    with pytest.raises(StoreError, match=r"probes\.npz cannot be read"):
        read_scores(store, "key")
    with pytest.raises(StoreError, match=r"rules\.json cannot be read"):
        read_rules(store, "key")
