"""The experiment as typed, checked data: what `gaitbench run` was asked for, and the presets' sizes."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.keys import key_of
from gaitbench.occlusion.mix import Draws
from gaitbench.training.recipe import Recipe

ModelT = TypeVar("ModelT", bound=BaseModel)
Side = Literal["both", "probe", "gallery"]
DistanceName = Literal["euclidean", "cosine"]
Positives = Literal["others", "self-too"]


class Preset(BaseModel):
    """Sizes and budgets, one TOML file each in `gaitbench/presets`.

    Args:
        about: One line for lists.
        height: Of the frames that networks see, in pixels.
        width: As height.
        test_frames: Longest clip at test time.
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
        recipes: Whether published recipes (`gaitbench/presets/recipes`) take the place of extractor,
            occluded, adaptation, frame size and backbone options, for backbones that have them.
        sources: Where the numbers come from, by recipe.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    height: int = Field(ge=8)
    width: int = Field(ge=8)
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
            return checked(cls, _read_toml(Path(name), "Preset file"), name)
        if name not in preset_names():
            raise UnknownNameError("preset", name, preset_names())
        text = (resources.files("gaitbench.experiment.presets") / f"{name}.toml").read_text("utf-8")
        return checked(cls, tomllib.loads(text), f"preset {name!r}")

    def with_positives(self, positives: Positives) -> Self:
        """Return the preset with this reading of the triplet loss in every stage that has one."""
        if positives == "others":
            return self
        stages = ("extractor", "occluded", "adaptation")
        changed = {s: getattr(self, s).model_copy(update={"self_positive": True}) for s in stages}
        return self.model_copy(update=changed)


def preset_names() -> list[str]:
    """Return the names of all presets, the default first."""
    files = resources.files("gaitbench.experiment.presets").iterdir()
    names = sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))
    return sorted(names, key=lambda n: n != "laptop")


class Experiment(BaseModel):
    """Everything that determines the numbers of a run.

    Args:
        protocol: What is trained and tested.
        preset: Sizes and budgets: a preset's name, or a TOML file like those in `gaitbench/presets`.
        dataset: A registered data set, or the folder of one; trained on, and tested on by default.
        test_dataset: Tested on instead.
        setting: Who is occluded and how much.
        side: Which sequences are occluded at test time.
        methods: Compared methods; empty for the protocol's own choice.
        backbones: Each method runs on each; empty for GaitBase, or for the extractor's own.
        extractor: File with a trained backbone that takes the place of the extractor on whole clips, for
            every method that has one.
        seeds: Each is a complete repetition.
        distance: Between embeddings.
        test_draws: How often every occluded test is repeated, each time with other draws.
        draws: Whether every training clip has its own occlusion, or all clips of a batch share one.
        positives: Of an anchor in the triplet loss: other clips of its identity, or itself too.
        no_mate: What becomes of probes without a mate: left out, misses, or misses in Rank-k only.
        sanity: Whether the sanity panel is part of the experiment, whatever its protocol.
        adapt_to: New occlusion types of generalizability and adaptability.
        plugins: Python files that register more things.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: str = "occluded"
    preset: str = "laptop"
    dataset: str = "walkers"
    test_dataset: str | None = None
    setting: str = "mimicgait"
    side: Side = "both"
    methods: tuple[str, ...] = ()
    backbones: tuple[str, ...] = ()
    extractor: str | None = None
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    test_draws: int = Field(default=3, ge=1)
    distance: DistanceName = "euclidean"
    draws: Draws = "clip"
    positives: Positives = "others"
    no_mate: Literal["drop", "miss", "miss-ranks"] = "drop"
    sanity: bool = True
    adapt_to: tuple[str, ...] = ("middle", "dynamic")
    plugins: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any], source: str) -> Self:
        """Return a checked experiment.

        Args:
            values: By field name.
            source: Where they came from, for messages.

        Raises:
            ConfigurationError: If a key is unknown or a value does not fit.
        """
        return checked(cls, values, source)

    @classmethod
    def read(cls, path: Path) -> dict[str, Any]:
        """Return the values in a TOML file, unchecked, so that options can override them.

        Raises:
            ConfigurationError: If the file cannot be read.
        """
        return _read_toml(path, "Experiment file")

    @property
    def key(self) -> str:
        """Name of the experiment in a store."""
        return key_of(["experiment", self.model_dump()])

    def toml(self) -> str:
        """Return the experiment as TOML that gives the same experiment when read."""
        lines = []
        for name, value in self.model_dump().items():
            if value is None:
                continue
            lines.append(f"{name} = {_toml_value(value)}")
        return "\n".join(lines) + "\n"


def _read_toml(path: Path, what: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{what} {path}: there is no such file.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{what} {path} cannot be read: {error}") from error


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(v) for v in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def checked(model: type[ModelT], values: Mapping[str, Any], source: str) -> ModelT:
    """Return values as a model.

    Raises:
        ConfigurationError: If a key is unknown or a value does not fit; `source` says where they are from.
    """
    unknown = [key for key in values if key not in model.model_fields]
    if unknown:
        raise ConfigurationError(
            f"{source}: {UnknownNameError('key', unknown[0], model.model_fields)}"
        )
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, e['loc']))} = {e['input']!r}: {e['msg']}" for e in error.errors()
        )
        raise ConfigurationError(f"{source}: {said}.") from error
