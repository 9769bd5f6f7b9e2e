import math
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.backbones.base import backbones
from gaitbench.cli.main import main
from gaitbench.data.readers.opengait.records import RECORDS, get_record
from gaitbench.data.rules import Rules
from gaitbench.evaluation.metrics.base import metrics
from gaitbench.occlusion.setting import get_setting
from gaitbench.reports.published import beside as published_beside
from gaitbench.reports.published import gaps as published_gaps_table
from gaitbench.reports.published import orders as published_orders_table
from gaitbench.reports.published.beside import (
    INSIDE,
    NO_INTERVAL,
    OUTSIDE,
    published_sections,
)
from gaitbench.reports.published.conditions import (
    MeasuredConditions,
    printed_conditions,
    printed_orders,
)
from gaitbench.reports.published.figures import load_published
from gaitbench.results.frame import columns, search_columns
from gaitbench.results.titles import method_title
from gaitbench.statistics.agreement import kendall_tau
from tests.made_up_results import COORDINATES, results_from
from tests.making import write
from tests.protocols.experiments import COMPARED as PAPERS
from tests.summaries import identity_sums

RISING = dict(zip(PAPERS, (0.1, 0.3, 0.5, 0.7, 0.9), strict=True))
PROBES_EACH = 10


def evaluation(method, rank_1, **changes):
    """One finished evaluation of Gait3D, GaitBase, setting mimicgait; `changes` overrides any column."""
    row = (
        dict.fromkeys(columns(), math.nan)
        | COORDINATES
        | {
            "status": "done",
            "reason": "",
            "command": "",
            "protocol": "occluded",
            "dataset": "gait3d",
            "backbone": "gaitbase",
            "method": method,
            "title": method_title(method),
            "setting": "mimicgait",
            "trained": "mimicgait",
            "side": "both",
            "pairs": "all",
            "test": "top+bottom",
            "still_falls": False,
            "seed": 0,
            "draw": 0,
            "chance_rank_1": 0.001,
            "chance_rank_5": 0.005,
            "chance_rank_20": 0.02,
        }
    )
    row |= dict.fromkeys(metrics.names(), rank_1) | changes
    row.setdefault("test_dataset", row["dataset"])
    if "test_dataset" not in changes:
        row["test_dataset"] = row["dataset"]
    place = ("dataset", "test_dataset", "backbone", "method", "setting", "side", "adapted_to")
    key = "/".join(str(row[name]) for name in (*place, "test", "seed", "draw"))
    return row | {"key": changes.get("key", key)}


def run_of(rows, rules=None, identities=20, **facts):
    """Results whose per-probe scores have the Rank-1 that the rows say, equally for every identity."""
    cells = pd.DataFrame(rows, columns=[*columns(), *COORDINATES])
    rank_1 = dict(zip(cells["key"], cells["rank_1"], strict=True))

    def probes(key):
        n = identities * PROBES_EACH
        hits = np.arange(n) % PROBES_EACH < round(PROBES_EACH * rank_1[key])
        return pd.DataFrame(
            {
                "search": "all",
                "pairs": "all",
                "gallery_view": "",
                "probe": np.arange(n),
                "identity": [f"p{i // PROBES_EACH:02}" for i in range(n)],
                "view": "090",
                "mates": 1,
                "rank": np.where(hits, 1, 100),
                "tar_far_0.01": hits,
            }
        )

    rules = get_record("gait3d").rules if rules is None else rules
    return results_from(cells, {"preset": "paper", "no_mate": "drop"} | facts, probes, rules)


def one_run(values=RISING, rules=None, **changes):
    return run_of([evaluation(m, v, **changes) for m, v in values.items()], rules)


def beside_tables(results):
    return published_beside.beside_tables(MeasuredConditions(results))


def not_comparable_tables(results):
    return published_gaps_table.not_comparable_tables(MeasuredConditions(results))


def column(table, title, group=""):
    (j,) = [j for j, c in enumerate(table.columns) if (c.title, c.group) == (title, group)]
    return [row.cells[j] for row in table.rows]


