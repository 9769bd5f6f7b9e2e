"""Solids in space and the camera that sees them.

A solid is an ellipsoid swept along a line while its size changes linearly: a sphere, an ellipsoid,
a tapered capsule or a tapered trunk with an elliptical section, all in one form. Its image is an
outline of `raster.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import DataError
from gaitbench.walkers.raster import Outlines

PARTS = ("head", "torso", "l_arm", "r_arm", "l_leg", "r_leg", "carried", "worn")
"""Parts of what is seen; a part's label is its position here plus one, and 0 is background."""

NEAREST_M = 0.3
"""No solid's centre may be nearer to the camera than this: perspective breaks down at the lens."""


def label(part: str) -> int:
    """Return the label of a part in `Rendered.parts`.

    >>> label("head")
    1
    """
    return PARTS.index(part) + 1


@dataclass(frozen=True, eq=False)
class Solids:
    """Swept ellipsoids that move over `t` frames.

    Args:
        ends: Shape [t, p, 2, 3], centres of the first and last ellipsoid, in metres.
        sizes: Shape [p, 2], scale of `axes` at the two ends.
        axes: Shape [t, p, 3, 3]; the columns are the ellipsoid's half axes at scale 1, in metres.
        labels: Shape [p], see `PARTS`.
    """

    ends: Doubles
    sizes: Doubles
    axes: Doubles
    labels: npt.NDArray[np.uint8]

    @classmethod
    def joined(cls, many: Sequence["Solids"]) -> "Solids":
        """Return all solids of several groups as one group."""
        if len(many) == 1:
            return many[0]
        return cls(
            np.concatenate([s.ends for s in many], axis=1),
            np.concatenate([s.sizes for s in many]),
            np.concatenate([s.axes for s in many], axis=1),
            np.concatenate([s.labels for s in many]),
        )


def capsule(
    start: Doubles, end: Doubles, start_radius: float, end_radius: float, *, part: str
) -> Solids:
    """Return one tapered capsule between two moving points [t, 3], in metres."""
    axes = np.broadcast_to(np.eye(3), (len(start), 1, 3, 3))
    sizes = np.array([[start_radius, end_radius]])
    return Solids(
        np.stack([start, end], 1)[:, None], sizes, axes, np.array([label(part)], np.uint8)
    )


def swept(
    start: Doubles, end: Doubles, axes: Doubles, start_size: float, end_size: float, *, part: str
) -> Solids:
    """Return an ellipsoid, half axes [t, 3, 3], swept from `start` to `end` [t, 3] while scaled."""
    ends = np.stack([start, end], axis=1)[:, None]
    return Solids(
        ends, np.array([[start_size, end_size]]), axes[:, None], np.array([label(part)], np.uint8)
    )


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that stands still and looks at the middle of a walk.

    The angle is CASIA-B's (Yu, Tan and Tan, "A Framework for Evaluating the Effect of View Angle,
    Clothing and Carrying Condition on Gait Recognition", ICPR 2006): eleven cameras stand to the
    left of the walker, 18° apart.

    Args:
        view_deg: 0 where the walker comes towards the camera, 90 for the side view from the
            walker's left, 180 where the walker goes away; above 180 or below 0 the camera stands to
            the right.
        height_m: Above the ground.
        distance_m: Horizontal distance to the middle of the walk.
    """

    view_deg: float = 90.0
    height_m: float = 1.3
    distance_m: float = 6.0

    def axes(self, target: Doubles) -> tuple[Doubles, Doubles]:
        """Return the position [3] and the rows right, down, forward [3, 3], aimed at `target`."""
        angle = np.deg2rad(self.view_deg)
        away = self.distance_m * np.array([np.cos(angle), np.sin(angle), 0.0])
        position = np.array([target[0], target[1], self.height_m]) + away
        forward = (target - position) / np.linalg.norm(target - position)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        return position, np.stack([right, np.cross(forward, right), forward])


def _seen_shape(half_axes: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Return stretch_x, stretch_y and shear of an ellipsoid with these axes, [..., 2, 3]."""
    xx = np.einsum("...i,...i->...", half_axes[..., 0, :], half_axes[..., 0, :])
    xy = np.einsum("...i,...i->...", half_axes[..., 0, :], half_axes[..., 1, :])
    yy = np.einsum("...i,...i->...", half_axes[..., 1, :], half_axes[..., 1, :])
    # Cholesky's factor with y first: the only square root of the ellipse's matrix that keeps rows
    # rows.
    stretch_y = np.sqrt(np.maximum(yy, 1e-12))
    shear = xy / stretch_y
    return np.sqrt(np.maximum(xx - shear**2, 1e-12)), stretch_y, shear


def project(solids: Solids, camera: Camera, target: Doubles) -> tuple[Outlines, Doubles]:
    """Return the outlines of solids in the image and their depth.

    The ellipsoid is projected with the perspective of the middle of its sweep, linearised there;
    the two ends keep their own magnification. At body sizes and distances of metres the error is
    below a pixel.

    Args:
        solids: In metres.
        camera: Aimed at `target`.
        target: Shape [3].

    Returns:
        Outlines in units of the focal length, and the distance along the optical axis, [t, p], in
        metres.

    Raises:
        DataError: If a solid is behind the camera or too close to it.
    """
    position, rotation = camera.axes(target)
    ends = np.einsum("tpei,ji->tpej", solids.ends - position, rotation)
    depth = ends[..., 2]
    if depth.min() < NEAREST_M:
        raise DataError(
            f"The walk comes within {depth.min():.2f} m of the camera, which is "
            f"{camera.distance_m:g} m from its middle; at least {NEAREST_M:g} m are needed. "
            "Move the camera away or cut the walk into clips."
        )
    image = ends[..., :2] / depth[..., None]
    mid_depth, mid_image = depth.mean(axis=2), image.mean(axis=2)
    turned = np.einsum("ij,tpjk->tpik", rotation, solids.axes)
    half_axes = (turned[..., :2, :] - mid_image[..., None] * turned[..., 2:, :]) / mid_depth[
        ..., None, None
    ]
    stretch_x, stretch_y, shear = _seen_shape(half_axes)
    v = image[..., 1] / stretch_y[..., None]
    u = (image[..., 0] - shear[..., None] * v) / stretch_x[..., None]
    radius = solids.sizes * (mid_depth[..., None] / depth)
    return Outlines(u, v, radius, stretch_x, stretch_y, shear), mid_depth
