"""Who is best, in words: names and numbers are those of the table."""

from gaitbench.core.units import Better, Unit
from gaitbench.results.comparisons.leaders import leader_words
from gaitbench.results.table import Column, Entry, Row, Table

COLUMNS = (Column("Method"), Column("Rank-1", "", Unit.PERCENT, Better.HIGHER))


def table_of(values, bold):
    rows = tuple(Row((Entry(n), Entry(value=v, best=n in bold))) for n, v in values.items())
    return Table("made-up", "Made up", COLUMNS, rows)


def test_equal_values_are_all_named():
    table = table_of({"a": 0.5, "b": 0.5, "c": 0.4}, bold="ab")
    assert leader_words(table, 1) == "a and b have the best mean, 50.0 %"


def test_a_lead_that_is_not_decided_is_called_no_lead():
    table = table_of({"a": 0.3, "b": 0.5}, bold="")
    assert leader_words(table, 1) == "b has the best mean, 50.0 %, which no contrast decides"


def test_a_lead_after_a_training_that_still_fell_is_called_so():
    rows = tuple(
        Row((Entry(n), Entry(value=v, still_falls=n == "b"))) for n, v in (("a", 0.3), ("b", 0.5))
    )
    table = Table("made-up", "Made up", COLUMNS, rows)
    assert leader_words(table, 1) == (
        "b has the best mean, 50.0 %, after a training whose loss still fell"
    )
