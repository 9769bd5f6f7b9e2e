import pytest
import torch

from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.base import make


@pytest.mark.parametrize("vertical", ["top", "bottom"])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("width", [8, 9])
def test_the_patch_is_at_its_corner(vertical, side, width):
    generator = make(f"corner-{vertical}-{side}").at(0.3)
    done = occlude(torch.ones((1, 3, 10, width)), [generator.draw(stream(0), 3, 10, width)])
    expected = torch.zeros((10, width), dtype=torch.bool)
    rows = slice(0, 3) if vertical == "top" else slice(7, 10)
    columns = slice(0, width // 2) if side == "left" else slice(width // 2, width)
    expected[rows, columns] = True
    assert torch.equal(done.hidden[0], expected.expand(3, -1, -1))


def test_the_four_corners_at_full_height_cover_the_frame_twice():
    hidden = [
        occlude(torch.ones((1, 1, 10, 9)), [make(name).at(1).draw(stream(0), 1, 10, 9)]).hidden
        for v in ("top", "bottom")
        for name in (f"corner-{v}-left", f"corner-{v}-right")
    ]
    assert (torch.stack(hidden).sum(0) == 2).all()
