"""Which pairs belong together by what they show."""

from itertools import product

import numpy as np
import pytest

from gaitbench.evaluation.pair_groups import (
    SAME_PART,
    Shown,
    mean_body,
    split_names,
    types_of,
)
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.occlusion.setting import get_setting

CUT = get_setting("mimicgait").test
SOME = get_setting("rg-gait").test
MANY = get_setting("occ-aware").test
ONE = Mix.of(("middle",), (0.4, 0.6), 1.0)


def shown(n=12, m=9, cells=6, seed=0):
    rng = np.random.default_rng(seed)
    body = rng.random(cells)
    return Shown(
        probes=rng.random((n, cells)),
        gallery=rng.random((m, cells)),
        body=body / body.sum(),
        probe_types=rng.choice(["top", "bottom"], n),
        gallery_types=rng.choice(["top", "bottom"], m),
    )


def test_what_both_show_is_summed_over_the_body():
    clips = shown()
    rows, columns = np.array([3, 0, 7]), np.array([8, 2])
    found = clips.common(rows, columns)
    for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
        expected = sum(
            b * p * g
            for b, p, g in zip(clips.body, clips.probes[row], clips.gallery[column], strict=True)
        )
        assert found[i, j] == pytest.approx(expected)


def test_halves_of_a_body_show_the_same_part_if_they_are_the_same_half():
    top, bottom, whole, nothing = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1] * 4, [0] * 4], float)
    clips = np.stack([top, bottom, whole, nothing])
    types = np.array(["top", "bottom", "none", "none"])
    found = Shown(clips, clips, np.full(4, 0.25), types, types)
    rows = np.arange(4)
    assert found.same_part(rows, rows).astype(int).tolist() == [
        [1, 0, 1, 0],
        [0, 1, 1, 0],
        [1, 1, 1, 0],
        [0, 0, 0, 0],
    ]


def test_types_that_may_hide_a_clip():
    assert types_of(HOLISTIC) == ("none",)
    assert types_of(CUT) == ("top", "bottom")
    assert types_of(SOME) == ("none", "top", "bottom")


def test_pairs_are_split_by_type_where_there_are_few_and_by_what_both_show_elsewhere():
    assert split_names(CUT, HOLISTIC) == ("top × none", "bottom × none")
    assert split_names(CUT, CUT) == ("top × top", "top × bottom", "bottom × top", "bottom × bottom")
    assert len(split_names(SOME, SOME)) == 9
    shares = ("both show 0–25 %", "both show 25–50 %", "both show 50–75 %", "both show 75–100 %")
    assert split_names(MANY, MANY) == split_names(ONE, ONE) == shares


@pytest.mark.parametrize("mixes", [(CUT, CUT), (CUT, HOLISTIC), (ONE, ONE), (HOLISTIC, CUT)])
def test_the_groups_have_the_names_and_split_all_pairs(mixes):
    clips = shown()
    types = [np.resize(types_of(mix), size) for mix, size in zip(mixes, (12, 9), strict=True)]
    clips = Shown(clips.probes, clips.gallery, clips.body, *types)
    groups = {group.name: group for group in clips.groups(*mixes)}
    both = all(mix.share for mix in mixes)
    assert (SAME_PART in groups) == both
    split = [group for name, group in groups.items() if name != SAME_PART]
    assert tuple(group.name for group in split) == split_names(*mixes)
    rows, columns = np.arange(12), np.arange(9)
    total = sum(group.allowed(rows, columns).astype(int) for group in split)
    assert (total == 1).all()
    for group in split:
        assert not group.allowed(rows, columns)[~group.searched(rows)].any()


def test_whole_clips_are_not_split():
    assert shown().groups(HOLISTIC, HOLISTIC) == []


def test_a_body_that_nobody_saw_is_nowhere():
    assert mean_body([np.zeros((3, 4)), np.zeros((2, 4))]).tolist() == [0, 0, 0, 0]
    body = mean_body([np.full((1, 4), 1.0), np.array([[0.0, 0, 0, 2]])])
    assert body.tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])
