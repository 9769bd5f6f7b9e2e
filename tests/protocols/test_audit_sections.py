"""The setting audit: its crossed table, what differences come from, its sentences and figure."""

import itertools
from dataclasses import replace

import pytest

from gaitbench.protocols.audit import Audit
from gaitbench.results.places import where
from tests.made_up_scores import on_two_backbones, results_of, row
from tests.making import drawn_by, tables_of

SETTINGS = ("mimicgait", "rg-gait", "occ-aware")
METHODS = {"baseline-2": 0.0, "mimicgait": 0.2, "rg-gait": 0.02}
TESTS = {"mimicgait": 0.1, "rg-gait": 0.4, "occ-aware": 0.6}


def audit_rows(seeds=(0, 1, 2), identities=24):
    for seed in seeds:
        for test, base in TESTS.items():
            yield row(
                "audit", "baseline-1", base, seed, identities=identities,
                setting=test, trained="", test=f"types of {test}",
            )  # fmt: skip
        yield row(
            "audit", "baseline-1", 0.9, seed, identities=identities,
            setting="mimicgait", trained="", test="holistic", hidden_share=0.0,
        )  # fmt: skip
        for (method, gain), trained in itertools.product(METHODS.items(), SETTINGS):
            for test, base in TESTS.items():
                own = 0.1 if trained == test else 0.0
                yield row(
                    "audit", method, base + gain + own, seed, identities=identities,
                    setting=test, trained=trained, test=f"types of {test}",
                )  # fmt: skip
            yield row(
                "audit", method, 0.6, seed, identities=identities,
                setting=trained, trained=trained, test="holistic", hidden_share=0.0,
            )  # fmt: skip


@pytest.fixture(scope="module")
def results():
    return results_of(list(audit_rows()))


@pytest.fixture(scope="module")
def tables(results):
    return tables_of("audit", results)


def words_of(results):
    (section,) = Audit().sections(results)
    assert section.summary == section.paragraphs[:2]
    return list(section.paragraphs)


def test_the_crossed_table_has_a_row_per_training_setting_and_method(tables):
    crossed, _ = tables
    labels = [(r.cells[0].text, r.cells[1].text) for r in crossed.rows]
    assert labels[0] == ("whole clips", "Baseline-1")
    assert [label for label, _ in labels if label] == ["whole clips", *SETTINGS]
    assert len(labels) == 1 + len(SETTINGS) * len(METHODS)
    assert [c.title for c in crossed.columns[2:]] == [*SETTINGS, "Whole clips"]
    for r in crossed.rows[1:]:
        assert all(cell.low <= cell.value <= cell.high for cell in r.cells[2:])


def test_each_cell_is_the_mean_of_its_own_evaluations(results, tables):
    crossed, _ = tables
    last = crossed.rows[-1]
    mine = where(results.cells, method="rg-gait", trained="occ-aware", setting="rg-gait")
    expected = mine[mine["test"] != "holistic"]["rank_1"].mean()
    assert last.cells[3].value == pytest.approx(expected)


def test_rows_compete_only_within_a_training_setting(tables):
    crossed, _ = tables
    best = [(r.contest, r.cells[1].text) for r in crossed.rows if r.cells[2].best]
    # Trained under the setting of the test, the lead counts as one only if its contrast is decided.
    assert [pair for pair in best if pair[0] != "mimicgait"] == [
        ("rg-gait", "MimicGait"),
        ("occ-aware", "MimicGait"),
    ]
    assert not any(cell.best or cell.undecided for cell in crossed.rows[0].cells)


def test_tested_is_what_was_trained_under_the_setting_of_the_test(tables):
    crossed, _ = tables
    tested = [(d.where, d.method, d.reference) for d in crossed.differences if d.test is not None]
    assert tested == [
        (f"{s}, Rank-1, tested under, {s}", method, reference)
        for s in SETTINGS
        for method, reference in (
            ("MimicGait", "Baseline-2"),
            ("RG-Gait", "Baseline-2"),
            ("RG-Gait", "Baseline-1"),
        )
    ]
    # What is not trained under it has no mark, however close it is.
    crossed_rows = [r for r in crossed.rows if r.contest not in (None, "mimicgait")]
    assert not any(r.cells[2].undecided for r in crossed_rows)


