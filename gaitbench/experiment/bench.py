"""An experiment with every name resolved: what protocols describe their cells with."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitbench.backbones.base import BackboneSpec, backbones
from gaitbench.checkpoints.extractor import ExtractorFile
from gaitbench.core.errors import ConfigurationError, PluginError, UnknownNameError
from gaitbench.core.options import option_names
from gaitbench.core.plugin_errors import calling, returned, where
from gaitbench.data.source import DataSource
from gaitbench.evaluation.pair_groups import ALL_PAIRS, SAME_PART, split_names
from gaitbench.evaluation.tampering.base import UNTOUCHED
from gaitbench.experiment.cells import Cell, Coordinate, Evaluation
from gaitbench.experiment.preset import Preset
from gaitbench.experiment.recipes import with_recipes
from gaitbench.experiment.spec import Experiment, Shares
from gaitbench.methods.base import Method, Plan, get_method, methods_of_kind
from gaitbench.occlusion.base import Occlusion, occlusions
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.occlusion.setting import Setting, get_setting
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import Stage, TrainingData

HOLISTIC_TEST = "holistic"
DEFAULT_BACKBONE = "gaitbase"
EQUAL_SHARE = 0.5
"""Occluded share of the training clips of all methods, where it is the same: RG-Gait needs whole ones."""

REFERENCE = "baseline-1"
"""The method whose result on whole clips is the upper bound in RP and HPR."""


@dataclass(frozen=True)
class Bench:
    """An experiment with every name resolved: what protocols describe their cells with.

    Args:
        experiment: As asked for.
        preset: Its sizes and budgets.
        setting: Who is occluded.
        train: Data to train on.
        test: Data to test on.
        extractor: A file that takes the place of the extractor on whole clips.
    """

    experiment: Experiment
    preset: Preset
    setting: Setting
    train: DataSource
    test: DataSource
    extractor: ExtractorFile | None = None

    @classmethod
    def resolve(cls, experiment: Experiment, remembered: ExtractorFile | None = None) -> "Bench":
        """Load an experiment's plug-ins, and check every name in it before any work starts.

        Args:
            experiment: As asked for.
            remembered: What a store remembers of the experiment's extractor, in case its file is gone.

        Raises:
            ConfigurationError: If a name is unknown or does not fit the protocol.
            DataError: If a data set's folder cannot be used.
        """
        experiment.check()
        preset = Preset.load(experiment.preset)
        _check_backbone_options(preset, experiment.preset)
        setting = get_setting(experiment.setting).drawn_per(experiment.draws)
        train = _source(experiment.dataset, preset, experiment.preset)
        test = train
        if experiment.test_dataset is not None:
            test = _source(experiment.test_dataset, preset, experiment.preset)
        extractor = None
        if experiment.extractor is not None:
            path = Path(experiment.extractor)
            is_gone = remembered is not None and not path.exists()
            extractor = remembered if remembered is not None and is_gone else ExtractorFile.of(path)
            extractor.check_backbones(experiment.backbones)
        return cls(experiment, preset, setting, train, test, extractor)

    @property
    def sources(self) -> tuple[DataSource, ...]:
        """All data that protocols may train or test on."""
        return tuple(dict.fromkeys([self.train, self.test, *self.controls]))

    @property
    def controls(self) -> tuple[DataSource, ...]:
        """Data sets that say what methods trained on this one read."""
        dataset = self.train.dataset
        return () if dataset is None else tuple(map(DataSource.of, dataset.controls()))

    def tested_on(self, source: DataSource) -> "Bench":
        """Return this bench with other data to test on."""
        return dataclasses.replace(self, test=source)

    def method_names(self, default: list[str]) -> list[str]:
        """Return the experiment's methods, or the protocol's own choice, the reference first."""
        # Options that are written out may come to a named method.
        chosen = [get_method(name).name for name in self.experiment.methods] or default
        return list(dict.fromkeys([REFERENCE, *chosen]))

    def compared_methods(self) -> list[str]:
        """Return the methods that are compared with each other."""
        return self.method_names(methods_of_kind("compared"))

    def compared_and_references(self) -> list[str]:
        """Return the methods of a comparison table, and the references that stand below them."""
        return self.method_names(methods_of_kind("compared", "reference"))

    def new_types(self) -> list[str]:
        """Return the occlusion types to generalise or adapt to, third parties' included."""
        trained = self.setting.train.classes
        chosen = [*self.experiment.adapt_to, *third_party_occlusions()]
        for name in self.experiment.adapt_to:
            if name in trained:
                raise ConfigurationError(
                    f"Setting {self.setting.name!r} trains on {name!r} already; it cannot be the new type. "
                    "Choose others with --adapt-to."
                )
        return list(dict.fromkeys(chosen))

    def backbone_names(self) -> tuple[str, ...]:
        """Return the experiment's backbones, or that of its extractor, or the default."""
        if self.extractor is not None:
            return (self.extractor.backbone.name,)
        return self.experiment.backbones or (DEFAULT_BACKBONE,)

    def backbone(self, name: str) -> BackboneSpec:
        """Return a backbone with the preset's sizes, or with those of the extractor's file.

        Raises:
            ConfigurationError: If the preset gives it an option that it does not have, or a wrong value.
        """
        if self.extractor is not None:
            return self.extractor.backbone
        options = self.preset_of(name).backbones.get(name, {})
        try:
            return BackboneSpec.of(name, options)
        except ConfigurationError as error:
            raise ConfigurationError(f"preset {self.experiment.preset!r}: {error}") from error

    def preset_of(self, backbone: str) -> Preset:
        """Return the preset for a backbone, with the published recipes where it asks for them."""
        names = (self.train.rules, self.train.name)
        preset = with_recipes(self.preset, backbone, [n for n in names if n])
        own = self.experiment.positives == "self-too"
        return preset.with_self_positives() if own else preset

    def runs(self) -> list[tuple[str, int]]:
        """Return every (backbone, seed)."""
        return [(b, s) for b in self.backbone_names() for s in self.experiment.seeds]

    def stage(self, method: str, backbone: str, seed: int) -> Stage:
        """Return the last stage of a method.

        Raises:
            PluginError: If a plug-in's method cannot be built or gives no stage.
        """
        chosen = self.method(method)
        plan = self._plan(chosen, backbone, seed)
        with calling(chosen, "stage"):
            stage = chosen.stage(plan)
        returned(chosen, "stage", stage, Stage, "a Stage")
        with calling(stage, "described"):
            stages, _ = stage.all_stages(), stage.key
        for each in stages:
            if not isinstance(getattr(each, "role", None), str):
                raise PluginError(
                    f"{where(each)}: class {type(each).__qualname__} must say its role, a text."
                )
        return stage

    def adapted(
        self, method: str, backbone: str, seed: int, generator: Occlusion, budget: float = 1.0
    ) -> Stage | None:
        """Return the last stage after further training with a new type; None where it has none.

        Args:
            method: Registered name.
            backbone: Registered name.
            seed: Of the experiment.
            generator: Of the new type.
            budget: Share of the preset's steps of further training, in (0, 1]. Each budget has a schedule
                of its own, which ends at its last step.
        """
        if not self.method(method).adaptable:
            return None
        stage = self.stage(method, backbone, seed)
        preset = self.preset_of(backbone)
        recipes = [_shortened(r, budget) for r in (preset.adaptation, preset.detector_adaptation)]
        with calling(stage, "adapted"):
            adapted = stage.adapted(generator, *recipes)
        returned(stage, "adapted", adapted, Stage, "a Stage")
        return adapted

    def method(self, name: str) -> Method:
        """Return a method by name, or with options written out."""
        return get_method(name)

    def under(self, setting: Setting) -> "Bench":
        """Return this bench with another setting to train under."""
        return dataclasses.replace(self, setting=setting)

    def cells(
        self,
        protocol: str,
        method: str,
        backbone: str,
        stage: Stage,
        mix: Mix,
        test: str,
        *,
        tested_under: str | None = None,
        at: Mapping[str, Coordinate] | None = None,
        frames: int | None = None,
        hidden: float | None = None,
        tampering: str = UNTOUCHED,
        draws: int | None = None,
        side: str | None = None,
        pairs: Sequence[str] = (ALL_PAIRS,),
    ) -> list[Cell]:
        """Return a cell per draw and group of pairs: `stage` tested under `mix`.

        Args:
            protocol: That asks.
            method: Registered name.
            backbone: Registered name.
            stage: Of the method.
            mix: Hides the clips of that side; where it hides none, all draws are one.
            test: Name of the test condition.
            tested_under: Setting whose test clips these are; the bench's own by default.
            at: Coordinates that the protocol names.
            frames: Longest clip; the preset's by default.
            hidden: See `Evaluation`.
            tampering: What is changed about the test.
            draws: How many; the experiment's by default.
            side: Which clips are occluded; the experiment's by default.
            pairs: Which pairs count, a cell each.
        """
        count = (draws or self.experiment.test_draws) if mix.share else 1
        side = side or self.experiment.side
        first = Evaluation(
            stage=stage,
            data=_seen(self.test, self.preset_of(backbone), backbone),
            frames=frames or self.preset.test_frames,
            probe=mix if side in ("both", "probe") else HOLISTIC,
            gallery=mix if side in ("both", "gallery") else HOLISTIC,
            seed=stage.seed,
            draw=0,
            distance=self.experiment.distance,
            precision=self.preset.test_precision,
            hidden=hidden,
            tampering=tampering,
        )
        tested = self.method(method)
        return [
            Cell(
                evaluation=dataclasses.replace(first, draw=draw),
                protocol=protocol,
                method=method,
                title=tested.title,
                backbone=backbone,
                test=test,
                setting=tested_under or self.setting.name,
                trained=self.setting.name if tested.adaptable else "",
                side=side,
                pairs=group,
                at=at or {},
            )
            for group in pairs
            for draw in range(count)
        ]

    def compared_cells(
        self,
        protocol: str,
        method: str,
        backbone: str,
        stage: Stage,
        mix: Mix,
        test: str,
        at: Mapping[str, Coordinate] | None = None,
        *,
        split: bool = False,
    ) -> list[Cell]:
        """Return the cells of a comparison: a whole gallery, both sides occluded, and whole clips.

        Args:
            protocol: That asks.
            method: Registered name.
            backbone: Registered name.
            stage: Of the method.
            mix: Hides clips.
            test: Name of the test condition under it.
            at: Coordinates that the protocol names.
            split: Whether all pairs are split by what the two clips show, too.
        """
        asked = (protocol, method, backbone, stage)
        whole = (ALL_PAIRS, *(split_names(mix, HOLISTIC) if split else ()))
        both = (ALL_PAIRS, SAME_PART, *(split_names(mix, mix) if split else ()))
        return [
            *self.cells(*asked, mix, test, at=at, side="probe", pairs=whole),
            *self.cells(*asked, mix, test, at=at, side="both", pairs=both),
            *self.cells(*asked, HOLISTIC, HOLISTIC_TEST, at=at),
        ]

    def compared_cells_of(
        self, protocol: str, methods: Sequence[str], *, split: bool = False
    ) -> list[Cell]:
        """Return the cells of a comparison of methods under the setting."""
        return [
            cell
            for method in methods
            for backbone, seed in self.runs()
            for cell in self.compared_cells(
                protocol,
                method,
                backbone,
                self.stage(method, backbone, seed),
                self.setting.test,
                self.setting.test_name,
                split=split,
            )
        ]

    def with_shares(self, shares: Shares) -> "Bench":
        """Return this bench with equal shares of occluded training clips, or the papers' own."""
        experiment = self.experiment.model_copy(update={"shares": shares})
        return dataclasses.replace(self, experiment=experiment)

    def trained_under(self, method: Method) -> Setting:
        """Return the setting that a method trains under: with the share that the experiment asks for."""
        if self.experiment.shares == "equal":
            return self.setting.matched(EQUAL_SHARE)
        own = method.published_share
        share = self.setting.train.share
        return self.setting.matched(share if own is None else min(share, own))

    def _plan(self, method: Method, backbone: str, seed: int) -> Plan:
        preset = self.preset_of(backbone)
        return Plan(
            data=_seen(self.train, preset, backbone),
            backbone=self.backbone(backbone),
            setting=self.trained_under(method),
            extractor=preset.extractor,
            occluded=preset.occluded,
            detector=preset.detector,
            seed=seed,
            detector_channels=preset.detector_channels,
            imported=None if self.extractor is None else self.extractor.digest,
        )


