import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import StoreError
from gaitbench.training.history import HISTORY, nothing_recorded, read_losses, write_history


def history(*rows):
    return pd.DataFrame(rows, columns=list(HISTORY))


def test_terms_are_summed_at_each_check(tmp_path):
    recorded = history(
        (5, "cross-entropy", 3.0, np.nan),
        (5, "triplet", 0.5, 0.75),
        (5, "amount", 0.25, 0.125),
        (10, "cross-entropy", 2.0, np.nan),
        (10, "triplet", 0.25, 0.5),
        (10, "amount", 0.125, 0.125),
    )
    write_history(recorded, tmp_path)
    losses = read_losses(tmp_path)
    assert losses.steps.tolist() == [5, 10]
    assert losses.training.tolist() == [3.75, 2.375]
    assert losses.validation.tolist() == [0.875, 0.625]


def test_without_a_validation_loss_there_is_none(tmp_path):
    write_history(history((1, "cross-entropy", 3.0, np.nan)), tmp_path)
    assert np.isnan(read_losses(tmp_path).validation).all()


def test_what_recorded_nothing_has_no_losses(tmp_path):
    assert read_losses(tmp_path / "absent") is None
    write_history(nothing_recorded(), tmp_path)
    assert read_losses(tmp_path) is None


@pytest.mark.parametrize("text", ["step\n1\n", "step,term,training,validation\n1,a,much,2\n"])
def test_a_damaged_history_is_named(text, tmp_path):
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(
        StoreError, match=r"history\.csv is no history of losses.*Remove its folder"
    ):
        read_losses(tmp_path)
