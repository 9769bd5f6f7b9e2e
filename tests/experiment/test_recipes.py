"""The published recipes: complete, sourced, and every one of them trains."""

import re

import numpy as np
import pytest
import torch

from gaitbench.backbones.base import BackboneSpec, backbones
from gaitbench.core.errors import ConfigurationError
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.preset import Preset
from gaitbench.experiment.recipes import Book, book_names, further, with_recipes
from gaitbench.experiment.spec import Experiment
from gaitbench.experiment.toml_files import checked
from gaitbench.methods.base import Plan, get_method, method_names
from gaitbench.occlusion.setting import get_setting
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import TrainingData
from gaitbench.training.trainer import load_network, train

HEIGHT, WIDTH = 32, 22
CASES = [(b, d) for b in book_names() for d in Book.load(b).data]
SHRUNKEN = {
    "gaitbase": {"channels": (4, 4, 8, 8), "parts": 4, "embedding": 8},
    "deepgaitv2": {"channels": (4, 4, 8, 8), "parts": 2, "embedding": 8},
    "gaitgl": {"parts": 8},
    "gaitpart": {"channels": (4, 4, 8, 8), "halvings": (0, 0, 1, 1), "parts": 4, "embedding": 8},
    "gaitset": {"bins": (4, 2), "embedding": 8},
    "swingait": {
        "channels": (4, 8),
        "widths": (16, 32),
        "heads": (2, 4),
        "embedding": 8,
    },
}
"""Sizes that replace the recipes' own; layers, depths and variants stay as published."""


