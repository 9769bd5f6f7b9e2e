"""Any text as LaTeX source that prints it and never fails to compile with pdflatex."""

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # The default font encoding prints other characters for these three.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"`{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "→": r"$\rightarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "†": r"\dag{}",
    "°": r"$^{\circ}$",
    "µ": r"$\mu$",
    "α": r"$\alpha$",
    "γ": r"$\gamma$",
    "✓": r"\checkmark{}",
    "✗": r"$\times$",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}
# In the place of these, the typewriter font has braces, a bar and a visible space.
_NOT_IN_TYPEWRITER = "–—łŁ"
_ACCENTS = {
    "\u0300": r"\`",
    "\u0301": r"\'",
    "\u0302": r"\^",
    "\u0303": r"\~",
    "\u0304": r"\=",
    "\u0306": r"\u",
    "\u0307": r"\.",
    "\u0308": r"\"",
    "\u030a": r"\r",
    "\u030b": r"\H",
    "\u030c": r"\v",
    "\u0327": r"\c",
}


def escape(text: str) -> str:
    r"""Return text as LaTeX source; what the fonts lack is printed as its code point.

    >>> escape("50 % & a_b")
    '50 \\% \\& a\\_b'
    >>> escape("é 李")
    "\\'{e} [U+674E]"
    """
    return _one_line(text.strip())


def code(text: str) -> str:
    """Return text in a typewriter font, with places where a long command may break."""
    # A typewriter font has the straight quotation mark that commands need.
    printable = "".join(_code_point(c) if c in _NOT_IN_TYPEWRITER else c for c in text.strip())
    source = r"{\char34}".join(map(_one_line, printable.split('"')))
    for sign in ("/", "=", ",", ":"):
        source = source.replace(sign, sign + r"\allowbreak{}")
    return rf"\texttt{{{source}}}"


def _one_line(text: str) -> str:
    # Two hyphens, as in command-line options, would be joined to a dash.
    return "".join(map(_character, re.sub(r"\s+", " ", text))).replace("--", "-{}-")


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return character
    parts = unicodedata.normalize("NFD", character)
    base, accent = parts[0], parts[1:]
    if accent in _ACCENTS and base.isascii() and base.isalpha():
        # An accent goes over the dotless forms of these two letters.
        base = {"i": r"\i", "j": r"\j"}.get(base, base)
        return f"{_ACCENTS[accent]}{{{base}}}"
    return _code_point(character)


def _code_point(character: str) -> str:
    return f"[U+{ord(character):04X}]"
