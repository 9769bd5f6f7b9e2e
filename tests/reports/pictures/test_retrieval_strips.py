"""Which searches are shown: worked out by hand from made-up ranks."""

import pandas as pd
import pytest

from gaitbench.reports.pictures.retrieval_strips import retrieval_pairs


class Clips:
    """Gallery clips 0, 1, 2 and so on show a, b, c and so on."""

    def __init__(self, there=True):
        self.there = there

    def available(self, key):
        return self.there

    def identity(self, key, side, row):
        assert side == "gallery"
        return "abcde"[row]


def scores(ranks, identities="abcad", mates=1, nearest=(0, 1, 2, -1, -1)):
    n = len(ranks)
    columns = {f"near_{i}": [row] * n for i, row in enumerate(nearest, start=1)}
    every_pair = pd.DataFrame(
        {"search": "all", "gallery_view": "", "probe": range(n), "identity": list(identities[:n])}
        | {"pairs": "all", "rank": ranks, "mates": mates}
        | columns
    )
    # What is found among some of the pairs is not what is shown.
    return pd.concat([every_pair.assign(pairs="same part", rank=1), every_pair])


WHOLE = [1, 1, 3, 1, 9]
OCCLUDED = [2, 1, 1, 5, 9]


@pytest.fixture
def found(make_cell, make_results):
    """Give the pairs of one method from ranks while whole and while occluded."""

    def pairs(whole=WHOLE, occluded=OCCLUDED, *, clips=None, more=(), **changes):
        same = ("rg-gait", "RG-Gait", 0.5, 0)
        rows = [
            make_cell("occluded", *same, key="hidden"),
            make_cell("retention", *same, test="holistic", key="whole"),
        ]
        kept = {"whole": scores(whole, **changes), "hidden": scores(occluded, **changes)}
        results = make_results([*more, *rows])
        object.__setattr__(results, "probes", kept.__getitem__)
        return list(retrieval_pairs(results, clips or Clips()))

    return pairs


def test_lost_and_gained_probes_are_shown_one_per_identity(found):
    # Probe 3 is lost as well, and shows the same person as probe 0; probe 4 was never found.
    pairs = found()
    assert [(p.title, p.kind, p.whole.probe) for p in pairs] == [
        ("RG-Gait", "lost", 0),
        ("RG-Gait", "gained", 2),
    ]
    assert all(p.occluded.probe == p.whole.probe for p in pairs)
    assert {(p.whole.key, p.occluded.key) for p in pairs} == {("whole", "hidden")}


def test_nearest_clips_are_right_where_they_show_the_probes_identity(found):
    lost, gained = found()
    assert lost.whole.nearest == lost.occluded.nearest == (0, 1, 2)
    assert lost.whole.right == (True, False, False)
    assert gained.whole.right == (False, False, True)


def test_at_most_two_of_a_kind_are_shown(found):
    pairs = found([1] * 5, [2] * 5, identities="abcde")
    assert [p.whole.probe for p in pairs] == [0, 1]


def test_probes_without_a_mate_are_neither_lost_nor_gained(found):
    assert found(mates=0) == []


def test_nothing_is_shown_where_the_clips_are_gone(found):
    assert found(clips=Clips(there=False)) == []


def test_whole_clips_of_the_sweep_are_not_what_is_compared(found, make_cell):
    same = ("rg-gait", "RG-Gait", 0.5, 0)
    short = make_cell("sweep", *same, test="holistic", severity=0, key="short")
    assert {p.whole.key for p in found(more=[short])} == {"whole"}


def test_both_searches_are_of_one_network(found, make_cell):
    same = ("rg-gait", "RG-Gait", 0.5, 0)
    other = make_cell("audit", *same, test="holistic", key="other", stage="another training")
    assert {p.whole.key for p in found(more=[other])} == {"whole"}
