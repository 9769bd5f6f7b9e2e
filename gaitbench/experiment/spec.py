"""The experiment as typed, checked data: every option of `gaitbench run`, defined once."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gaitbench.core.keys import key_of
from gaitbench.core.plugins import load_plugins
from gaitbench.experiment.option import BoundOption, Option
from gaitbench.experiment.seeds import read_seeds, seeds_text
from gaitbench.experiment.toml_files import checked, read_toml, toml_text

if TYPE_CHECKING:
    from gaitbench.experiment.preset import Preset as Preset

Shares = Literal["equal", "papers"]
"""Whose occluded share of the training clips: one for every method, or each paper's own."""

_DATASETS = "gaitbench.data.dataset:datasets"


class Experiment(BaseModel):
    """Everything that determines the numbers of a run; each field is an option of the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: Annotated[
        str,
        Option(
            "What is trained and tested.", choices="gaitbench.protocols.expansion:protocol_names"
        ),
    ] = "occluded"
    preset: Annotated[
        str,
        Option(
            "Sizes and budgets.",
            choices="gaitbench.experiment.preset:preset_names",
            path="TOML file",
        ),
    ] = "laptop"
    dataset: Annotated[
        str,
        Option("Trained on, and tested on by default.", choices=_DATASETS, path="folder"),
    ] = "walkers"
    test_dataset: Annotated[
        str | None,
        Option("Tested on instead.", choices=_DATASETS, path="folder", unset="the data set"),
    ] = None
    setting: Annotated[
        str,
        Option(
            "Who is occluded and how much.",
            choices="gaitbench.occlusion.setting:settings",
        ),
    ] = "mimicgait"
    side: Annotated[
        Literal["both", "probe", "gallery"], Option("Which clips are occluded at test time.")
    ] = "both"
    methods: Annotated[
        tuple[str, ...],
        Option(
            "Compared methods.",
            choices="gaitbench.methods.base:methods",
            flags=("--methods", "--method"),
            unset="the protocol's choice",
        ),
    ] = ()
    backbones: Annotated[
        tuple[str, ...],
        Option(
            "Networks that each method runs on.",
            choices="gaitbench.backbones.base:backbones",
            flags=("--backbones", "--backbone"),
            unset="gaitbase, or the extractor's own",
        ),
    ] = ()
    extractor: Annotated[
        str | None,
        Option(
            "Checkpoint that replaces the training of the extractor on whole clips, for every method "
            "that has one.",
            path="file",
            unset="it is trained",
        ),
    ] = None
    seeds: Annotated[
        tuple[int, ...],
        BeforeValidator(read_seeds),
        Option(
            "Each is a complete repetition; a range such as 0-4 holds both ends.",
            flags=("--seeds", "--seed"),
            to_text=seeds_text,
        ),
    ] = (0,)
    test_draws: Annotated[
        int, Option("How often every occluded test is repeated, each time with other draws.")
    ] = Field(default=3, ge=1)
    distance: Annotated[
        str, Option("Between embeddings.", choices="gaitbench.evaluation.distances.base:distances")
    ] = "euclidean"
    draws: Annotated[
        Literal["clip", "batch"],
        Option("In training every clip has its own occlusion, or all clips of a batch share one."),
    ] = "clip"
    shares: Annotated[
        Shares,
        Option(
            "Occluded share of the training clips: one half for every method, or each paper's own."
        ),
    ] = "equal"
    positives: Annotated[
        Literal["others", "self-too"],
        Option("In the triplet loss: other clips of the identity, or the anchor itself too."),
    ] = "others"
    no_mate: Annotated[
        Literal["drop", "miss", "miss-ranks"],
        Option("Probes without a mate: left out, misses, or misses in Rank-k only."),
    ] = "drop"
    sanity: Annotated[bool, Option("Whether the sanity panel is run too.")] = True
    adapt_to: Annotated[
        tuple[str, ...],
        Option(
            "New types of generalizability and adaptability.",
            choices="gaitbench.occlusion.base:occlusions",
        ),
    ] = ("middle", "dynamic")
    plugins: Annotated[
        tuple[str, ...],
        Option(
            "Python file that registers occlusions, methods …; may be given again.",
            path="file",
            flags=("--plugin",),
        ),
    ] = ()

    @classmethod
    @cache
    def options(cls) -> dict[str, BoundOption]:
        """Return what is known of each field, by name."""
        return {
            name: BoundOption(name, field.annotation, field.default, marker)
            for name, field in cls.model_fields.items()
            for marker in field.metadata
            if isinstance(marker, Option)
        }

    @classmethod
    def of(
        cls, values: Mapping[str, Any], source: str, places: Mapping[str, str] | None = None
    ) -> Self:
        """Return an experiment whose types are checked; its names are not.

        Args:
            values: By field name.
            source: Where they came from, for messages.
            places: Where single values came from, in place of `source`.

        Raises:
            ConfigurationError: If a key is unknown or a value does not fit.
        """
        for name, option in cls.options().items():
            if name in values and option.words:
                option.check(values[name], (places or {}).get(name, f"{source}: {name}"))
        return checked(cls, values, source, places)

    @classmethod
    def read(cls, file: Path | None, options: Mapping[str, Any] | None = None) -> Self:
        """Return the experiment that a TOML file and options ask for, with every name checked.

        Args:
            file: TOML file; its relative paths start where it lies.
            options: Values by field name, which override the file's; plug-ins are added to them.

        Raises:
            ConfigurationError: If the file cannot be read, a key is unknown, or a value does not fit.
        """
        by_name, written = cls.options(), read_toml(file, "Experiment file") if file else {}
        values, overriding = (
            {n: by_name[n].located(v, folder) if n in by_name else v for n, v in raw.items()}
            for raw, folder in ((written, (file or Path()).parent), (options or {}, Path()))
        )
        if "plugins" in overriding and isinstance(values.get("plugins"), list):
            overriding["plugins"] = [*values["plugins"], *overriding["plugins"]]
        places = {name: f"{file}: {name}" for name in values}
        places |= {name: by_name[name].flags[0] for name in overriding if name in by_name}
        experiment = cls.of(values | overriding, str(file) if file else "options", places)
        experiment.check(places)
        return experiment

    def check(self, places: Mapping[str, str] | None = None) -> None:
        """Load the experiment's plug-ins, and check every name in it.

        Args:
            places: Where values came from, by field name, for messages.

        Raises:
            ConfigurationError: If a plug-in does not load or a name is unknown.
        """
        load_plugins(map(Path, self.plugins))
        for name, option in self.options().items():
            if option.option.choices:
                option.check(getattr(self, name), (places or {}).get(name, ""))

    @property
    def key(self) -> str:
        """Name of the experiment in a store."""
        return key_of(["experiment", self.model_dump()])

    def toml(self) -> str:
        """Return the experiment as TOML that gives the same experiment when read."""
        return toml_text(self.model_dump())

    def command_options(self) -> list[str]:
        """Return the options that ask for it: the protocol always, others where they say anything."""
        groups = [
            option.arguments(getattr(self, name))
            for name, option in self.options().items()
            if name == "protocol" or getattr(self, name) != option.default
        ]
        return [argument for arguments in groups for argument in arguments]
