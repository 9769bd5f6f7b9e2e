"""How each backbone is trained on each data set: published numbers as data, with their sources.

One TOML file per backbone in `gaitbench/experiment/presets/recipes`. A preset with `recipes = true` trains
by them; `with_recipes` is the one place where that is decided.
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gaitbench.data.silhouettes import Representation
from gaitbench.experiment.preset import Preset
from gaitbench.experiment.toml_files import checked
from gaitbench.training.recipe import Recipe

FURTHER_STEPS = 0.11
"""Share of the steps that further training on a new type takes: MimicGait (WACV 2025), section 4."""

FURTHER_RATE = 0.1
"""Factor on the learning rate of further training. The papers state none; the released configurations of
MimicGait and RG-Gait that go on from a trained GaitBase have a tenth of its learning rate."""

_FOLDER = "recipes"


class Released(BaseModel):
    """How the code of a paper trains a method on this backbone and data set.

    A fact for comparison: in gaitbench all methods of a run share one recipe.

    Args:
        method: Registered name.
        steps: Optimiser steps.
        optimiser: As in recipes.
        learning_rate: As in recipes.
        identities: In a batch (P).
        clips: Of each identity (K).
        source: File.
        note: What else differs from the backbone's recipe.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    steps: int
    optimiser: str
    learning_rate: float
    identities: int
    clips: int
    source: str
    note: str = ""


class RecipeEntry(BaseModel):
    """A backbone on a data set.

    Args:
        title: Of the data set.
        also: Other names of the data set or its rules.
        source: Where every number comes from that `sources` does not name.
        sources: By field of the recipe, or "options".
        notes: What gaitbench does differently.
        frame: Height and width of the frames that the network sees, in pixels.
        representation: What it sees of a clip.
        options: The backbone's.
        recipe: Of the extractor and, for all methods alike, of the stages on occluded clips.
        released: How released code trains methods.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    also: tuple[str, ...] = ()
    source: str
    sources: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    frame: tuple[int, int]
    representation: Representation = "silhouettes"
    options: dict[str, Any] = Field(default_factory=dict)
    recipe: Recipe
    released: tuple[Released, ...] = ()

    @model_validator(mode="after")
    def _sources_name_fields(self) -> Self:
        unknown = self.sources.keys() - Recipe.model_fields.keys() - {"options", "frame"}
        if unknown:
            raise ValueError(f"sources: {sorted(unknown)} are no fields of a recipe")
        return self


class Book(BaseModel):
    """All recipes of a backbone.

    Args:
        title: Of the backbone.
        default: The data set whose recipe all others get.
        default_reason: Why that one.
        missing: Data sets that have no published recipe, with what comes nearest.
        data: By name of the data set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    default: str
    default_reason: str
    missing: dict[str, str] = Field(default_factory=dict)
    data: dict[str, RecipeEntry]

    @model_validator(mode="after")
    def _default_is_there(self) -> Self:
        if self.default not in self.data:
            raise ValueError(
                f"default = {self.default!r} has no table; there are {list(self.data)}"
            )
        return self

    @classmethod
    def load(cls, backbone: str) -> Self:
        """Return a backbone's recipes.

        Raises:
            ConfigurationError: If the file says something that does not fit.
        """
        file = resources.files("gaitbench.experiment.presets") / _FOLDER / f"{backbone}.toml"
        return checked(cls, tomllib.loads(file.read_text("utf-8")), f"recipes of {backbone!r}")

    def find(self, names: Sequence[str]) -> RecipeEntry | None:
        """Return the recipe of the first of a data set's names that has one."""
        by_name = {n: entry for own, entry in self.data.items() for n in (own, *entry.also)}
        return next((by_name[n] for n in names if n in by_name), None)


def book_names() -> list[str]:
    """Return the backbones that have recipes."""
    files = (resources.files("gaitbench.experiment.presets") / _FOLDER).iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


@cache
def _book(backbone: str) -> Book | None:
    return Book.load(backbone) if backbone in book_names() else None


def with_recipes(preset: Preset, backbone: str, names: Sequence[str]) -> Preset:
    """Return the preset as one backbone is trained on one data set.

    A preset without `recipes` stays as it is, and so does one for a backbone that has none, such as a
    third party's. Otherwise the backbone's published recipe for the data set, or its default where there
    is none, becomes the recipe of the extractor and of every stage on occluded clips, and further
    training follows from it. The frame size is that of the data set's recipe; under the default it stays
    the preset's. Options of the backbone that the preset names win over the recipe's.

    Args:
        preset: As asked for.
        backbone: Registered name.
        names: Of the data set that is trained on, its own last; the first that has a recipe counts.
    """
    book = _book(backbone) if preset.recipes else None
    if book is None:
        return preset
    own_entry = book.find(names)
    entry = own_entry or book.data[book.default]
    height, width = own_entry.frame if own_entry else (preset.height, preset.width)
    recipe = entry.recipe
    options = entry.options | preset.backbones.get(backbone, {})
    sources = _sources(book, entry, None if own_entry else names[-1])
    return preset.model_copy(
        update={
            "height": height,
            "width": width,
            "representation": entry.representation,
            "representations": {},
            "backbones": preset.backbones | {backbone: options},
            "extractor": recipe,
            "occluded": recipe,
            "adaptation": further(recipe),
            "sources": preset.sources | sources,
        }
    )


def further(recipe: Recipe) -> Recipe:
    """Return the recipe of further training on a new type after `recipe`.

    Its schedule has a warm-up, since the optimiser starts afresh.
    """
    changed = {
        "steps": max(1, round(FURTHER_STEPS * recipe.steps)),
        "learning_rate": FURTHER_RATE * recipe.learning_rate,
        "schedule": "one-cycle",
        "milestones": (),
    }
    unused = ("gamma", "cosine_steps", "hold", "final_learning_rate")
    kept = {k: v for k, v in recipe if k not in unused}
    return Recipe.model_validate(kept | changed)


def _sources(book: Book, entry: RecipeEntry, instead_of: str | None) -> dict[str, tuple[str, ...]]:
    extractor = [entry.source, *(f"{field}: {source}" for field, source in entry.sources.items())]
    if instead_of is not None:
        extractor.insert(
            0, f"no recipe for {instead_of}, so that for {entry.title}: {book.default_reason}"
        )
    notes = [f"differs: {note}" for note in entry.notes]
    released = [f"released {_released(r)}" for r in entry.released]
    return {
        "extractor": (*extractor, *notes),
        "occluded": ("the extractor's, for all methods alike", *released),
        "adaptation": (
            f"{FURTHER_STEPS:.0%} of the steps: MimicGait (WACV 2025), section 4; a tenth of the learning "
            "rate and the schedule: gaitbench",
        ),
    }


def _released(fact: Released) -> str:
    note = f"; {fact.note}" if fact.note else ""
    return (
        f"{fact.method}: {fact.steps:,} steps, {fact.optimiser} {fact.learning_rate:g}, "
        f"{fact.identities} × {fact.clips}{note} ({fact.source})"
    )
