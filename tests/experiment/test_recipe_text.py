import pytest

from gaitbench.experiment.bench import Bench
from gaitbench.experiment.recipe_text import COLUMNS, document, plan_text
from gaitbench.experiment.recipes import book_names
from gaitbench.experiment.spec import Experiment
from gaitbench.protocols.expansion import expand
from tests.places import ROOT

PAGE = ROOT / "docs" / "recipes.md"


def test_the_page_shows_the_data():
    assert PAGE.read_text(encoding="utf-8") == document(), (
        "Write it again with 'python -m gaitbench.experiment.recipe_text > docs/recipes.md'."
    )


@pytest.mark.parametrize("protocol", ["occluded", "adaptability"])
def test_a_plan_fits_the_columns_and_names_every_kind_of_stage(protocol):
    bench = Bench.resolve(
        Experiment(preset="paper", protocol=protocol, backbones=tuple(book_names()))
    )
    lines = plan_text(bench, expand(bench).cells)
    assert max(map(len, lines)) <= COLUMNS
    for backbone in book_names():
        assert f"{backbone}: extractor on whole clips" in lines
        assert f"{backbone}: stages on occluded clips" in lines
        assert (f"{backbone}: further training on a new type" in lines) == (
            protocol == "adaptability"
        )


def test_a_plan_of_another_preset_names_it():
    bench = Bench.resolve(Experiment(preset="smoke", methods=("baseline-1",)))
    lines = plan_text(bench, expand(bench).cells)
    assert lines[0] == "gaitbase: extractor on whole clips"
    assert "  source        preset smoke" in lines
    assert not any("occluded clips" in line for line in lines)
