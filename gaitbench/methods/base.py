"""What a method is: options that describe a chain of stages, under one name or, as variants, several."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.options import check_fields, make_with, option_names, read_options
from gaitbench.core.plugin_errors import calling, returned, where
from gaitbench.core.registry import Registry
from gaitbench.occlusion.mix import Mix
from gaitbench.occlusion.setting import Setting
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import Stage, TrainingData

MethodKind = Literal["compared", "reference", "ablation", "control", "variant"]
"""Where a method appears unasked: in comparison tables, where references stand below a rule and do not
compete; in the ablation, as row or control; nowhere."""

_WRITTEN_OUT = re.compile(r"(?P<name>[^\[\]]+)\[(?P<options>[^\[\]]*)\]")


@dataclass(frozen=True)
class Plan:
    """What a method needs to know to describe its stages.

    Args:
        data: Training data.
        backbone: Of every network that a method trains.
        setting: Who is occluded and how much.
        extractor: Recipe of stages that see whole clips.
        occluded: Recipe of stages that see occluded clips: the same for every method.
        detector: Recipe of occlusion detectors.
        seed: Of the experiment.
        detector_channels: Widths of the detector's convolutions.
        imported: SHA-256 of a file that holds the extractor on whole clips, which is then not trained.
    """

    data: TrainingData
    backbone: BackboneSpec
    setting: Setting
    extractor: Recipe
    occluded: Recipe
    detector: Recipe
    seed: int
    detector_channels: tuple[int, int, int] = (32, 64, 128)
    imported: str | None = None

    def occluded_mix(self, share: float | None) -> Mix:
        """Return what hides training clips: as the setting says, but for a share of a method's own."""
        mix = self.setting.train
        return mix if share is None else mix.with_share(share)


@dataclass(frozen=True)
class Variant:
    """A method under another name, with other options than its defaults.

    Args:
        name: As given to `--methods`.
        title: As printed in tables.
        kind: Where it appears unasked.
        about: One line for lists.
        options: By field of the method.
    """

    name: str
    title: str
    kind: MethodKind = "variant"
    about: str = field(kw_only=True)
    options: Mapping[str, object] = field(kw_only=True)


@dataclass(frozen=True)
class Method(ABC):
    """A way to recognise gait under occlusion.

    Its frozen fields are its options. The facts below are those of the class; an object that `get_method`
    returns for a variant has the variant's own name, title, kind and about.

    Raises:
        ConfigurationError: If an option's value does not fit its annotation.
    """

    name: ClassVar[str]
    """As registered."""

    title: ClassVar[str]
    """As printed in tables."""

    source: ClassVar[str]
    """Paper, venue and year."""

    about: ClassVar[str]
    """One line for lists."""

    kind: ClassVar[MethodKind] = "compared"
    """Where it appears unasked."""

    adaptable: ClassVar[bool] = True
    """Whether it has a stage that sees occluded clips and can be trained on with a new type."""

    published_share: ClassVar[float | None] = None
    """Occluded share of its training clips in its paper, where that is another than the setting's."""

    place: ClassVar[int] = 100
    """Where it stands in tables: the smallest first; variants stand behind all methods."""

    variants: ClassVar[tuple[Variant, ...]] = ()
    """Further names for this class, not for those that derive from it."""

    def __post_init__(self) -> None:
        check_fields(self, f"method {self.name!r}")

    @abstractmethod
    def stage(self, plan: Plan) -> Stage:
        """Return the last stage, which holds all others and embeds clips."""

    def ticks(self) -> dict[str, bool]:
        """Return its ticks in the ablation table, by column; by default none."""
        return {}

    def checked_ticks(self) -> dict[str, bool]:
        """Return `ticks`, checked.

        Raises:
            PluginError: If a plug-in's `ticks` raises, or returns something else.
        """
        with calling(self, "ticks"):
            ticks = self.ticks()
        returned(self, "ticks", ticks, dict, "True or False by column")
        return ticks

    def named(self, variant: Variant) -> Self:
        """Return this method with a variant's name, title, kind and about."""
        method = copy(self)
        for fact in ("name", "title", "kind", "about"):
            object.__setattr__(method, fact, getattr(variant, fact))
        return method