def test_what_was_built_into_the_scores_is_what_the_table_finds(tables):
    _, sources = tables
    shares = {r.cells[0].text: r.cells[2] for r in sources.rows}
    sizes = {r.cells[0].text: r.cells[1] for r in sources.rows}
    assert sum(cell.value for cell in shares.values()) == pytest.approx(1.0)
    assert shares["Test setting"].value > shares["Method"].value > shares["Training setting"].value
    assert sizes["Test setting"].low < 0.5 < sizes["Test setting"].high
    assert sizes["Method × test setting"].value is None


def test_the_sentences_say_which_is_largest_and_who_is_best(results):
    sizes, best, orders, crossing = words_of(results)
    assert sizes.index("the setting of the test clips") < sizes.index("the method")
    assert "under mimicgait MimicGait" in best
    assert "mimicgait and rg-gait" in orders
    assert "tested under" in crossing


def test_every_sentence_names_its_place_where_there_are_several(results):
    said = words_of(on_two_backbones(results))
    assert len(said) == 8
    for words, backbone in ((said[:4], "GaitBase"), (said[4:], "GaitGL")):
        assert all(backbone in sentence.partition(":")[0] for sentence in words)
    # Alone it is named in the first sentence, by which all others stand.
    assert ["GaitBase" in sentence for sentence in words_of(results)] == [True, *[False] * 3]


def test_an_incomplete_audit_is_named_where_there_are_several(results):
    both = on_two_backbones(results)
    gone = (both.cells["backbone"] == "gaitgl") & (both.cells["method"] == "rg-gait")
    both.cells.loc[gone, ["status", "reason"]] = ["missing", "not evaluated yet"]
    assert words_of(both)[-1].startswith("The audit of GaitGL is not complete, ")


def test_a_missing_cell_is_never_averaged_over(results):
    cells = results.cells.copy()
    gone = cells.index[(cells["method"] == "rg-gait") & (cells["trained"] == "rg-gait")][0]
    cells.loc[gone, ["status", "reason"]] = ["missing", "not evaluated yet"]
    gap = replace(results, cells=cells)
    _, sources = tables_of("audit", gap)
    assert all(r.cells[2].missing for r in sources.rows)
    assert words_of(gap) == ["The audit is not complete, so nothing is said about it yet."]


def test_with_few_identities_there_are_numbers_without_intervals():
    crossed, sources = tables_of("audit", results_of(list(audit_rows((0,), identities=6))))
    assert all(cell.low is None for r in crossed.rows for cell in r.cells)
    assert sources.rows[0].cells[1].value is not None
    assert any("No intervals" in line for line in sources.footer)


def test_the_figure_has_a_panel_per_test_and_a_mark_per_evaluation(results):
    (figure,) = drawn_by("audit", results)
    panels = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title().split("\n")[1] for ax in panels] == [*SETTINGS, "whole clips"]
    for ax in panels:
        # One mark per method and training setting, one for Baseline-1; an error bar is a container.
        assert len(ax.containers) == 1 + len(METHODS) * len(SETTINGS)
        assert ax.get_xlim()[0] == 0
        assert ax.get_xlim()[1] >= 90


def test_the_reference_alone_has_nothing_to_cross():
    alone = results_of([r for r in audit_rows((0,)) if r[0]["method"] == "baseline-1"])
    assert [table.name for table in tables_of("audit", alone)] == ["audit"]
    assert words_of(alone) == []


def test_one_trained_method_is_not_called_the_best():
    kept = ("baseline-1", "rg-gait")
    (sentence,) = words_of(results_of([r for r in audit_rows() if r[0]["method"] in kept]))
    assert sentence.startswith("The largest loss by training under another setting: RG-Gait")


def test_methods_with_equal_values_are_best_together(results):
    cells = results.cells.copy()
    own = (cells["trained"] == "mimicgait") & (cells["setting"] == "mimicgait")
    equal = own & cells["method"].isin(["mimicgait", "rg-gait"]) & (cells["test"] != "holistic")
    cells.loc[equal, "rank_1"] = 0.75
    tie = replace(results, cells=cells)
    assert "under mimicgait MimicGait and RG-Gait have the best mean, 75.0 %" in words_of(tie)[1]
