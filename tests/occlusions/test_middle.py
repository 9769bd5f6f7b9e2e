import pytest
import torch

from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusions.middle import Middle


@pytest.mark.parametrize(("amount", "first", "last"), [(0.5, 16, 48), (0.25, 24, 40), (1.0, 0, 64)])
def test_the_band_is_around_the_centre(amount, first, last):
    clips = torch.ones((1, 2, 64, 44))
    done = occlude(clips, [Middle().at(amount).draw(stream(0), 2, 64, 44)])
    rows = [first <= row < last for row in range(64)]
    assert done.hidden[0].all(2).tolist() == [rows] * 2
    assert done.hidden[0].any(2).tolist() == [rows] * 2
    assert float(done.share) == pytest.approx(amount)