def texts(table, title):
    return [cell.text for cell in column(table, title)]


def gaps(results, **wanted):
    """What differs, of the rows of the gaps table with these labels."""
    (table,) = not_comparable_tables(results)
    titles = [c.title for c in table.columns]
    rows = [dict(zip(titles, (c.text for c in row.cells), strict=True)) for row in table.rows]
    return [
        row["What differs"]
        for row in rows
        if all(row[name.replace("_", " ")] == value for name, value in wanted.items())
    ]


def test_figures_of_the_same_condition_stand_beside_measured_ones():
    results = one_run(RISING | {"mimicgait": 0.2, "rg-gait": 0.4})
    (table,) = beside_tables(results)
    assert "Gait3D, GaitBase" in table.title
    assert "mimicgait (as stated)" in table.title
    # RG-Gait's own figure belongs to another setting.
    assert texts(table, "Method") == ["Baseline-1", "Baseline-2", "Occ-Aware", "MimicGait"]
    published = [cell.value for cell in column(table, "Published", "Rank-1")]
    assert published == pytest.approx([0.076, 0.1712, 0.1822, 0.2272])
    measured = column(table, "Measured", "Rank-1")
    assert [cell.value for cell in measured] == pytest.approx([0.1, 0.3, 0.5, 0.2])
    difference = column(table, "Difference", "Rank-1")
    assert difference[3].value == pytest.approx(0.2 - 0.2272)
    assert [row.contest for row in table.rows] == [None] * 4


def test_parts_of_the_pairs_and_a_whole_gallery_are_not_what_papers_print():
    own = [evaluation(m, v) for m, v in RISING.items()]
    part = [evaluation(m, 1.0, pairs="same part", key=f"part of {m}") for m in RISING]
    whole = [evaluation(m, 0.0, side="probe") for m in RISING]
    (table,) = beside_tables(run_of([*whole, *part, *own]))
    measured = column(table, "Measured", "Rank-1")
    assert [cell.value for cell in measured] == pytest.approx([0.1, 0.3, 0.5, 0.7])
    assert beside_tables(run_of([*whole, *part])) == []


def test_whether_a_published_value_lies_in_the_interval():
    # Identities differ, so that the interval of MimicGait's 25 % holds the published 22.7 %.
    results = one_run({"baseline-2": 0.9, "mimicgait": 0.2})
    plain = results.probes

    def uneven(key):
        scores = plain(key)
        if "mimicgait/mimicgait" in key:
            scores["rank"] = np.where(scores["identity"] < "p05", 1, 100)
        return scores

    cells = results.cells
    cells.loc[cells["method"] == "mimicgait", "rank_1"] = 0.25
    results = replace(results, probes=uneven)
    (table,) = beside_tables(results)
    far, near = column(table, "Difference", "Rank-1")
    assert (far.text, near.text) == (OUTSIDE, INSIDE)
    measured = column(table, "Measured", "Rank-1")[1]
    assert measured.low < 0.2272 < measured.high
    (section,) = published_sections(results)
    assert section.paragraphs == (
        "8 of 342 published figures belong to a condition of this run. Of the 4 whose measured value "
        "has an interval, 2 lie in it.",
    )


def test_rp_is_beside_measured_rp():
    rows = [evaluation("mimicgait", 0.3), evaluation("baseline-1", 0.6, test="holistic")]
    (table,) = beside_tables(run_of(rows))
    (cell,) = column(table, "Measured", "RP-1")
    assert cell.value == pytest.approx(0.5)
    assert column(table, "Published", "RP-1")[0].value == pytest.approx(0.32)
    assert column(table, "Difference", "RP-1")[0].text == OUTSIDE


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"dataset": "walkers"}, "data set: Gait3D, GREW, BRIAR published, walkers measured"),
        (
            {"test_dataset": "walks"},
            "data set: Gait3D, GREW, BRIAR published, Gait3D → walks measured",
        ),
        ({"setting": "rg-gait"}, "setting: mimicgait (as stated) published, rg-gait measured"),
        (
            {"side": "probe"},
            "occluded: probe and gallery published, probe only measured",
        ),
        ({"protocol": "ablation"}, "protocol: occluded, not part of this run"),
        (
            {"dataset": "walkers", "backbone": "gaitset"},
            "data set: Gait3D, GREW, BRIAR published, walkers measured; "
            "backbone: GaitBase published, GaitSet measured",
        ),
    ],
)
def test_nothing_is_beside_what_differs_and_the_table_says_what(changes, differs):
    results = one_run(**changes)
    assert differs in gaps(results, Source="a", Backbone="GaitBase")
    for table in beside_tables(results):
        assert "MimicGait Tab. 1" not in table.title


