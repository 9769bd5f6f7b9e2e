import numpy as np
import torch

from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusions.crowd import PEOPLE, Crowd


def hidden(generator: Crowd, k: int, t: int = 20, h: int = 64, w: int = 44) -> torch.Tensor:
    return occlude(torch.ones((1, t, h, w)), [generator.draw(stream(k), t, h, w)]).hidden[0]


def test_the_person_stands_on_the_lower_edge_and_has_their_height():
    for amount in (0.5, 0.75, 1.0):
        highest = 0
        for k in range(6):
            rows = hidden(Crowd((amount, amount), (0, 0)), k).any(2)
            highest = max(highest, int(rows.sum(1).max()))
            assert not rows[:, : 64 - int(amount * 64)].any()
        assert highest == int(amount * 64)


def test_it_has_the_shape_of_a_person():
    # The whole person, in a frame wide enough: a head narrower than the stride below.
    widths = []
    for k in range(30):
        mask = hidden(Crowd((1, 1), (0, 0)), k, 30, 64, 200)
        if not mask[:, :, 0].any() and not mask[:, :, -1].any():
            spans = mask.float().mean(0).gt(0).sum(1)
            widths.append([int(spans[3]), int(spans[60])])
            assert 0.05 < mask.float().mean() * 200 / 64 < 0.45
    head, feet = np.mean(widths, axis=0)
    assert len(widths) > 5
    assert head < 14 < 25 < feet


def test_who_walks_when_and_where_to_is_drawn():
    drawn = [Crowd().draw(stream(k), 5, 64, 44).parameters for k in range(60)]
    assert {d["person"] for d in drawn} == set(range(PEOPLE))
    assert {d["direction"] for d in drawn} == {-1, 1}
    assert len({d["phase"] for d in drawn}) == len({d["speed_px"] for d in drawn}) == 60


def test_people_face_where_they_walk():
    # Feet point ahead: the lowest rows reach farther from the middle of the head in that direction.
    ahead = []
    for k in range(40):
        drawn = Crowd((1, 1), (0, 0)).draw(stream(k), 26, 64, 200)
        mask = drawn.steps[0].mask
        assert mask is not None
        if mask[:, :, 0].any() or mask[:, :, -1].any():
            continue
        # Toes stand out in front of the ankle in most frames of a cycle.
        feet = [np.flatnonzero(row) for row in mask[:, 62]]
        ankles = [np.flatnonzero(row) for row in mask[:, 56]]
        shift = np.mean([f.mean() - a.mean() for f, a in zip(feet, ankles, strict=True)])
        ahead.append(shift * float(drawn.parameters["direction"]))
    assert len(ahead) > 10
    assert np.mean(ahead) > 0.3