class MethodRegistry(Registry[Method]):
    """The classes of methods by name, whose variants' names are taken, too."""

    def check_name(self, name: str) -> None:
        """Check the name of a class, of a variant, or with options written out."""
        get_method(name)

    def _check(self, name: str, cls: type[Method]) -> None:
        super()._check(name, cls)
        taken = {n: kind for kind in self._classes.values() for n in _names_of(kind)}
        own = [name, *(variant.name for variant in variants_of(cls))]
        for index, new in enumerate(own):
            owner = cls if new in own[:index] else taken.get(new)
            if owner is not None:
                raise ConfigurationError(
                    f"{where(cls)}: the method name {new!r} is taken by {owner.__qualname__} of "
                    f"{where(owner)}. Choose another name."
                )
        for variant in variants_of(cls):
            make_with(cls, variant.options, f"{where(cls)}: method {variant.name!r}")


methods = MethodRegistry("method", Method, homes=("gaitbench.methods", "gaitbench.baselines"))


def variants_of(kind: type[Method]) -> tuple[Variant, ...]:
    """Return the variants that a class lists itself."""
    variants: tuple[Variant, ...] = vars(kind).get("variants", ())
    return variants


def _names_of(kind: type[Method]) -> list[str]:
    return [kind.name, *(variant.name for variant in variants_of(kind))]


def method_names() -> list[str]:
    """Return all names: gaitbench's own methods, their variants, then third parties' as they came."""
    third_party = methods.third_party()
    own = [name for name in methods.names() if name not in third_party]
    variants = [variant.name for name in own for variant in variants_of(methods.get(name))]
    of_others = [n for name in third_party for n in _names_of(methods.get(name))]
    return [*own, *sorted(variants), *of_others]


def get_method(name: str) -> Method:
    """Return a method by the name of a class, of a variant, or with options written out.

    Args:
        name: "rg-gait", "vanilla-residual" or "rg-gait[alpha=constant,aware=false]". Options that come to
            a named variant are that variant.

    Raises:
        UnknownNameError: If there is no such method.
        ConfigurationError: If it has no such option, or a value does not fit.
    """
    written = _WRITTEN_OUT.fullmatch(name)
    if written is None:
        return _named(name)
    base = _named(written["name"].strip())
    options = _read(written["options"], name, base)
    changed = make_with(type(base), options, f"method {name!r}")
    candidates = (_named(n) for n in _names_of(type(base)))
    return next((method for method in candidates if method == changed), _described(changed))


def methods_of_kind(*kinds: MethodKind) -> list[str]:
    """Return the names of all methods of some kinds, in the order of `method_names`."""
    return [name for name in method_names() if _named(name).kind in kinds]


def _named(name: str) -> Method:
    if name in methods.names():
        return methods.make(name)
    for _, kind in methods.items():
        for variant in variants_of(kind):
            if variant.name == name:
                return make_with(kind, variant.options, f"method {name!r}").named(variant)
    raise UnknownNameError("method", name, method_names())


def _read(text: str, name: str, base: Method) -> dict[str, object]:
    """Return a method's options with those that are written out as "alpha=constant,aware=false"."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    for option, equals, _ in pairs:
        if not equals:
            raise ConfigurationError(
                f"method {name!r}: {option.strip()!r} has no value. Write options like "
                "rg-gait[alpha=constant,aware=false]."
            )
    texts = {option.strip(): value.strip() for option, _, value in pairs}
    return options_of(base) | read_options(type(base), texts, f"method {name!r}")


def options_of(method: Method) -> dict[str, object]:
    """Return a method's options with their values."""
    return {name: getattr(method, name) for name in option_names(type(method))}


def options_text(options: Mapping[str, object]) -> str:
    """Return options as they are written out: "alpha=constant, aware=false"."""
    return ", ".join(
        f"{name}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in options.items()
    )


def _described(method: Method) -> Method:
    """Return a method under a name and a title that say which of its options are not the defaults."""
    defaults = options_of(type(method)())
    options = {n: value for n, value in options_of(method).items() if value != defaults[n]}
    text = options_text(options)
    return method.named(
        Variant(
            f"{type(method).name}[{text.replace(' ', '')}]",
            f"{type(method).title} ({text})",
            about=f"{type(method).title} with {text}",
            options=options,
        )
    )