def test_rules_must_be_the_data_sets_own():
    results = one_run(rules=Rules())
    assert beside_tables(results) == []
    assert "rules: gait3d published, plain measured" in gaps(results, Source="a", Data_set="Gait3D")


def test_reasons_are_only_those_that_hold():
    said = gaps(one_run(), Source="a", Data_set="Gait3D", Backbone="DeepGaitV2")
    assert said == ["backbone: DeepGaitV2 published, GaitBase measured"]
    assert gaps(one_run(), Source="b", Data_set="Gait3D", Backbone="GaitBase") == [
        "setting: rg-gait (released configs) published, mimicgait measured"
    ]


def test_a_method_that_was_not_tested_is_named_where_all_else_is_the_same():
    results = one_run({"baseline-1": 0.1, "mimicgait": 0.2})
    assert "method: Baseline-2, Occ-Aware, not part of this run" in gaps(results, Source="a")
    (table,) = beside_tables(results)
    assert texts(table, "Method") == ["Baseline-1", "MimicGait"]


@settings(max_examples=15, deadline=None)
@given(
    dataset=st.sampled_from(["walkers", *RECORDS]),
    backbone=st.sampled_from(["gaitbase", "deepgaitv2", "gaitgl"]),
    setting=st.sampled_from(["mimicgait", "rg-gait", "occ-aware"]),
    methods=st.sets(st.sampled_from(PAPERS), min_size=1),
    protocols=st.sets(
        st.sampled_from(["occluded", "retention", "adaptability", "ablation", "sweep"]), min_size=1
    ),
)
def test_every_figure_is_either_compared_or_explained(
    dataset, backbone, setting, methods, protocols
):
    place = {"dataset": dataset, "backbone": backbone, "setting": setting}
    own = {"test": get_setting(setting).test_name}
    conditions = {
        "occluded": [own, {"test": "holistic"}],
        "retention": [{"test": "holistic"}],
        "adaptability": [{"test": "middle"}, {"test": "middle", "adapted_to": "middle"}],
        "ablation": [own],
        "sweep": [{"test": "top"}],
    }
    rows = [
        evaluation(method, 0.5, protocol=protocol, **place, **condition)
        for protocol in protocols
        for condition in conditions[protocol]
        for method in methods
    ]
    cells = pd.DataFrame(rows, columns=[*columns(), *COORDINATES])
    record = RECORDS.get(dataset)
    results = results_from(cells, {}, lambda key: pytest.fail(key))
    compared = sum(
        cell.value is not None
        for table in beside_tables(results)
        for row in table.rows
        for c, cell in zip(table.columns, row.cells, strict=True)
        if c.title == "Published"
    )
    (table,) = not_comparable_tables(results)
    assert compared + sum(map(int, texts(table, "Figures"))) == len(load_published())
    assert len(table.rows) <= 40
    assert all(texts(table, "What differs"))
    if dataset == "walkers":
        assert record is None
        assert compared == 0


@pytest.mark.parametrize("dataset", ["walkers", "gait3d", "grew"])
def test_the_gaps_table_is_short(dataset):
    (table,) = not_comparable_tables(one_run(dataset=dataset))
    assert 10 < len(table.rows) <= 30


