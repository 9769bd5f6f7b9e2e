"""The table of a protocol that writes none itself, such as a plug-in's."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pandas as pd
import pytest

from gaitbench.core.registry import register
from gaitbench.protocols.base import Protocol
from tests.made_up_results import COORDINATES, FACTS, cell, fake_probes, frame, results_from
from tests.making import tables_of
from tests.tables import row, values


@pytest.fixture
def lit():
    """Results of a protocol with a coordinate of its own, under which methods change places."""

    @register("lamps")
    @dataclass(frozen=True)
    class Lamps(Protocol):
        about = "in the dark, by lamps"
        coordinates: ClassVar = {"lamps": 0}

        def cells(self, bench):
            return []

    found = [
        cell("lamps", method, title, rank_1, seed, test="dark", draw=lamps)
        for seed in (0, 1)
        for lamps in (1, 2)
        for method, title, rank_1 in (
            ("mimicgait", "MimicGait", 0.2 * lamps + 0.1 * seed),
            ("rg-gait", "RG-Gait", 0.3 + 0.1 * seed),
        )
    ]
    cells = frame(found)
    results = results_from(cells.assign(lamps=cells["draw"], draw=0), dict(FACTS), fake_probes)
    return replace(results, coordinates=COORDINATES | {"lamps": 0})


def test_what_varies_is_a_column_and_methods_compete_where_it_is_equal(lit):
    (table,) = tables_of("lamps", lit)
    assert [c.title for c in table.columns] == ["Lamps", "Method", "Rank-1", "Rank-5"]
    assert [[c.text for c in r.cells[:2]] for r in table.rows] == [
        ["1", "MimicGait"], ["", "RG-Gait"], ["2", "MimicGait"], ["", "RG-Gait"],
    ]  # fmt: skip
    found = [values(r.cells[2:]) for r in table.rows]
    assert found == [[0.25, 0.45], [0.35, 0.55], [0.45, 0.65], [0.35, 0.55]]
    assert [r.cells[2].best for r in table.rows] == [False, True, True, False]


def test_where_nothing_varies_there_is_a_row_per_method(lit):
    one = replace(lit, cells=lit.cells[lit.cells["lamps"] == 2])
    (table,) = tables_of("lamps", one)
    assert [c.title for c in table.columns] == ["Method", "Rank-1", "Rank-5"]
    assert values(row(table, "RG-Gait")) == [0.35, 0.55]


def test_conditions_and_places_have_tables_of_their_own(lit):
    other = lit.cells.assign(side="probe", key="probe " + lit.cells["key"])
    both = replace(lit, cells=pd.concat([lit.cells, other], ignore_index=True))
    assert len(tables_of("lamps", both)) == 2