def shrunken(recipe: Recipe) -> Recipe:
    """Return the recipe with few steps and small batches; all its rules stay."""
    return recipe.model_copy(
        update={
            "steps": 2,
            "identities": 2,
            "clips": 2,
            "frames": 6,
            "lengths": (4, 6) if recipe.lengths else None,
            "milestones": tuple(range(1, len(recipe.milestones) + 1)),
            "cosine_steps": 1 if recipe.cosine_steps else None,
            "threads": 1,
        }
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    with SilhouettesWriter(folder, name="noise", height=HEIGHT, width=WIDTH) as writer:
        for person in range(4):
            for walk in range(2):
                writer.add(
                    (rng.random((8 + walk, HEIGHT, WIDTH)) < 0.5).astype(np.uint8),
                    identity=f"{person}",
                    condition="nm",
                    view="090",
                    recording=f"{person}-{walk}",
                )
        writer.splits = {"train": range(8)}
    return Silhouettes.open(folder)


def plan_for(backbone, names, data):
    preset = with_recipes(Preset.load("paper"), backbone, names)
    options = preset.backbones[backbone] | SHRUNKEN[backbone]
    if backbone == "gaitset":
        options["channels"] = tuple(c // 16 for c in options.get("channels", (64, 128, 256)))
    if backbone == "gaitgl":
        options["channels"] = (4, 8, 8, 8) if options["variant"] == "large" else (4, 8, 8)
    return Plan(
        data=TrainingData("noise", data.fingerprint, HEIGHT, WIDTH),
        backbone=BackboneSpec.of(backbone, options),
        setting=get_setting("mimicgait"),
        extractor=shrunken(preset.extractor),
        occluded=shrunken(preset.occluded),
        detector=shrunken(preset.detector).model_copy(update={"frames": 1}),
        seed=0,
    )


def trained(stage, data):
    known: dict[str, torch.nn.Module] = {}
    for each in stage.all_stages():
        networks = {n: known[s.key] for n, s in each.inputs.items()}
        made = train(each, data, networks, None, torch.device("cpu"))
        known[each.key] = load_network(each, 4, made.weights, torch.device("cpu"))
        assert all(w.isfinite().all() for w in made.weights.values() if w.is_floating_point())
        yield each, made


@pytest.mark.parametrize(("backbone", "name"), CASES)
def test_every_recipe_trains(backbone, name, data):
    stage = get_method("baseline-1").stage(plan_for(backbone, [name], data))
    ((_, made),) = trained(stage, data)
    terms = set(made.history["term"])
    assert terms == (
        {"triplet"} if backbone in ("gaitpart", "gaitset") else {"triplet", "cross-entropy"}
    )


@pytest.mark.parametrize("method", ["rg-gait", "occ-aware", "mimicgait"])
def test_methods_train_with_weight_groups(method, data):
    stage = get_method(method).stage(plan_for("swingait", ["grew"], data))
    assert len(list(trained(stage, data))) >= 2


@pytest.mark.parametrize(("backbone", "name"), CASES)
def test_the_published_network_can_be_built(backbone, name):
    preset = with_recipes(Preset.load("paper"), backbone, [name])
    # SwinGait asks for a random number while it is built, which the meta device does not have.
    with torch.device("cpu" if backbone == "swingait" else "meta"):
        BackboneSpec.of(backbone, preset.backbones[backbone]).build()


@pytest.mark.parametrize(("backbone", "name"), CASES)
def test_every_number_has_a_source(backbone, name):
    entry = Book.load(backbone).data[name]
    assert re.search(r"configs?/\S+\.yaml \([0-9a-f]{7}\)$", entry.source)
    recipe = entry.recipe
    assert "augment" in entry.sources or not recipe.augment
    # OpenGait's configurations leave smoothing out; where it is on, the loss's default says how much.
    assert "label_smoothing" in entry.sources or not recipe.label_smoothing
    assert "weight_groups" in entry.sources or not recipe.weight_groups
    assert all("configs/" in fact.source for fact in entry.released)
    assert all(fact.method in method_names() for fact in entry.released)


@pytest.mark.parametrize("backbone", book_names())
def test_every_book_is_of_a_backbone_and_says_what_is_missing(backbone):
    book = Book.load(backbone)
    assert backbone in backbones.names()
    assert book.title == backbones.get(backbone).title
    asked = {"casia-b", "oumvlp", "gait3d", "grew", "sustech1k", "ccpg", "casia-e", "briar"}
    assert asked == book.data.keys() | book.missing.keys()
    assert not book.data.keys() & book.missing.keys()


def test_built_in_backbones_all_have_recipes():
    own = set(backbones.names()) - set(backbones.third_party())
    assert own == set(book_names())


def test_the_names_are_those_of_the_imports():
    from gaitbench.data.readers.opengait.records import RECORDS

    known = {name for r in RECORDS.values() for name in (r.name, r.rules.name)}
    for backbone in book_names():
        book = Book.load(backbone)
        named = {n for d, e in book.data.items() for n in (d, *e.also)} | book.missing.keys()
        assert named <= known | {"grew-official", "grew-local"}


def test_rules_say_which_recipe_before_the_name_does():
    paper = Preset.load("paper")
    by_rules = with_recipes(paper, "gaitbase", ["casia-b", "gait3d"])
    assert by_rules.extractor == Book.load("gaitbase").data["casia-b"].recipe
    assert by_rules.occluded == by_rules.extractor
    assert with_recipes(paper, "gaitbase", ["grew-local", "mine"]).extractor.steps == 180_000


def test_frames_are_those_of_the_data_set():
    paper = Preset.load("paper")
    assert with_recipes(paper, "gaitbase", ["gait3d"]).width == 64
    assert with_recipes(paper, "gaitbase", ["grew"]).width == 44
    # Another data set gets the default's recipe, not its frames.
    other = with_recipes(paper, "gaitbase", ["walkers"])
    assert (other.width, other.extractor.steps) == (44, 60_000)
    assert other.sources["extractor"][0].startswith("no recipe for walkers, so that for Gait3D")


def test_options_of_the_preset_win():
    paper = Preset.load("paper").model_copy(update={"backbones": {"gaitgl": {"variant": "small"}}})
    assert with_recipes(paper, "gaitgl", ["grew"]).backbones["gaitgl"] == {"variant": "small"}


@pytest.mark.parametrize("name", ["laptop", "smoke"])
def test_other_presets_stay_as_they_are(name):
    preset = Preset.load(name)
    assert with_recipes(preset, "gaitbase", ["gait3d"]) is preset
    assert with_recipes(Preset.load("paper"), "mine", ["gait3d"]) == Preset.load("paper")


def test_further_training_follows_from_the_recipe():
    for backbone, name in CASES:
        recipe = Book.load(backbone).data[name].recipe
        more = further(recipe)
        assert more.steps == round(0.11 * recipe.steps)
        assert more.learning_rate == pytest.approx(recipe.learning_rate / 10)
        assert (more.schedule, more.milestones) == ("one-cycle", ())
        assert (more.augment, more.weight_groups) == (recipe.augment, recipe.weight_groups)


def test_what_the_paper_preset_says_without_recipes_agrees_with_gaitbase():
    paper = Preset.load("paper")
    found = with_recipes(paper, "gaitbase", ["walkers"])
    for field in ("steps", "optimiser", "learning_rate", "weight_decay", "milestones", "frames"):
        assert getattr(found.extractor, field) == getattr(paper.extractor, field)
    for field in ("steps", "optimiser", "learning_rate", "weight_decay", "schedule"):
        assert getattr(found.adaptation, field) == pytest.approx(getattr(paper.adaptation, field))


def test_a_bench_trains_each_backbone_by_its_own_recipe():
    bench = Bench.resolve(Experiment(preset="paper", backbones=("gaitbase", "gaitset")))
    first, second = (bench.stage("baseline-1", name, 0).recipe for name in bench.backbone_names())
    assert (first.steps, second.steps) == (60_000, 40_000)
    assert second.cross_entropy_weight == 0
    assert bench.backbone("gaitset").options == (("channels", (32, 64, 128)),)


def test_positives_reach_the_recipes():
    bench = Bench.resolve(Experiment(preset="paper", positives="self-too"))
    assert bench.stage("baseline-2", "gaitbase", 0).recipe.self_positive


def test_a_wrong_book_is_refused_with_its_place():
    values = Book.load("gaitset").model_dump()
    with pytest.raises(ConfigurationError, match=r"recipes of 'gaitset'.*default = 'nothing'"):
        checked(Book, values | {"default": "nothing"}, "recipes of 'gaitset'")
    values["data"]["casia-b"]["sources"] = {"lerning_rate": "x"}
    with pytest.raises(ConfigurationError, match="lerning_rate"):
        checked(Book, values, "recipes of 'gaitset'")