def third_party_occlusions() -> list[str]:
    """Return the occlusions that plug-ins and other distributions have registered.

    Readings of released code are left out: like gaitbench's own, they have to be asked for.
    """
    return [n for n in occlusions.third_party() if not occlusions.get(n).released]


def _check_backbone_options(preset: Preset, name: str) -> None:
    """Check the names in a preset's tables of backbones, those that are not run included.

    Their values may hold only together with a recipe's, so they are checked where they are used.
    """
    for backbone, options in preset.backbones.items():
        try:
            names = option_names(backbones.get(backbone))
            for option in options:
                if option not in names:
                    raise UnknownNameError("option", option, names)
        except UnknownNameError as error:
            raise ConfigurationError(f"preset {name!r}: backbones.{backbone}: {error}") from error


def _source(name: str, preset: Preset, preset_name: str) -> DataSource:
    if name != "walkers":
        return DataSource.find(name, {})
    try:
        return DataSource.find(name, preset.walkers)
    except ConfigurationError as error:
        error.add_context(f"preset {preset_name!r}")
        raise


def _seen(source: DataSource, preset: Preset, backbone: str) -> TrainingData:
    """Return the data as a backbone's networks see them."""
    form = (preset.height, preset.width, preset.representation_of(backbone))
    return TrainingData(source.name, source.key, *form)


def _shortened(recipe: Recipe, budget: float) -> Recipe:
    """Return a recipe with a share of its steps, at least one."""
    if budget == 1:
        return recipe
    return recipe.model_copy(update={"steps": max(1, round(budget * recipe.steps))})
