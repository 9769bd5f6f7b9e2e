"""A document with everything that a page can hold, and names that try to be markup."""

import struct
import zlib

from matplotlib.figure import Figure

from gaitbench.core.units import Better, Unit
from gaitbench.reports.drawing.svg import inline_svg
from gaitbench.results.section import (
    Document,
    FigureLink,
    Gallery,
    Picture,
    PictureGroup,
    RankedClips,
    RetrievedClip,
    Section,
    Strip,
)
from gaitbench.results.table import Column, Entry, Missing, Row, Table

HOSTILE = "<script>window.hacked = true</script>\"'&amp;"
UNTRAINED = Missing("seed 1 is missing", ("gaitbench run --seeds 1",))


def png(width=44, height=64):
    """A black picture as the bytes of a PNG file."""

    def chunk(kind, data):
        content = kind + data
        return struct.pack(">I", len(data)) + content + struct.pack(">I", zlib.crc32(content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(width)) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def rates(name="rates", hostile=HOSTILE):
    """A table in which the order as text differs from the order as numbers."""
    columns = (
        Column("Method"),
        Column("Rank-1", "walkers", Unit.PERCENT, Better.HIGHER),
        Column("Error", "walkers", Unit.PERCENT, Better.LOWER),
        Column("Aware", unit=Unit.MARK),
    )
    rows = (
        Row(
            (Entry("Upper bound"), Entry(value=0.727, spread=0.02), Entry(), Entry()), contest=None
        ),
        Row(
            (
                Entry("small"),
                Entry(value=0.098, low=0.091, high=0.12),
                Entry(value=1.0),
                Entry("✓"),
            ),
            rule_above=True,
        ),
        Row((Entry("absent"), Entry(missing=UNTRAINED), Entry(missing=UNTRAINED), Entry("✗"))),
        Row(
            (Entry("large"), Entry(value=0.7, best=True), Entry(value=0.02, best=True), Entry("✓"))
        ),
        Row(
            (
                Entry(hostile),
                Entry("of 40", value=0.69, low=0.6, high=0.74, undecided=True),
                Entry(value=0.2, spread=0.01),
                Entry("✗"),
            )
        ),
    )
    return Table(name, f"Rates of {hostile}", columns, rows, ("Bold: best.", f"From {hostile}."))


def wide(n_columns=18):
    """A table wider than any screen, whose first labels stand for several rows."""
    rates = (
        Column(f"Rank-{i}", f"group {i // 6}", Unit.PERCENT, Better.HIGHER)
        for i in range(n_columns)
    )
    columns = (Column("Generator"), Column("Amount"), *rates)
    rows = tuple(
        Row(
            (
                Entry(name if amount == 0 else ""),
                Entry(f"0.{amount}"),
                *(Entry(value=0.3 + 0.01 * i, spread=0.123) for i in range(n_columns)),
            ),
            rule_above=amount == 0,
        )
        for name in ("a generator with a rather long name", "top", "bottom")
        for amount in range(4)
    )
    return Table("wide", "Everything: at once", columns, rows, ("A line. " * 20,))


def lines(shift=0.0):
    """A figure with text, markers and clipped lines."""
    figure = Figure(figsize=(5, 3))
    ax = figure.subplots()
    ax.plot([0, 1, 2], [0.123456 + shift, 1, 0], marker="o", label="a < b & c")
    ax.set_title("A <title> & more")
    ax.legend()
    return figure


def gallery(hostile=HOSTILE):
    """Contact sheets and one search."""
    picture = Picture(png(), f"a walker {hostile}", f"p03 {hostile}", scale=2)
    ranking = RankedClips(
        f"whole {hostile}",
        picture,
        (RetrievedClip(picture, True), RetrievedClip(picture, False)) * 3,
    )
    return Gallery(
        f"Pictures {hostile}",
        ("What was drawn.",),
        (PictureGroup(f"top {hostile}", (picture,) * 12),),
        (Strip(f"lost: p03 {hostile}", (ranking, ranking)),),
    )


def document(hostile=HOSTILE):
    """Everything."""
    figures = tuple(
        FigureLink(f"figures/{name}", f"Lines of {hostile}.", inline_svg(lines(), name, hostile))
        for name in ("first", "second")
    )
    long = "0123456789abcdef" * 12
    return Document(
        f"gaitbench report {hostile}",
        ("What was found.", f"By {hostile}."),
        (
            Section(
                f"Rates {hostile}", paragraphs=("Said first.",), tables=(rates(hostile=hostile),)
            ),
            Section("Both", tables=(rates("again", hostile), wide()), figures=figures),
            Section("Pictures", galleries=(gallery(hostile),)),
            Section(
                "Conditions",
                facts=(("preset", hostile), ("fingerprint", long)),
                listings=((f"experiment {hostile}", f'x = "{long}"\n{hostile}\n' * 30),),
            ),
        ),
    )
