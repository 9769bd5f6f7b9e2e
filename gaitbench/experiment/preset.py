"""Presets: sizes and budgets of everything that is trained and tested, one TOML file each."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from gaitbench.core.errors import UnknownNameError
from gaitbench.data.silhouettes import Representation
from gaitbench.experiment.toml_files import checked, read_toml
from gaitbench.training.recipe import Recipe

DEFAULT = "laptop"


class Preset(BaseModel):
    """Sizes and budgets, one TOML file each in `gaitbench/experiment/presets`.

    Args:
        about: One line for lists.
        height: Of the frames that networks see, in pixels.
        width: As height.
        representation: What networks see of a clip.
        representations: The same for single backbones, by name.
        test_frames: Longest clip at test time; of longer ones so many frames, spread over the clip.
        sweep_frames: Longest clip in the sweep, which tests many conditions.
        test_precision: Of embeddings: "bf16" is about twice as fast, "fp32" what the field compares.
        severities: Shares of the body that the sweep hides on average, for severity 1, 2 and so on. The
            default's largest is what every generator but a crowd can hide.
        walkers: Options of the embedded walkers.
        backbones: Options of each backbone, by name; a backbone that is not named has its defaults.
        detector_channels: Widths of the occlusion detectors' convolutions.
        extractor: Recipe of stages on whole clips.
        occluded: Recipe of stages on occluded clips, the same for every method.
        detector: Recipe of occlusion detectors.
        adaptation: Recipe of further training on a new type.
        detector_adaptation: The same for detectors.
        recipes: Whether published recipes (`presets/recipes`) take the place of extractor,
            occluded, adaptation, frame size and backbone options, for backbones that have them.
        sources: Where the numbers come from, by recipe.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    height: int = Field(ge=8)
    width: int = Field(ge=8)
    representation: Representation = "silhouettes"
    representations: dict[str, Representation] = Field(default_factory=dict)
    test_frames: int = Field(ge=1)
    sweep_frames: int = Field(ge=1)
    test_precision: Literal["fp32", "bf16"] = "bf16"
    severities: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.08, 0.16, 0.24, 0.32, 0.4)
    walkers: dict[str, Any] = Field(default_factory=dict)
    backbones: dict[str, dict[str, Any]] = Field(default_factory=dict)
    detector_channels: tuple[int, int, int] = (32, 64, 128)
    extractor: Recipe
    occluded: Recipe
    detector: Recipe
    adaptation: Recipe
    detector_adaptation: Recipe
    recipes: bool = False
    sources: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @classmethod
    def load(cls, name: str) -> Self:
        """Return a preset by name, or the one in a TOML file.

        Raises:
            UnknownNameError: If there is none of this name.
            ConfigurationError: If the file cannot be read or says something that does not fit.
        """
        if name.endswith(".toml"):
            return checked(cls, read_toml(Path(name), "Preset file"), name)
        if name not in preset_names():
            raise UnknownNameError("preset", name, preset_names())
        text = (resources.files("gaitbench.experiment.presets") / f"{name}.toml").read_text("utf-8")
        return checked(cls, tomllib.loads(text), f"preset {name!r}")

    def representation_of(self, backbone: str) -> Representation:
        """Return what a backbone's networks see of a clip."""
        return self.representations.get(backbone, self.representation)

    def with_self_positives(self) -> Self:
        """Return the preset with each anchor as its own positive in every triplet loss."""
        stages = ("extractor", "occluded", "adaptation")
        changed = {s: getattr(self, s).model_copy(update={"self_positive": True}) for s in stages}
        return self.model_copy(update=changed)


def preset_names() -> list[str]:
    """Return the names of all presets, the default first."""
    files = resources.files("gaitbench.experiment.presets").iterdir()
    names = sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))
    return sorted(names, key=lambda n: n != DEFAULT)
