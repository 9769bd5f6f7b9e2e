import pytest

from gaitbench.core.units import Better, Unit
from gaitbench.results.table import (
    Column,
    Entry,
    Missing,
    Row,
    Table,
    explained,
    mark_best,
    mark_best_across,
    printed,
)

UP = Column("a", unit=Unit.PERCENT, better=Better.HIGHER)
DOWN = Column("b", unit=Unit.PERCENT, better=Better.LOWER)


def bold(rows):
    return [[cell.best for cell in row.cells] for row in rows]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0625, Unit.PERCENT, "6.3"),
        (1.0, Unit.PERCENT, "100.0"),
        (0.0, Unit.PERCENT, "0.0"),
        (0.3 / 0.8, Unit.RATIO, "0.38"),
        (1 / 3, Unit.RATIO, "0.33"),
        (1e-14, Unit.PERCENT, "0.0"),
    ],
)
def test_values_are_rounded_half_up(value, unit, text):
    assert printed(value, unit) == text


def test_equal_looking_values_are_all_bold_in_the_columns_own_direction():
    values = [(0.5004, 0.1), (0.4996, 0.3), (0.2, 0.1)]
    rows = [Row((Entry(value=a), Entry(value=b))) for a, b in values]
    assert bold(mark_best(rows, [UP, DOWN])) == [[True, True], [True, False], [False, True]]


def test_reference_rows_and_missing_cells_do_not_compete():
    rows = [
        Row((Entry(value=0.9),), contest=None),
        Row((Entry(missing=Missing("why")),)),
        Row((Entry(value=0.2),)),
        Row((Entry(value=0.1),)),
    ]
    assert bold(mark_best(rows, [UP])) == [[False], [False], [True], [False]]


def test_contests_are_apart_and_a_value_without_rival_is_not_bold():
    rows = [Row((Entry(value=v),), contest=c) for v, c in [(0.1, "x"), (0.2, "x"), (0.9, "y")]]
    assert bold(mark_best(rows, [UP])) == [[False], [True], [False]]


def test_best_across_leaves_label_columns_out():
    columns = [Column("amount", unit=Unit.PERCENT), UP, UP]
    row = Row((Entry(value=0.9), Entry(value=0.2), Entry(value=0.3)))
    assert bold(mark_best_across([row], columns)) == [[False, False, True]]


def test_footnotes_number_distinct_reasons_in_reading_order():
    first, second = Missing("b", ("run",)), Missing("a")
    rows = tuple(Row((Entry(missing=m),)) for m in (first, second, first))
    assert Table("t", "T", (UP,), rows).footnotes == (first, second)


def test_impossible_tables_are_refused():
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        Table("t", "T", (UP,), (Row((Entry(), Entry())),))
    with pytest.raises(ValueError, match="finite"):
        Entry(value=float("nan"))
    with pytest.raises(ValueError, match="either measured or missing"):
        Entry(value=0.5, missing=Missing("why"))


def test_groups_span_neighbours():
    columns = tuple(Column("x", group) for group in ("", "", "a", "a", "b"))
    assert Table("t", "T", columns, ()).groups == [("", 1), ("", 1), ("a", 2), ("b", 1)]


def test_what_still_falls_is_not_bold_and_nobody_takes_its_place():
    def rows(*falling):
        return [Row((Entry(value=v, still_falls=v in falling),)) for v in (0.2, 0.9, 0.9, 0.5)]

    assert bold(mark_best(rows(), [UP])) == [[False], [True], [True], [False]]
    assert bold(mark_best(rows(0.9), [UP])) == [[False]] * 4
    assert bold(mark_best(rows(0.2), [UP])) == [[False], [True], [True], [False]]
    across = Row((Entry(value=0.9, still_falls=True), Entry(value=0.2)))
    assert bold(mark_best_across([across], [UP, UP])) == [[False, False]]
    with pytest.raises(ValueError, match="not the best"):
        Entry(value=0.5, best=True, still_falls=True)


def test_the_mark_is_explained_where_it_stands():
    def table(*cells):
        return Table("t", "T", (UP,), tuple(Row((cell,)) for cell in cells), ("As before.",))

    calm = table(Entry(value=0.5))
    assert explained(calm) == calm
    first, second = explained(table(Entry(value=0.5), Entry(value=0.2, still_falls=True))).footer
    assert first == "As before."
    assert second.startswith(Entry(value=0.2, still_falls=True).marks)
