"""The model of whole bodies: against fits one by one, and on bodies whose cut is known."""

import pytest
import torch
from torch.nn.functional import interpolate

from gaitbench.networks.body_model import (
    WHOLE_MARGIN,
    BodyModel,
    candidate_windows,
    put_back,
    put_back_matrices,
    row_visibility,
)

H, W = 32, 6


def bodies(n, *, seed=0, noise=0.02):
    """Return images [n, h, w] of bodies that differ in four smooth ways."""
    rng = torch.Generator().manual_seed(seed)
    row = torch.linspace(0, 1, H)[:, None]
    column = torch.linspace(-1, 1, W)
    ways = torch.stack(
        [torch.sin(k * 3.0 * row + 1.7 * k) * (1 + 0.3 * k * column) for k in range(1, 5)]
    )
    outline = 0.4 + 0.5 * torch.sin(9 * row) * (1 - column.abs())
    weights = torch.randn(n, 4, generator=rng)
    images = outline + 0.2 * torch.einsum("nk,krw->nrw", weights, ways)
    return images + noise * torch.randn(n, H, W, generator=rng)


def stretched(images, window):
    """Return the rows [n, h, w] inside a window stretched to the full height, in pixels."""
    first, last = window
    return interpolate(images[:, None, first:last], size=(H, W), mode="bilinear")[:, 0]


@pytest.fixture(scope="module")
def model():
    fitted = BodyModel(H, W, 4)
    fitted.fit(bodies(300))
    return fitted


def test_windows_that_are_looked_for():
    windows = candidate_windows()
    assert windows[0].tolist() == [0, 1]
    assert ((windows[:, 0] == 0) | (windows[:, 1] == 1)).all()
    cut = windows[:, 0] + 1 - windows[:, 1]
    assert cut[1:].min() == pytest.approx(0.05)
    assert cut.max() == pytest.approx(0.7)
    assert len(torch.unique(windows, dim=0)) == len(windows)


def test_visible_rows_by_hand():
    windows = torch.tensor([[0.0, 1.0], [0.25, 1.0], [0.0, 0.625], [0.3125, 0.6875]])
    assert row_visibility(windows, 8).tolist() == [
        [1] * 8,
        [0, 0, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 0, 0, 0],
        [0, 0, 0.5, 1, 1, 0.5, 0, 0],
    ]


@pytest.mark.parametrize("window", [(12, H), (0, 20), (5, 24)])
def test_rows_come_back_to_where_they_were(window):
    images = bodies(5, noise=0)
    windows = torch.tensor([window]).expand(5, 2) / H
    found = put_back(stretched(images, window)[:, None], windows)[:, 0]
    first, last = window
    inside = slice(first + 1, last - 1)
    torch.testing.assert_close(found[:, inside], images[:, inside], atol=0.06, rtol=0)
    outside = torch.ones(H, dtype=torch.bool)
    outside[first:last] = False
    assert (found[:, outside] == 0).all()


def test_whole_clips_stay_as_they_are():
    clips = bodies(3)[:, None]
    assert torch.equal(put_back(clips, torch.tensor([[0.0, 1.0]] * 3)), clips)


def test_every_clip_has_its_own_window():
    clips = bodies(3)[:, None].expand(-1, 2, -1, -1)
    windows = torch.tensor([[0.0, 0.5], [0.5, 1.0], [0.0, 1.0]])
    found = put_back(clips, windows)
    for i in range(3):
        torch.testing.assert_close(found[i : i + 1], put_back(clips[i : i + 1], windows[i : i + 1]))


def test_errors_equal_fits_one_by_one(model):
    images = torch.cat([bodies(2, seed=3), stretched(bodies(2, seed=4), (13, H))])
    windows = candidate_windows()
    found = model.errors(images)
    assert found.shape == (4, len(windows))
    back, seen = put_back_matrices(windows.double(), H), row_visibility(windows.double(), H)
    components = model.components.double().flatten(0, 1)
    for j in (0, 1, 30, len(windows) - 1):
        weights = seen[j].repeat_interleave(W)
        for i, image in enumerate(images.double()):
            target = (back[j] @ image - model.mean.double()).flatten()
            # Ridge regression as least squares with as many rows more as there are components.
            rows = torch.cat(
                [weights.sqrt()[:, None] * components, model.noise.sqrt() * torch.eye(4)]
            )
            values = torch.cat([weights.sqrt() * target, torch.zeros(4)])
            fit = torch.linalg.lstsq(rows, values[:, None]).solution
            error = (rows @ fit - values[:, None]).square().sum() / weights.sum()
            torch.testing.assert_close(found[i, j].double(), error, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("window", [(10, H), (18, H), (0, 14), (0, 26)])
def test_cuts_are_found(model, window):
    clips = stretched(bodies(40, seed=5), window)[:, None]
    found = model.windows(clips)
    torch.testing.assert_close(found.mean(0), torch.tensor(window) / H, atol=0.02, rtol=0)
    assert ((found - torch.tensor(window) / H).abs().amax(1) < 0.05).float().mean() > 0.9


def test_whole_bodies_are_found_whole(model):
    found = model.windows(bodies(200, seed=6)[:, None])
    assert (found == torch.tensor([0.0, 1.0])).all(1).float().mean() > 0.97
    assert 0 < WHOLE_MARGIN < 1


def test_a_clip_has_the_window_that_it_has_alone(model):
    clips = torch.cat([stretched(bodies(4, seed=7), (14, H)), bodies(4, seed=8)])[:, None]
    together = model.windows(clips)
    assert torch.equal(together, torch.cat([model.windows(clip[None]) for clip in clips]))


@pytest.mark.parametrize("loaded", [True, False])
def test_windows_follow_what_was_fitted_or_loaded_last(model, loaded):
    clips = stretched(bodies(20, seed=9), (14, H))[:, None]
    other = BodyModel(H, W, 4)
    other.fit(bodies(50, seed=10).flip(1))
    before = other.windows(clips)
    if loaded:
        other.load_state_dict(model.state_dict())
    else:
        other.fit(bodies(300))
    assert torch.equal(other.windows(clips), model.windows(clips))
    assert not torch.equal(before, model.windows(clips))


def test_a_blank_clip_has_some_window(model):
    window = model.windows(torch.zeros(1, 2, H, W))
    assert (window[:, 0] < window[:, 1]).all()


def test_fewer_images_than_components():
    model = BodyModel(H, W, 10)
    model.fit(bodies(3))
    assert model.components.isfinite().all()
    assert model.windows(bodies(2)[:, None]).isfinite().all()
