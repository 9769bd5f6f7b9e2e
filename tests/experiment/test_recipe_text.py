import pytest

from gaitbench.experiment.bench import Bench
from gaitbench.experiment.recipe_text import (
    COLUMNS,
    augmentation,
    batch,
    document,
    losses,
    optimiser,
    plan_text,
    schedule,
)
from gaitbench.experiment.recipes import Book, book_names
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


def test_words_for_one_recipe():
    recipe = Book.load("gaitbase").data["casia-b"].recipe
    assert optimiser(recipe) == "sgd 0.1, momentum 0.9, weight decay 0.0005"
    assert schedule(recipe) == "60,000 steps, × 0.1 after 20,000, 40,000, 50,000"
    assert batch(recipe) == "8 identities × 16 clips × 30 unordered frames"
    assert augmentation(recipe) == "rotate 30% (± 10°), erase 30% (5%–20% of the frame)"
    assert losses(recipe) == "triplet (margin 0.2) + cross-entropy (scale 16, smoothing 0.1)"


def test_words_for_the_unusual_fields():
    swin = Book.load("swingait").data["grew"].recipe
    assert schedule(swin) == "200,000 steps, cosine to 1e-06 at 150,000, every 1,000 steps"
    assert "other weights: learning rate × 0.1, decay × 1" in optimiser(swin)
    assert batch(swin).endswith("30 ordered frames of 34")
    assert losses(Book.load("gaitset").data["grew"].recipe) == "triplet (margin 0.2)"
