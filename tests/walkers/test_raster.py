import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.walkers.raster import Outlines, fill, paint, scan

SIZE = 24
coordinates = st.floats(-6.0, SIZE + 6.0, allow_nan=False)
radii = st.floats(0.3, 8.0)
stretches = st.floats(0.4, 2.5)


def outlines(rows):
    """One frame of outlines from rows of x0, y0, x1, y1, r0, r1, stretch_x, stretch_y, shear."""
    x0, y0, x1, y1, r0, r1, sx, sy, shear = np.array(rows, dtype=float).T[:, None]
    v = np.stack([y0, y1], axis=-1) / sy[..., None]
    u = (np.stack([x0, x1], axis=-1) - shear[..., None] * v) / sx[..., None]
    return Outlines(u, v, np.stack([r0, r1], axis=-1), sx, sy, shear)


def depth_inside(shape, x, y):
    """How deep a point lies in an outline, in the discs' plane: in the best of many discs."""
    v = y / shape.stretch_y
    u = (x - shape.shear * v) / shape.stretch_x
    along = np.linspace(0.0, 1.0, 800)[:, None, None]
    (u0, u1), (v0, v1), (r0, r1) = shape.u[0, 0], shape.v[0, 0], shape.radius[0, 0]
    centre_u, centre_v = u0 + along * (u1 - u0), v0 + along * (v1 - v0)
    return (r0 + along * (r1 - r0) - np.hypot(u - centre_u, v - centre_v)).max(axis=0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.tuples(
        coordinates,
        coordinates,
        coordinates,
        coordinates,
        radii,
        radii,
        stretches,
        stretches,
        st.floats(-1.5, 1.5),
    )
)
def test_scanlines_equal_a_test_of_every_pixel(row):
    shape = outlines([row])
    filled = fill(scan(shape, SIZE, SIZE), 1, SIZE, SIZE)[0]
    y, x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    depth = depth_inside(shape, x, y)
    clear = np.abs(depth) > 0.01
    np.testing.assert_array_equal(filled[clear], depth[clear] > 0)


def test_one_disc_inside_the_other_is_the_larger_disc():
    both = outlines([(12, 12, 13, 12, 6, 2, 1, 1, 0)])
    large = outlines([(12, 12, 12, 12, 6, 6, 1, 1, 0)])
    np.testing.assert_array_equal(
        fill(scan(both, SIZE, SIZE), 1, SIZE, SIZE), fill(scan(large, SIZE, SIZE), 1, SIZE, SIZE)
    )


def test_level_and_upright_capsules_are_transposes():
    level = fill(scan(outlines([(6, 12, 18, 12, 4, 2, 1, 1, 0)]), SIZE, SIZE), 1, SIZE, SIZE)[0]
    upright = fill(scan(outlines([(12, 6, 12, 18, 4, 2, 1, 1, 0)]), SIZE, SIZE), 1, SIZE, SIZE)[0]
    np.testing.assert_array_equal(level, upright.T)


def test_what_is_outside_of_the_image_is_cut_off():
    spans = scan(
        outlines([(-40, 5, -30, 5, 3, 3, 1, 1, 0), (5, 90, 5, 99, 3, 3, 1, 1, 0)]), SIZE, SIZE
    )
    assert not fill(spans, 1, SIZE, SIZE).any()


def test_placing_scales_about_the_origin_and_moves():
    moved = outlines([(3, 4, 5, 6, 1, 2, 1, 1.5, 0.4)]).placed(
        np.array([2.0]), np.array([1.0]), np.array([-1.0])
    )
    x = moved.stretch_x[..., None] * moved.u + moved.shear[..., None] * moved.v
    y = moved.stretch_y[..., None] * moved.v
    np.testing.assert_allclose(x[0, 0], [7.0, 11.0])
    np.testing.assert_allclose(y[0, 0], [7.0, 11.0])


def test_the_nearer_outline_covers_the_farther():
    shapes = outlines([(8, 12, 8, 12, 5, 5, 1, 1, 0), (12, 12, 12, 12, 5, 5, 1, 1, 0)])
    spans, labels = scan(shapes, SIZE, SIZE), np.array([3, 7], np.uint8)
    first_near = paint(spans, labels, np.array([[1.0, 2.0]]), 1, SIZE, SIZE)[0]
    second_near = paint(spans, labels, np.array([[2.0, 1.0]]), 1, SIZE, SIZE)[0]
    assert first_near[12, 10] == 3
    assert second_near[12, 10] == 7
    np.testing.assert_array_equal(first_near > 0, fill(spans, 1, SIZE, SIZE)[0])
