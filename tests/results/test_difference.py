"""What changed between two stores: real scores of one run, and copies of them that were changed."""

import dataclasses
import shutil
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import ProtocolError, UnknownNameError
from gaitbench.core.store import Store
from gaitbench.evaluation.scores import read_scores
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.reports.formats.markdown import table_plain
from gaitbench.results.difference import compare_results, difference_table, difference_words
from gaitbench.statistics.paired_tests import PERMUTATIONS
from tests.making import collected, make_store


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Return experiments of the smoke preset with enough people for a test."""
    smoke = (resources.files("gaitbench.experiment.presets") / "smoke.toml").read_text("utf-8")
    preset = tmp_path_factory.mktemp("preset") / "dozen.toml"
    preset.write_text(smoke.replace("identities_test = 6", "identities_test = 12"))

    def make(**changes):
        values = {
            "preset": str(preset),
            "protocol": "retention",
            "methods": ("baseline-2",),
            "sanity": False,
            "seeds": (0, 1),
        }
        return Bench.resolve(Experiment(**values | changes))

    return make


@pytest.fixture(scope="module")
def store(bench, tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("difference") / "store", bench())


@pytest.fixture(scope="module")
def before(store, bench):
    return collected(store, bench())


@pytest.fixture
def after(store, bench, tmp_path):
    """Return the results of a copy of the store in which some methods' scores were changed."""

    def make(change, methods=("baseline-2",), **experiment):
        copy = Store(shutil.copytree(store.folder, tmp_path / "copy"))
        asked = bench(**experiment)
        for _, row in collected(copy, bench()).cells.iterrows():
            if row["method"] in methods:
                scores = change(read_scores(copy, row["key"]))
                columns = {str(c): scores[c].to_numpy() for c in scores}
                texts = {n: v.astype(str) for n, v in columns.items() if v.dtype.kind in "OUT"}
                path = copy.path("scores", row["key"]) / "probes.npz"
                np.savez_compressed(path, **columns | texts)
        return collected(copy, asked)

    return make


def everybody_first(scores):
    return scores.assign(rank=1)


def nearly_the_same(scores):
    return scores.assign(genuine=scores["genuine"] + 1e-6)


def test_the_same_scores_are_the_same(before, after):
    found = compare_results(before, after(lambda scores: scores))
    assert (found.n_same, found.n_only, found.n_apart) == (2, (0, 0), 0)
    assert found.tested == ()
    assert not found.untested
    assert difference_table(found, ("a", "b")) is None
    assert difference_words(found) == [
        "Nothing changed beyond noise.",
        "2 cells are the same to the last digit, 0 differ within noise, 0 only in A, 0 only in B.",
    ]


def test_the_order_and_the_numbering_of_probes_do_not_matter(before, after):
    def other_order(scores):
        return scores.iloc[::-1].assign(probe=np.arange(len(scores)))

    assert compare_results(before, after(other_order)).n_same == 2


def test_a_change_is_found_with_its_size_and_direction(before, after):
    found = compare_results(before, after(everybody_first))
    (change,) = found.changed
    mine = before.cells[before.cells["method"] == "baseline-2"]
    assert change.difference == pytest.approx(1 - mine["rank_1"].mean())
    assert change.p == change.p_corrected < 0.05
    assert found.n_same == 1


def test_the_table_shows_both_values_the_interval_and_the_test(before, after):
    found = compare_results(before, after(everybody_first))
    table = difference_table(found, ("old", "new"))
    (row,) = table.rows
    protocol, method, backbone, tested_on, a, b, difference, p = row.cells
    assert (protocol.text, method.text, backbone.text) == ("retention", "Baseline-2", "GaitBase")
    assert tested_on.text == "holistic of mimicgait, probe and gallery"
    assert b.value == 1
    assert difference.value == pytest.approx(b.value - a.value)
    assert difference.low < difference.value < difference.high
    assert p.value == found.changed[0].p_corrected
    printed = table_plain(table)
    assert "A: old. B: new." in printed
    assert "for 1 cell that could be tested" in printed


def test_the_difference_changes_sign_with_the_order(before, after):
    better = after(everybody_first)
    (forwards,) = compare_results(before, better).changed
    (backwards,) = compare_results(better, before).changed
    assert backwards.difference == pytest.approx(-forwards.difference)
    assert backwards.p == forwards.p


