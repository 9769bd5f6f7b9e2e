"""A document as one HTML file that needs nothing else: no network, no other file."""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files

from gaitbench.reports.page.pictures import gallery_html
from gaitbench.reports.page.table import table_html
from gaitbench.results.section import Document, FigureLink, Section


def document_html(document: Document) -> str:
    """Return the whole report as a page; the same document gives the same text."""
    anchors = _anchors([section.title for section in document.sections])
    lines = [
        *_head(document.title),
        "<body>",
        '<a class="skip" href="#content">Skip to the content</a>',
        "<header>",
        f"<h1>{escape(document.title)}</h1>",
        *_paragraphs(document.paragraphs),
        "</header>",
        *_contents(document.sections, anchors),
        '<main id="content" tabindex="-1">',
    ]
    for section, anchor in zip(document.sections, anchors, strict=True):
        lines += _section(section, anchor)
    lines += ["</main>", f"<script>{_resource('page.js')}</script>", "</body>", "</html>", ""]
    return "\n".join(lines)


def _head(title: str) -> Iterator[str]:
    # The page may ask for nothing from outside, and run no script but its own. Styles cannot be
    # named by a hash: those of the figures stand at their elements.
    script = b64encode(sha256(_resource("page.js").encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{escape(title)}</title>"
    # Otherwise a browser asks the server that the page lies on for one.
    yield '<link rel="icon" href="data:,">'
    yield f"<style>{_resource('page.css')}</style>"
    yield "</head>"


def _contents(sections: Sequence[Section], anchors: Sequence[str]) -> Iterator[str]:
    yield '<nav aria-label="Contents"><details open><summary>Contents</summary><ol>'
    for section, anchor in zip(sections, anchors, strict=True):
        inner = "".join(
            f'<li><a href="#{_table_anchor(anchor, i)}">{escape(title)}</a></li>'
            for i, title in enumerate(_short_titles(section), start=1)
        )
        # One table alone is what the section's own line leads to.
        nested = f"<ol>{inner}</ol>" if len(section.tables) > 1 else ""
        yield f'<li><a href="#{anchor}">{escape(section.title)}</a>{nested}</li>'
    yield "</ol></details></nav>"


def _short_titles(section: Section) -> list[str]:
    """Return the titles of a section's tables without what they share with it or say at length."""
    titles = [table.title for table in section.tables]
    short = [title.partition(":")[0].removeprefix(f"{section.title}, ") for title in titles]
    # Where that leaves two alike, both keep the whole title.
    return [s if short.count(s) == 1 else t for s, t in zip(short, titles, strict=True)]


def _section(section: Section, anchor: str) -> Iterator[str]:
    yield f'<section class="part" id="{anchor}" aria-labelledby="{anchor}-title">'
    yield f'<h2 id="{anchor}-title">{escape(section.title)}</h2>'
    yield from _paragraphs(section.paragraphs)
    if section.facts:
        pairs = (
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
            for name, value in section.facts
        )
        yield f"<dl>{''.join(pairs)}</dl>"
    for name, text in section.listings:
        label = escape(name)
        yield f'<h3>{label}</h3><pre class="scroll" tabindex="0" role="region" aria-label="{label}">'
        yield f"{escape(text.strip(chr(10)))}</pre>"
    for i, table in enumerate(section.tables, start=1):
        yield table_html(table, _table_anchor(anchor, i))
    yield from map(_figure, section.figures)
    yield from map(gallery_html, section.galleries)
    yield "</section>"


def _figure(figure: FigureLink) -> str:
    caption = escape(figure.caption)
    return (
        f'<figure class="drawn"><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{caption}">{figure.svg}</div><figcaption>{caption}</figcaption></figure>'
    )


def _paragraphs(texts: Sequence[str]) -> Iterator[str]:
    return (f"<p>{escape(text)}</p>" for text in texts)


def _table_anchor(section: str, number: int) -> str:
    return f"{section}-{number}"


def _anchors(titles: Sequence[str]) -> list[str]:
    """Return one id per title, readable in an address and unique."""
    slugs = [re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "part" for title in titles]
    return [
        slug if slugs.count(slug) == 1 else f"{slug}-part-{i}" for i, slug in enumerate(slugs, 1)
    ]


def _resource(name: str) -> str:
    return files("gaitbench.reports.page").joinpath(name).read_text(encoding="utf-8")
