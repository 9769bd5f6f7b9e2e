import numpy as np
import pytest
import torch

from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusions.dropout import Dropout


def lost_frames(amount: float, t: int, k: int) -> np.ndarray:
    done = occlude(torch.ones((1, t, 4, 3)), [Dropout().at(amount).draw(stream(k), t, 4, 3)])
    whole = done.hidden[0].flatten(1)
    assert torch.equal(whole.any(1), whole.all(1))
    assert torch.equal(~done.clips[0].flatten(1).any(1), whole.all(1))
    return whole.all(1).numpy()


@pytest.mark.parametrize("t", [1, 3, 10])
@pytest.mark.parametrize("amount", [0.1, 0.25, 0.5])
def test_the_expected_share_is_the_amount_for_any_length(t, amount):
    shares = [lost_frames(amount, t, k).mean() for k in range(600)]
    assert np.mean(shares) == pytest.approx(amount, abs=0.06)


def test_the_number_is_rounded_and_all_frames_are_lost_equally_often():
    lost = np.stack([lost_frames(0.25, 10, k) for k in range(800)])
    assert set(lost.sum(1).tolist()) == {2, 3}
    assert np.ptp(lost.mean(0)) < 0.1


def test_everything_and_nothing():
    assert lost_frames(1.0, 7, 0).all()
    assert not lost_frames(0.0, 7, 0).any()