def test_zero_shot_and_adapted_are_not_mixed():
    grew = {"dataset": "grew", "protocol": "adaptability", "test": "middle"}
    rows = [
        evaluation("mimicgait", 0.2, **grew),
        evaluation("mimicgait", 0.6, **grew, adapted_to="middle"),
    ]
    (table,) = beside_tables(run_of(rows, get_record("grew").rules))
    assert texts(table, "Tested on") == ["middle, zero-shot", "middle, adapted"]
    assert [c.value for c in column(table, "Measured", "Rank-1")] == pytest.approx([0.2, 0.6])
    rows = load_published()
    rows = rows[
        (rows["method"] == "mimicgait")
        & (rows["occlusion"] == "middle")
        & (rows["metric"] == "rank_1")
    ]
    by_protocol = rows.set_index("protocol")["value"]
    assert [c.value for c in column(table, "Published", "Rank-1")] == pytest.approx(
        [by_protocol["generalizability"], by_protocol["adaptability"]]
    )


def test_whole_clips_under_the_local_and_the_official_rules_of_grew():
    whole = evaluation("baseline-1", 0.5, dataset="grew", protocol="retention", test="holistic")
    results = run_of([whole], get_record("grew").rules)
    (table,) = beside_tables(results)
    assert [c.value for c in column(table, "Published", "Rank-1")] == pytest.approx([0.553])
    assert "whole clips" in table.title
    assert gaps(results, Protocol="holistic (official protocol)", Backbone="GaitBase") == [
        "rules: grew-official published, grew-local measured"
    ]


def test_rank_1_by_walking_condition_is_that_of_the_search():
    row = evaluation("mimicgait", 0.5, dataset="casia-b")
    by_search = {"NM": 0.8, "BG": 0.6, "CL": 0.1}
    searches = pd.DataFrame(
        [
            dict.fromkeys(search_columns(), math.nan)
            | {"key": row["key"], "search": s, "rank_1": v}
            for s, v in by_search.items()
        ]
    )

    def probes(key):
        n = 12 * PROBES_EACH
        frames = [
            pd.DataFrame(
                {
                    "search": search,
                    "pairs": "all",
                    "gallery_view": "",
                    "probe": np.arange(n),
                    "identity": [f"p{i // PROBES_EACH:02}" for i in range(n)],
                    "view": "090",
                    "mates": 1,
                    "rank": np.where(np.arange(n) % 10 < 10 * value, 1, 50),
                }
            )
            for search, value in by_search.items()
        ]
        return pd.concat(frames)

    cells = pd.DataFrame([row], columns=[*columns(), *COORDINATES])
    rules = get_record("casia-b").rules
    # As kept when the scores were read: sums of the headline, not of one search.
    kept = {(row["key"], "all", "rank_1"): identity_sums(probes(row["key"]), rules, "rank_1")}
    (table,) = beside_tables(results_from(cells, {}, probes, rules, searches=searches, sums=kept))
    for search, value, published in (("NM", 0.8, 0.6942), ("BG", 0.6, 0.5712), ("CL", 0.1, 0.3735)):
        (cell,) = column(table, "Measured", f"Rank-1 {search}")
        assert (cell.value, cell.low, cell.high) == pytest.approx((value, value, value))
        assert column(table, "Published", f"Rank-1 {search}")[0].value == pytest.approx(published)


def test_a_missing_value_keeps_the_published_one_and_says_why():
    gone = {"status": "missing", "reason": "not evaluated yet", "command": "gaitbench run"}
    rows = [evaluation("mimicgait", math.nan, **gone), evaluation("baseline-2", 0.3)]
    (table,) = beside_tables(run_of(rows))
    published, measured, difference = (
        column(table, title, "Rank-1")[1] for title in ("Published", "Measured", "Difference")
    )
    assert published.value == pytest.approx(0.2272)
    assert measured.missing.reason == "not evaluated yet"
    assert measured.missing.commands == ("gaitbench run",)
    assert (difference.value, difference.text) == (None, "")


def test_without_an_interval_nothing_is_said_to_lie_in_it():
    results = run_of([evaluation(m, v) for m, v in RISING.items()], identities=5)
    (table,) = beside_tables(results)
    assert {cell.text for cell in column(table, "Difference", "Rank-1")} == {NO_INTERVAL}