def test_another_metric_may_tell_another_story(before, after):
    better = after(everybody_first)
    assert len(compare_results(before, better, "rank_5").tested) == 1
    (unmoved,) = compare_results(before, better, "map").tested
    assert unmoved.difference == 0
    assert unmoved.p == 1
    with pytest.raises(UnknownNameError, match=r"Unknown metric 'rank_2'\. Did you mean"):
        compare_results(before, better, "rank_2")


def test_a_difference_within_noise_is_only_counted(before, after):
    found = compare_results(before, after(nearly_the_same))
    assert found.changed == ()
    assert len(found.within_noise) == 1
    assert "1 differ within noise (by 0.0 points of Rank-1 at most)" in difference_words(found)[1]


def test_p_values_are_corrected_for_all_cells_that_differ(before, after):
    found = compare_results(before, after(everybody_first, ("baseline-1", "baseline-2")))
    p = sorted(one.p for one in found.tested)
    assert len(p) == 2
    assert sorted(one.p_corrected for one in found.tested) == pytest.approx(
        [2 * p[0], max(2 * p[0], p[1])]
    )


def test_so_many_tests_that_none_can_succeed_are_said(before, after):
    found = compare_results(before, after(everybody_first))
    most = int(0.05 * (PERMUTATIONS + 1))
    few = dataclasses.replace(found, tested=found.tested * most)
    many = dataclasses.replace(found, tested=found.tested * (most + 1))
    assert len(difference_words(few)) == 2
    assert f"{most + 1} tests at once are too many" in difference_words(many)[2]


def test_other_probes_are_refused(before, after):
    found = compare_results(before, after(lambda scores: scores.iloc[1:]))
    assert found.untested == {"not the same probes": 1}
    assert "1 cell differs, but cannot be tested: not the same probes." in difference_words(found)


def test_the_same_sequence_of_another_person_is_another_probe(before, after):
    def renamed(scores):
        return scores.assign(identity=scores["identity"].to_numpy()[::-1])

    assert compare_results(before, after(renamed)).untested == {"not the same probes": 1}


def test_a_probe_that_has_lost_its_mates_is_no_pair(before, after):
    def lost(scores):
        return scores.assign(mates=np.where(np.arange(len(scores)) == 0, 0, scores["mates"]))

    found = compare_results(before, after(lost))
    assert found.untested == {"not the same probes have a mate in the gallery": 1}


def test_too_few_people_are_counted_with_the_reason(before, after):
    def few(results, change):
        def probes(key):
            scores = results.probes(key)
            known = sorted(scores["identity"].unique())[:6]
            return change(scores[scores["identity"].isin(known)])

        return dataclasses.replace(results, probes=probes)

    found = compare_results(few(before, lambda s: s), few(before, everybody_first))
    assert found.tested == ()
    assert found.untested == {"6 identities are too few for tests: they need 10": 2}


def test_seeds_that_both_have_are_compared(before, store, bench):
    one = collected(store, bench(seeds=(1,)))
    found = compare_results(before, one)
    assert found.n_same == 2
    assert found.n_only == (0, 0)


def test_no_seed_in_common_is_said(store, bench):
    found = compare_results(*(collected(store, bench(seeds=(seed,))) for seed in (0, 1)))
    assert found.n_apart == 2
    assert found.n_same == 0
    assert "2 cells have no seed and draw in common." in difference_words(found)


def drawn(results, n, change=lambda scores: scores):
    """Return results that have `n` draws of everything, all but the first changed."""
    cells = [results.cells.assign(draw=k, key=results.cells["key"] + f"#{k}") for k in range(n)]

    def probes(key):
        stored, draw = key.split("#")
        scores = results.probes(stored)
        return scores if draw == "0" else change(scores)

    return dataclasses.replace(results, cells=pd.concat(cells), probes=probes)


def test_draws_that_both_have_are_compared(before):
    changed = drawn(before, 2, everybody_first)
    assert compare_results(drawn(before, 3), changed).n_same == 0
    assert compare_results(drawn(before, 1), changed).n_same == 2


def test_a_seed_with_fewer_draws_limits_all(before):
    some = drawn(before, 2, everybody_first)
    fewer = some.cells[~((some.cells["seed"] == 1) & (some.cells["draw"] == 1))]
    fewer = dataclasses.replace(some, cells=fewer)
    assert compare_results(drawn(before, 2), fewer).n_same == 2


