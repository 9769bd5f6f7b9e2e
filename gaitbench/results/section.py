"""A report before it has a format: sections of sentences, tables, figures and pictures, built once."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaitbench.results.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Drawing:
    """A figure that is drawn where a format shows it.

    Args:
        name: Lower case with hyphens, unique in a report; names files.
        caption: A full sentence.
        draw: Returns the figure.
    """

    name: str
    caption: str
    draw: "Callable[[], Figure]"
    giver: "tuple[object, str] | None" = None
    """Whose method has given it, and the method's name, for messages; set by the report."""


@dataclass(frozen=True)
class FigureLink:
    """A figure beside the document.

    Args:
        path: Relative to the document, with forward slashes and without an ending: Markdown takes
            the PNG, LaTeX the PDF.
        caption: A full sentence.
        svg: The same figure as markup for a page that holds everything itself; empty where no such
            page is written.
    """

    path: str
    caption: str
    svg: str = ""


@dataclass(frozen=True)
class Picture:
    """A small picture whose pixels are to be seen as pixels.

    Args:
        png: The bytes of a PNG file.
        alt: What there is to see, for those who cannot see it.
        caption: Printed beneath; may be empty.
        scale: How many pixels of the page one pixel of the picture takes in width and height.
    """

    png: bytes
    alt: str
    caption: str = ""
    scale: int = 1

    def __post_init__(self) -> None:
        if not self.png.startswith(_PNG_SIGNATURE) or len(self.png) < 24:
            raise ValueError(f"A picture is the bytes of a PNG file. Got {self.png[:8]!r}.")
        if self.scale < 1:
            raise ValueError(f"The 'scale' of a picture must be 1 or more. Got {self.scale}.")

    @property
    def width(self) -> int:
        """Width on the page in pixels."""
        return self.scale * self._size[0]

    @property
    def height(self) -> int:
        """Height on the page in pixels."""
        return self.scale * self._size[1]

    @property
    def _size(self) -> tuple[int, int]:
        # Source: PNG specification, section 11.2.1: width and height open the first chunk.
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height


@dataclass(frozen=True)
class PictureGroup:
    """Pictures that belong together, such as one occlusion at several amounts."""

    title: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class RetrievedClip:
    """A clip that a search found, and whether it shows the identity that was searched for."""

    picture: Picture
    is_mate: bool


@dataclass(frozen=True)
class RankedClips:
    """One search.

    Args:
        title: Under which condition was searched, such as "whole" or "top half hidden".
        probe: What was searched for, as the method saw it.
        clips: The closest gallery clips, closest first.
    """

    title: str
    probe: Picture
    clips: tuple[RetrievedClip, ...]


@dataclass(frozen=True)
class Strip:
    """One probe, searched for under several conditions.

    Args:
        title: Which probe, and what became of it, such as "lost: p03, nm, 90°".
        rankings: One per condition, in the order of reading.
    """

    title: str
    rankings: tuple[RankedClips, ...]


@dataclass(frozen=True)
class Gallery:
    """A headed collection of pictures: contact sheets, or searches, or both."""

    title: str
    paragraphs: tuple[str, ...] = ()
    groups: tuple[PictureGroup, ...] = ()
    strips: tuple[Strip, ...] = ()

    @property
    def sentence(self) -> str:
        """What a format without pictures prints in their place."""
        n_pictures = sum(len(group.pictures) for group in self.groups)
        parts = [(n_pictures, "picture"), (len(self.strips), "search strip")]
        counted = [f"{n} {noun}{'s' if n > 1 else ''}" for n, noun in parts if n]
        return f"{self.title}: {' and '.join(counted) or 'nothing to show'}, in the HTML report."


@dataclass(frozen=True)
class Section:
    """A headed part of a document, printed in the order of its fields.

    A protocol gives `drawings`; formats receive them drawn, as `figures`.
    """

    title: str
    name: str = ""
    """What registered figures and the papers' figures name the section by."""
    summary: tuple[str, ...] = ()
    """What the report's opening says of it."""
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    """Name and value of each, printed as a list."""
    listings: tuple[tuple[str, str], ...] = ()
    """Name and text of each, printed line by line in a typewriter font."""
    tables: tuple[Table, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    figures: tuple[FigureLink, ...] = ()
    galleries: tuple[Gallery, ...] = ()

    def __post_init__(self) -> None:
        held: tuple[tuple[str, type], ...] = (
            *(("summary", str), ("paragraphs", str), ("facts", tuple), ("listings", tuple)),
            *(("tables", Table), ("drawings", Drawing), ("figures", FigureLink)),
            ("galleries", Gallery),
        )
        for name, kind in held:
            values = getattr(self, name)
            # A text is a sequence of texts, too.
            if isinstance(values, str) or not all(isinstance(value, kind) for value in values):
                raise TypeError(
                    f"Section {self.title!r}: {name} must be a tuple of {kind.__name__}. Got {values!r}."
                )


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    paragraphs: tuple[str, ...]
    sections: tuple[Section, ...]
