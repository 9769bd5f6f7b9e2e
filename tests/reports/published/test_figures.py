import pytest

from gaitbench.core.units import Better, Unit
from gaitbench.reports.published.figures import companions, load_published, published_tables

KINDS = ("occluded", "new-types", "retention", "ablation", "sweep")


def entries(table, unit):
    return [
        row.cells[j].value
        for j, column in enumerate(table.columns)
        if column.unit is unit
        for row in table.rows
        if row.cells[j].value is not None
    ]


def test_every_row_loads_as_a_share_or_ratio():
    rows = load_published()
    assert len(rows) == 342
    assert rows["value"].notna().all()
    is_ratio = rows["metric"].str.startswith("rp_")
    assert rows.loc[~is_ratio, "value"].between(0, 1).all()
    # The smallest percentage is 0.69: had it not been divided, shares could not be this small.
    assert rows.loc[~is_ratio, "value"].min() == pytest.approx(0.0069)
    assert rows.loc[is_ratio, "value"].max() == pytest.approx(0.86)


def test_a_known_figure():
    rows = load_published()
    (value,) = rows[
        (rows["source"] == "RG-Gait")
        & (rows["table"] == "main")
        & (rows["dataset"] == "gait3d")
        & (rows["backbone"] == "gaitbase")
        & (rows["metric"] == "rank_1")
    ]["value"]
    assert value == pytest.approx(0.4084)


def test_every_figure_is_in_exactly_one_table():
    tables = [table for kind in KINDS for table in published_tables(kind)]
    shown = [v for t in tables for unit in (Unit.PERCENT, Unit.RATIO) for v in entries(t, unit)]
    assert sorted(shown) == sorted(load_published()["value"])


@pytest.mark.parametrize("kind", KINDS)
def test_published_tables_show_setting_data_and_source_and_nothing_bold(kind):
    for table in published_tables(kind):
        titles = [column.title for column in table.columns]
        assert titles[0] == "Source"
        assert "Setting" in titles
        assert all(c.group for c in table.columns if c.unit is not Unit.TEXT)
        assert all(c.better is Better.NEITHER for c in table.columns)
        assert not any(cell.best for row in table.rows for cell in row.cells)
        assert table.title.startswith("Published figures, not measured here")
        assert "other data" in table.footer[0]
        assert all(0 <= share <= 1 for share in entries(table, Unit.PERCENT))
        headers = [(c.group, c.title) for c in table.columns]
        assert len(set(headers)) == len(headers)


def test_settings_say_where_they_are_from():
    (table, _) = published_tables("occluded")
    column = [c.title for c in table.columns].index("Setting")
    settings = {row.cells[column].text for row in table.rows}
    assert settings == {
        "mimicgait (as stated)",
        "rg-gait (released configs)",
        "occ-aware (as stated)",
    }


def test_companions_of_measured_tables():
    assert [t.name for t in companions("occluded")] == [
        "published-occluded",
        "published-occluded-by-condition",
    ]
    assert [t.name for t in companions("sweep")] == ["published-sweep"]
    assert companions("audit") == []
