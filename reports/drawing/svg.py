"""Figures as SVG markup that stands inside a page, beside other figures."""

import io
import re
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from gaitbench.reports.drawing.style import styled

_PIXELS_PER_POINT = 4 / 3
_REFERENCE = re.compile(r"#([\w.-]+)")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FONT = re.compile(r"font-family:[^;]*;?\s*")
_SHAPES = ("d", "x", "y", "x1", "y1", "x2", "y2", "points", "width", "height")


def inline_svg(figure: Figure, name: str, caption: str) -> str:
    """Return a figure as an `svg` element of an HTML page; the same figure gives the same text.

    Letters stay letters in the page's own font, white becomes the page's `--figure-paper`, and ids
    begin with the figure's name, because ids of all figures on a page are one set.

    Args:
        figure: What to draw.
        name: Unique on the page.
        caption: What a screen reader says in place of the figure.
    """
    root = ElementTree.fromstring(_drawn(figure))
    referenced = _referenced(root)
    for parent in list(root.iter()):
        _tidy(parent, name, referenced)
    # As an attribute with a unit it would be the size on the page, whatever the page's width.
    _, _, width, _ = (float(number) for number in root.attrib["viewBox"].split())
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "style": f"--width:{width * _PIXELS_PER_POINT:.0f}px",
        "role": "img",
        "aria-label": caption,
    }
    return ElementTree.tostring(root, encoding="unicode")


def _drawn(figure: Figure) -> str:
    written = io.StringIO()
    # A fixed salt and no date: ids are hashes of the salt and what they stand for.
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "gaitbench"}
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with styled(), mpl.rc_context(settings):
        figure.savefig(written, format="svg", metadata=no_metadata)
    return written.getvalue()


def _referenced(root: ElementTree.Element) -> set[str]:
    values = (value for element in root.iter() for value in element.attrib.values())
    return {name for value in values for name in _REFERENCE.findall(value)}


def _tidy(element: ElementTree.Element, name: str, referenced: set[str]) -> None:
    """Make one element fit into a page: no namespaces, no foreign styles, short numbers."""
    element.tag = _local(element.tag)
    for child in list(element):
        # A style sheet inside an SVG would be one of the whole page.
        if _local(child.tag) in ("style", "metadata"):
            element.remove(child)
    attributes = {_local(key): value for key, value in element.attrib.items()}
    element.attrib = {
        key: _value(key, value, name)
        for key, value in attributes.items()
        if not (key == "id" and value not in referenced)
        # A rotation by nothing, which every label on an axis has.
        and not (key == "transform" and value.startswith("rotate(-0 "))
    }
    if element.text and not element.text.strip():
        element.text = None
    element.tail = None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _value(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href":
        return f"#{name}-{value[1:]}" if value.startswith("#") else value
    if key == "style":
        value = _FONT.sub("", value).replace("#ffffff", "var(--figure-paper)").replace(": ", ":")
    if key in _SHAPES:
        # A hundredth of a point is finer than any screen.
        value = " ".join(_LONG_NUMBER.sub(_rounded, value).split())
    return re.sub(r"url\(#", f"url(#{name}-", value)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