def test_a_ratio_whose_chance_level_is_unknown_has_no_interval():
    place = {"dataset": "briar"}
    rows = [
        evaluation("mimicgait", 0.3, **place),
        evaluation("baseline-1", 0.6, **place, test="holistic"),
    ]
    (table,) = beside_tables(run_of(rows, get_record("briar").rules))
    (cell,) = column(table, "Measured", "RP-TAR@FAR=1%")
    assert (cell.value, cell.low, cell.spread) == (pytest.approx(0.5), None, None)
    assert column(table, "Difference", "RP-TAR@FAR=1%")[0].text == NO_INTERVAL
    (cell,) = column(table, "Measured", "RP-20")
    assert (cell.low, cell.high) == pytest.approx((0.5, 0.5))


def test_another_preset_is_named():
    rows = [evaluation("mimicgait", 0.3)]
    (table,) = beside_tables(run_of(rows, preset="laptop"))
    assert any("preset laptop, not the papers'" in line for line in table.footer)
    (table,) = beside_tables(run_of(rows, preset="paper"))
    assert not any("not the papers'" in line for line in table.footer)


# Orders


def orders(results):
    found = published_orders_table.order_tables(MeasuredConditions(results))
    return found[0] if found else None


def row_of(table, published):
    (row,) = [
        row for row in table.rows if row.cells[1].text == published and "," not in row.cells[0].text
    ]
    return row


GAIT3D = "Gait3D, GaitBase, occluded: top+bottom"


@pytest.mark.parametrize(("values", "tau"), [(RISING, 1.0), ({}, -1.0)])
def test_orders_are_compared_whatever_else_differs(values, tau):
    values = values or dict(zip(PAPERS, sorted(RISING.values(), reverse=True), strict=True))
    table = orders(one_run(values, dataset="walkers", setting="rg-gait"))
    row = row_of(table, GAIT3D)
    assert row.cells[2].text == (
        "data set: Gait3D published, walkers measured; "
        "setting: mimicgait (as stated) published, rg-gait measured"
    )
    assert row.cells[3].text == "Baseline-1, Baseline-2, Occ-Aware, MimicGait"
    cell = row.cells[4]
    # Every identity says the same, so every resample does.
    assert (cell.value, cell.low, cell.high) == pytest.approx((tau, tau, tau))
    assert "whatever" not in table.title
    assert "values belong to different conditions" in table.footer[0]


def test_an_order_is_tau_b_of_published_and_measured():
    values = dict(zip(PAPERS, (0.3, 0.1, 0.3, 0.7, 0.2), strict=True))
    row = row_of(orders(one_run(values)), GAIT3D)
    assert row.cells[2].text == "nothing"
    given_ = np.array([0.076, 0.1712, 0.1822, 0.2272])
    expected = float(kendall_tau(given_, np.array([0.3, 0.1, 0.3, 0.7])))
    assert row.cells[4].value == pytest.approx(expected)


def test_the_interval_of_an_order_is_over_the_identities():
    # Five people are recognised by one method each: which of the methods leads depends on who is tested.
    results = one_run(dict.fromkeys(PAPERS, 0.2), dataset="walkers")
    plain = results.probes

    def uneven(key):
        scores = plain(key)
        method = PAPERS.index(key.split("/")[3])
        scores["rank"] = np.where(scores["identity"].str[1:].astype(int) % 5 == method, 1, 100)
        return scores

    cells = results.cells
    cells["rank_1"] = [0.2, 0.201, 0.202, 0.203, 0.204]
    table = orders(replace(results, probes=uneven))
    cell = row_of(table, GAIT3D).cells[4]
    assert cell.value == pytest.approx(1)
    assert cell.low < 0 < cell.high <= 1


def test_too_few_identities_have_no_interval_and_no_tau():
    rows = [evaluation(m, v, dataset="walkers") for m, v in RISING.items()]
    cell = row_of(orders(run_of(rows, identities=5)), GAIT3D).cells[4]
    assert cell.value is None
    assert "5 identities are too few for an interval" in cell.missing.reason


