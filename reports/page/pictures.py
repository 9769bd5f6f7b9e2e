"""Pictures and searches as HTML."""

from base64 import b64encode
from collections.abc import Iterator
from html import escape

from gaitbench.results.section import Gallery, Picture, RankedClips, RetrievedClip, Strip


def gallery_html(gallery: Gallery) -> str:
    """Return a headed collection of pictures."""
    lines = [
        '<section class="gallery">',
        f"<h3>{escape(gallery.title)}</h3>",
        *(f"<p>{escape(text)}</p>" for text in gallery.paragraphs),
    ]
    for group in gallery.groups:
        pictures = "".join(_figure(picture) for picture in group.pictures)
        title = f"<h4>{escape(group.title)}</h4>" if group.title else ""
        lines.append(f'{title}<div class="pictures">{pictures}</div>')
    for strip in gallery.strips:
        lines += _strip(strip)
    return "\n".join([*lines, "</section>"])


def _figure(picture: Picture) -> str:
    caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
    return f"<figure>{_image(picture)}{caption}</figure>"


def _image(picture: Picture) -> str:
    source = b64encode(picture.png).decode("ascii")
    return (
        f'<img src="data:image/png;base64,{source}" alt="{escape(picture.alt)}" '
        f'width="{picture.width}" height="{picture.height}">'
    )


def _strip(strip: Strip) -> Iterator[str]:
    title = escape(strip.title)
    yield f'<section class="strip"><h4>{title}</h4>'
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
    for ranking in strip.rankings:
        yield _ranking(ranking)
    yield "</div></section>"


def _ranking(ranking: RankedClips) -> str:
    clips = "".join(_retrieved(clip) for clip in ranking.clips)
    return (
        f'<div class="ranking"><h5>{escape(ranking.title)}</h5><div class="search">'
        f'<div class="probe">{_figure(ranking.probe)}<span class="verdict">probe</span></div>'
        f'<ol aria-label="closest gallery clips">{clips}</ol></div></div>'
    )


def _retrieved(clip: RetrievedClip) -> str:
    # A sign and a word besides the colour: colours alone do not reach everybody.
    name, verdict = ("right", "✓ right") if clip.is_mate else ("wrong", "✗ wrong")
    return f'<li class="{name}">{_figure(clip.picture)}<span class="verdict">{verdict}</span></li>'
