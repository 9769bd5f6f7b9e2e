"""Reading tables in tests."""


def row(table, *labels):
    found = [r for r in table.rows if tuple(c.text for c in r.cells[: len(labels)]) == labels]
    assert len(found) == 1
    return found[0].cells[len(labels) :]


def values(cells):
    return [None if c.value is None else round(c.value, 6) for c in cells]


def footer(table):
    return "\n".join(table.footer)