def test_a_missing_method_makes_its_orders_missing():
    gone = {"status": "missing", "reason": "not evaluated yet"}
    rows = [evaluation(m, v) for m, v in RISING.items() if m != "occ-aware"]
    rows.append(evaluation("occ-aware", math.nan, **gone))
    cell = row_of(orders(run_of(rows)), GAIT3D).cells[4]
    assert cell.missing.reason == "Occ-Aware: not evaluated yet"


def test_methods_that_tie_have_no_order():
    cell = row_of(orders(one_run(dict.fromkeys(PAPERS, 0.5))), GAIT3D).cells[4]
    assert cell.missing.reason == "all methods tie in one of the two lists"


def test_two_methods_are_no_order_and_other_protocols_have_none():
    assert orders(one_run({"baseline-1": 0.1, "mimicgait": 0.2})) is None
    assert orders(one_run(protocol="sweep", test="top")) is None


def test_rg_gaits_table_is_ranked_as_it_is_printed():
    (printed,) = [
        p
        for p in printed_orders()
        if (p.source, p.table, p.dataset, p.backbone) == ("RG-Gait", "main", "grew", "deepgaitv2")
    ]
    assert set(printed.figures["method"]) == set(PAPERS)
    assert printed.settings_title == "mimicgait (as stated) and rg-gait (released configs)"
    table = orders(one_run(dataset="walkers"))
    (row,) = [
        r
        for r in table.rows
        if r.cells[0].text == "a, b" and r.cells[1].text.startswith("Gait3D, GaitB")
    ]
    assert row.cells[3].text.endswith("MimicGait, RG-Gait")
    assert "mimicgait (as stated) and rg-gait (released configs) published" in row.cells[2].text


def test_each_published_order_meets_the_measured_condition_closest_to_it():
    rows = [
        evaluation(m, v, backbone=backbone)
        for backbone in ("gaitbase", "gaitgl")
        for m, v in RISING.items()
    ]
    table = orders(run_of(rows))
    assert row_of(table, GAIT3D).cells[2].text == "nothing"
    deep = [r for r in table.rows if r.cells[1].text == "Gait3D, DeepGaitV2, occluded: top+bottom"]
    assert [r.cells[2].text for r in deep if r.cells[0].text == "a"] == [
        "backbone: DeepGaitV2 published, GaitBase measured",
        "backbone: DeepGaitV2 published, GaitGL measured",
    ]


# The file of published figures, and the report


def test_published_names_are_those_of_data_sets_and_backbones_here():
    for printed in printed_conditions():
        assert printed.dataset in RECORDS
        assert printed.backbone in backbones.names()
        assert printed.rules


def test_a_report_has_the_section_only_if_it_is_asked_for(tmp_path):
    results = one_run(dataset="walkers")
    write(results, tmp_path / "plain", ("csv", "markdown"))
    assert "Published beside" not in (tmp_path / "plain" / "report.md").read_text()
    written = write(results, tmp_path / "asked", ("csv", "markdown"), published=True)
    text = (tmp_path / "asked" / "report.md").read_text()
    assert "## Published beside measured" in text
    assert "None of the 342 published figures was measured" in text
    names = {path.stem for path in written}
    assert {"published-not-comparable", "published-orders"} <= names
    assert not any(name.startswith("published-beside") for name in names)


def test_the_command_line_option_makes_another_report_in_the_same_folder(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    asked = ["gaitbench", "report", "--preset", "smoke", "--store", "store", "--format", "markdown"]
    has_section = []
    for option in ([], ["--published"], []):
        monkeypatch.setattr(sys, "argv", [*asked, *option])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert not stopped.value.code, capsys.readouterr()
        text = (tmp_path / "report" / "report.md").read_text()
        has_section.append("## Published beside measured" in text)
    assert has_section == [False, True, False]


def test_nothing_measured_gives_no_tables():
    nothing = pd.DataFrame(columns=[*columns(), *COORDINATES])
    assert published_sections(results_from(nothing, {}, None)) == []
