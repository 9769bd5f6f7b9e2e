import tomllib

from gaitbench.experiment.option_text import options_page
from gaitbench.experiment.spec import Experiment
from tests.places import ROOT

PAGE = ROOT / "docs" / "experiment.md"


def rows():
    lines = [line for line in options_page().splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def test_the_page_shows_the_options():
    assert PAGE.read_text(encoding="utf-8") == options_page(), (
        "Write it again with 'python -m gaitbench.experiment.option_text > docs/experiment.md'."
    )


def test_the_defaults_are_read_as_the_default_experiment():
    printed = [(key, default) for key, _, default, _ in rows() if default.startswith("`")]
    text = "\n".join(f"{key[2:].strip('`')} = {default.strip('`')}" for key, default in printed)
    assert len(printed) > 10
    assert Experiment.of(tomllib.loads(text), "page") == Experiment()
