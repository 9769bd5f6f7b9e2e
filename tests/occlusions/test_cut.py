import pytest
import torch

from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import OccludedClips, occlude
from gaitbench.occlusion.base import Occlusion
from gaitbench.occlusions.cut import Bottom, Top


def occluded(generator: Occlusion, clip: torch.Tensor) -> OccludedClips:
    return occlude(clip[None], [generator.draw(stream(0), *clip.shape)])


@pytest.mark.parametrize(("kind", "hidden"), [(Top, slice(0, 16)), (Bottom, slice(48, 64))])
@pytest.mark.parametrize("fit", ["stretch", "mask"])
def test_a_quarter_of_the_rows_is_hidden(kind, hidden, fit, make_clip):
    clip = make_clip(3, 64, 44)
    done = occluded(kind((0.25, 0.25), fit), clip)
    rows = torch.zeros(64, dtype=torch.bool)
    rows[hidden] = True
    assert torch.equal(done.hidden[0].all(2), rows.expand(3, -1))
    assert torch.equal(done.hidden[0].any(2), rows.expand(3, -1))
    if fit == "mask":
        assert torch.equal(done.clips[0], clip * ~rows[:, None])
    else:
        assert done.clips[0].any(2).all()


def test_rows_are_rounded_as_released():
    # 0.3 of 64 rows are 19.2: at the top 19 are cut off; at the bottom 44 of 44.8 are kept.
    assert Top().rows(0.3, 64) == (19, 64)
    assert Bottom().rows(0.3, 64) == (0, 44)


@pytest.mark.parametrize("kind", [Top, Bottom])
def test_crop_keeps_the_proportions(kind, make_clip):
    clip = make_clip(2, 64, 64)
    done = occluded(kind((0.5, 0.5), "crop"), clip)
    kept = ~done.hidden[0, 0]
    assert kept.any(1).sum() == kept.any(0).sum() == 32
    assert kept.any(0).nonzero().flatten().tolist() == list(range(16, 48))


@pytest.mark.parametrize("kind", [Top, Bottom])
def test_one_row_remains_to_be_stretched_but_a_mask_may_hide_all(kind, make_clip):
    clip = make_clip(2, 32, 22)
    assert occluded(kind((1, 1)), clip).hidden[0].all(2).sum(1).tolist() == [31, 31]
    assert occluded(kind((1, 1), "mask"), clip).hidden.all()
    assert not occluded(kind((1, 1), "mask"), clip).clips.any()
