"""Effects of a crossed design, against their textbook definition."""

import itertools

import numpy as np
import pytest

from gaitbench.statistics.effects import SOURCES, effect, effect_range, effect_shares


def slow_effect(grid, axes):
    """An effect by its textbook definition, one entry after another."""
    found = {}
    for place in itertools.product(*(range(grid.shape[a]) for a in axes)):
        total = 0.0
        for k in range(len(axes) + 1):
            for kept in itertools.combinations(range(len(axes)), k):
                index: list[slice | int] = [slice(None)] * 3
                for i in kept:
                    index[axes[i]] = place[i]
                total += (-1) ** (len(axes) - k) * grid[tuple(index)].mean()
        found[place] = total
    return found


@pytest.mark.parametrize("axes", [s.axes for s in SOURCES])
def test_effects_are_those_of_the_textbook(axes):
    grid = np.random.default_rng(1).random((4, 3, 3))
    fast = effect(grid, axes)
    for place, expected in slow_effect(grid, axes).items():
        index = [0, 0, 0]
        for axis, i in zip(axes, place, strict=True):
            index[axis] = i
        assert fast[tuple(index)] == pytest.approx(expected, abs=1e-12)


def test_effects_add_up_to_the_grid_and_their_shares_to_one():
    grid = np.random.default_rng(2).random((5, 4, 3, 3))
    total = grid.mean(axis=(1, 2, 3), keepdims=True)
    assert total + sum(effect(grid, s.axes) for s in SOURCES) == pytest.approx(grid)
    assert effect_shares(grid).sum(axis=-1) == pytest.approx(np.ones(5))
    assert effect_shares(np.full((4, 3, 3), 0.5)) == pytest.approx(np.zeros(len(SOURCES)))


def test_a_range_is_the_best_less_the_worst_marginal_mean():
    grid = np.zeros((2, 3, 3))
    grid[1] = 0.25
    assert [effect_range(grid, axis) for axis in range(3)] == pytest.approx([0.25, 0.0, 0.0])