def test_cells_of_one_store_alone_are_counted(before, store, bench):
    none = before.cells["method"] == "baseline-2"
    cells = before.cells.assign(status=np.where(none, "missing", "done"))
    partial = dataclasses.replace(before, cells=cells)
    assert compare_results(before, partial).n_only == (1, 0)
    assert compare_results(partial, before).n_only == (0, 1)
    assert "0 only in A, 1 only in B" in difference_words(compare_results(partial, before))[1]


def test_what_two_protocols_share_is_compared_once(before, after):
    def twice(results):
        both = [results.cells, results.cells.assign(protocol="ablation")]
        return dataclasses.replace(results, cells=pd.concat(both))

    found = compare_results(twice(before), twice(after(everybody_first)))
    assert (found.n_same, len(found.tested)) == (1, 1)


def test_other_rules_are_refused_with_both(before):
    newer = dataclasses.replace(before, rules=before.rules.model_copy(update={"version": 3}))
    with pytest.raises(ProtocolError, match=r"walkers, version 2, the second's walkers, version 3"):
        compare_results(before, newer)


def test_other_ways_of_counting_are_refused(before, store, bench):
    with pytest.raises(ProtocolError, match=r"--no-mate drop .* --no-mate miss in the second's"):
        compare_results(before, collected(store, bench(no_mate="miss")))


def test_a_metric_that_was_not_measured_is_said(before, after):
    cells = before.cells.assign(**{"tar_far_0.01": np.nan})
    unmeasured = dataclasses.replace(before, cells=cells)
    found = compare_results(unmeasured, after(everybody_first), "tar_far_0.01")
    assert found.untested == {"TAR@FAR=1% was not measured": 1}


def on_two_data_sets(results, change):
    """Return results that are also of another data set, where the scores were changed."""
    names = ("walkers", "walkers-body")
    cells = [
        results.cells.assign(test_dataset=name, key=results.cells["key"] + f"#{name}")
        for name in names
    ]

    def probes(key):
        stored, name = key.split("#")
        scores = results.probes(stored)
        return scores if name == names[0] else change(scores)

    return dataclasses.replace(results, cells=pd.concat(cells), probes=probes)


def test_data_sets_of_one_run_are_told_apart(before):
    found = compare_results(
        on_two_data_sets(before, lambda scores: scores), on_two_data_sets(before, everybody_first)
    )
    assert found.n_same == 2
    table = difference_table(found, ("a", "b"))
    assert {row.cells[3].text for row in table.rows} == {
        "holistic of mimicgait, probe and gallery; walkers-body"
    }
    assert [row.cells[1].text for row in table.rows] == ["Baseline-1", "Baseline-2"]


def in_groups(results, change):
    """Return results that also have a group of pairs, whose scores were changed."""
    cells = pd.concat([results.cells, results.cells.assign(pairs="same part")])

    def probes(key):
        scores = results.probes(key)
        return pd.concat([scores, change(scores).assign(pairs="same part")])

    return dataclasses.replace(results, cells=cells, probes=probes)


def test_all_groups_of_pairs_are_compared_as_one_evaluation(before):
    plain = in_groups(before, lambda scores: scores)
    assert compare_results(plain, plain).n_same == 2
    found = compare_results(plain, in_groups(before, everybody_first))
    assert found.n_same == 0
    # What is tested are all pairs, and they did not change.
    assert [change.difference for change in found.tested] == [0, 0]


def test_results_of_nothing_have_nothing_to_compare(before, bench, tmp_path):
    found = compare_results(before, collected(Store(tmp_path / "empty"), bench()))
    assert found.n_only == (2, 0)
    assert difference_words(found)[0] == "Nothing changed beyond noise."


def test_a_sweeps_cells_are_told_apart_by_severity(before, after):
    def swept(results):
        parts = [results.cells.assign(severity=s, protocol="sweep") for s in (1.0, 2.0)]
        numbered = [p.assign(key=p["key"] + f"#{i}") for i, p in enumerate(parts)]
        probes = {"probes": lambda key: results.probes(key.split("#")[0])}
        return dataclasses.replace(results, cells=pd.concat(numbered), **probes)

    found = compare_results(swept(before), swept(after(everybody_first)))
    assert found.n_same == 2
    tested_on = [row.cells[3].text for row in difference_table(found, ("a", "b")).rows]
    assert [text.split("; ")[1] for text in tested_on] == ["severity 1", "severity 2"]
