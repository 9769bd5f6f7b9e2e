"""Whether two lists rank the same methods alike."""

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import ProtocolError
from gaitbench.statistics.intervals import LEVEL, Interval, Unavailable, interval_of
from gaitbench.statistics.resampling import Resampling


def kendall_tau(first: Doubles, second: Doubles) -> Doubles:
    """Return Kendall's τ-b between two orders of the same methods.

    Args:
        first: Shape (..., methods): values of one list; only their order counts.
        second: Shape (..., methods), broadcast against `first`.

    Returns:
        Shape (...), in [-1, 1]; NaN where all methods of a list tie.

    Raises:
        ProtocolError: If the lists differ in length or hold fewer than two methods.

    Source: Kendall, The treatment of ties in ranking problems, 1945.
    """
    size = first.shape[-1]
    if size != second.shape[-1] or size < 2:
        raise ProtocolError(
            f"{size} and {second.shape[-1]} methods: orders are compared of the same methods, two or "
            "more."
        )
    a, b = _signs(first), _signs(second)
    both = (a * b).sum(axis=-1)
    untied = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    undefined = np.full(np.broadcast_shapes(both.shape, untied.shape), np.nan)
    tau: Doubles = np.divide(both, untied, out=undefined, where=untied > 0)
    return tau


def _signs(values: Doubles) -> Doubles:
    """Return the sign of every difference between two methods, shape (..., pairs)."""
    i, j = np.triu_indices(values.shape[-1], k=1)
    signs: Doubles = np.sign(values[..., i] - values[..., j])
    return signs


def kendall_interval(
    first: Doubles, second: Doubles, resampling: Resampling, *, level: float = LEVEL
) -> Interval | Unavailable:
    """Return the interval of τ-b between lists of which one or both were measured here.

    Args:
        first: Shape (n, methods), from `PerSeed.combined`; or (methods,) for a list that is given,
            such as a published one.
        second: Likewise, from the same resampling.
        resampling: Of n resamples.
        level: Coverage.

    Raises:
        ProtocolError: If neither list was resampled.
    """
    tau = np.atleast_1d(kendall_tau(first, second))
    if len(tau) != resampling.n_resamples:
        raise ProtocolError(
            f"{len(tau)} resamples of an order, but {resampling.n_resamples} were drawn: give the "
            "resampled values of at least one of the two lists."
        )
    return interval_of(tau, resampling, level=level)
