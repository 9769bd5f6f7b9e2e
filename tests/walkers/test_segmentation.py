import numpy as np

from gaitbench.core.random_streams import stream
from gaitbench.walkers.segmentation import degraded, draw_noise


def body(t=12):
    frames = np.zeros((t, 64, 64), np.uint8)
    frames[:, :, 24:40] = 1
    return frames


def test_noise_is_drawn_once_and_applied_without_chance():
    frames, before = body(), body()
    noise = draw_noise(stream(0, "n"), frames.shape, 1.0)
    first = degraded(frames, noise)
    np.testing.assert_array_equal(first, degraded(frames, noise))
    np.testing.assert_array_equal(frames, before)
    assert set(np.unique(first)) == {0, 1}


def test_no_noise_leaves_a_smooth_body_as_it_is():
    frames = body()
    np.testing.assert_array_equal(
        degraded(frames, draw_noise(stream(0), frames.shape, 0.0)), frames
    )


def test_more_noise_changes_more_but_mostly_edges():
    frames = body(30)
    changed = [
        (degraded(frames, draw_noise(stream(0), frames.shape, level)) != frames).mean()
        for level in (0.3, 1.0, 2.0)
    ]
    assert changed[0] < changed[1] < changed[2] < 0.1


def test_a_frame_never_loses_its_body():
    frames = np.zeros((4, 64, 64), np.uint8)
    frames[:, 30, 30] = 1
    out = degraded(frames, draw_noise(stream(0), frames.shape, 3.0))
    assert out.any(axis=(1, 2)).all()
