"""The experiment's options as the page of the documentation, written from their definitions."""

import json
import sys

from gaitbench.experiment.option import BoundOption
from gaitbench.experiment.spec import Experiment

OPENING = """\
# An experiment's options

Written from `gaitbench/experiment/spec.py` with `python -m gaitbench.experiment.option_text`. Each is a
key of an experiment file (`gaitbench run mine.toml`), an option of the commands `run`, `report`, `diff` and
`submit`, and a field of `gaitbench.Experiment`. An option that is given beside a file overrides it.

| Key | Option | Default | What it is |
| :-- | :-- | :-- | :-- |
"""


def options_page() -> str:
    """Return the page `docs/experiment.md`."""
    return OPENING + "".join(_row(option) for option in Experiment.options().values())


def _row(option: BoundOption) -> str:
    words = f" One of: {', '.join(option.words)}." if option.words else ""
    cells = (
        f"`{option.name}`",
        ", ".join(f"`{flag}`" for flag in _flags(option)),
        _default(option),
        f"{option.help_text()}{words}",
    )
    # A bar would end the cell.
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _flags(option: BoundOption) -> list[str]:
    if option.kind is bool:
        return [option.arguments(value)[0] for value in (True, False)]
    return list(option.flags)


def _default(option: BoundOption) -> str:
    is_set = option.default is not None and option.default != ()
    return f"`{json.dumps(option.default)}`" if is_set else option.option.unset


if __name__ == "__main__":
    sys.stdout.write(options_page())
