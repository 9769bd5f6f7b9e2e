"""What an occlusion is: the interface of every generator.

A generator only *draws*: it says which pixels are hidden and, if a detector's box would have been
fitted to the rest, which rows (and columns) remain and are stretched back. `occlude.py` applies what
was drawn, whatever generators it came from, and measures what it hid.
"""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import ConfigurationError, PluginError
from gaitbench.core.plugin_errors import calling, returned, shown, where, wrong
from gaitbench.core.registry import Registry

Range = tuple[float, float]
"""Smallest and largest value of a share in [0, 1], drawn uniformly between the two."""

Span = tuple[int, int]
"""First and one past the last row or column, in pixels."""

Parameters = Mapping[str, float | int | str]


@dataclass(frozen=True, eq=False)
class Step:
    """One effect on a clip of shape [t, h, w]: first hide, then stretch what is left.

    Args:
        boxes: Shape (t, k, 4), integer: top, bottom, left, right of `k` hidden rectangles per
            frame, in pixels, half-open; parts outside the frame are ignored.
        mask: Shape (t, h, w), boolean: true where hidden.
        window: Shape (t, 2), integer: first and one past the last row that remain in each frame;
            they are stretched back to the full height.
        columns: Shape (t, 2), integer: as `window`, across; they are stretched back to the full
            width.
        parameters: What was drawn, for records and figures.
    """

    boxes: npt.NDArray[np.int64] | None = None
    mask: npt.NDArray[np.bool_] | None = None
    window: npt.NDArray[np.int64] | None = None
    columns: npt.NDArray[np.int64] | None = None
    parameters: Parameters = field(default_factory=dict)

    @classmethod
    def hide(cls, t: int, rows: Span, columns: Span, **parameters: float | int | str) -> Self:
        """Return a step that hides the same rectangle in each of `t` frames."""
        return cls(boxes=np.full((t, 1, 4), (*rows, *columns), np.int64), parameters=parameters)

    @classmethod
    def keep(
        cls, t: int, rows: Span, columns: Span | None = None, **parameters: float | int | str
    ) -> Self:
        """Return a step that stretches the same rows (and columns) of each of `t` frames."""
        return cls(
            window=np.full((t, 2), rows, np.int64),
            columns=None if columns is None else np.full((t, 2), columns, np.int64),
            parameters=parameters,
        )


@dataclass(frozen=True, eq=False)
class Drawn:
    """One drawn instance of a generator, without any chance left in it.

    Args:
        kind: Name of the generator.
        amount: The drawn amount, a share in [0, 1]; what of, the generator says.
        steps: Applied one after another.
    """

    kind: str
    amount: float
    steps: tuple[Step, ...]

    @property
    def parameters(self) -> dict[str, float | int | str]:
        """All drawn parameters; later steps win where names coincide."""
        return {"amount": self.amount} | {k: v for s in self.steps for k, v in s.parameters.items()}


@dataclass(frozen=True)
class Occlusion(ABC):
    """A family of occlusions; a subclass writes `steps` and gives `amount` a default.

    Args:
        amount: Range of the share that `steps` receives, drawn uniformly.

    Raises:
        ConfigurationError: If the range is empty or leaves [0, 1].
    """

    amount: Range

    name: ClassVar[str]
    """What the generator is registered as."""

    version: ClassVar[int] = 1
    """Raised when the same draw hides other pixels than before."""

    amount_of: ClassVar[str] = "share of the frame"
    """What the amount is a share of, for help texts and axes."""

    released: ClassVar[bool] = False
    """Whether it repeats what released code draws: such a reading stands in no grid unasked."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" not in cls.__dict__:
            cls.name = cls.__name__.lower()

    def __post_init__(self) -> None:
        low, high = self._pair("amount")
        if not (0 <= low <= high <= 1):
            raise ConfigurationError(
                f"occlusion {self.name!r}: amount={low:g}–{high:g} is not a range of shares in "
                f"[0, 1] from small to large (it is a {self.amount_of}). For pixels, divide by the "
                "frame's size."
            )

    def _pair(self, field_name: str) -> Range:
        """Check that a field is a pair of numbers, and keep it as a tuple of floats.

        A file gives lists, and 0 for 0.0; equal descriptions must be equal, hash alike and be
        written alike, or the same experiment would be run twice.
        """
        value = getattr(self, field_name)
        try:
            low, high = (float(v) for v in value)
        except (TypeError, ValueError):
            raise ConfigurationError(
                f"occlusion {self.name!r}: {field_name}={value!r} must be two numbers, the "
                "smallest and the largest; for a fixed value give it twice."
            ) from None
        object.__setattr__(self, field_name, (low, high))
        return low, high

    def _speed(self, field_name: str) -> None:
        """Check that a field is a range of speeds, in pixels per frame."""
        low, high = self._pair(field_name)
        if not (0 <= low <= high < float("inf")):
            raise ConfigurationError(
                f"occlusion {self.name!r}: {field_name}={low:g}–{high:g} is not a range of speeds "
                "from small to large, in pixels per frame; the direction is drawn."
            )

    def _one_of(self, field_name: str, allowed: Sequence[str]) -> None:
        """Check that a field holds one of the allowed words."""
        value = getattr(self, field_name)
        if value not in allowed:
            raise ConfigurationError(
                f"occlusion {self.name!r}: {field_name}={value!r} must be one of "
                f"{', '.join(map(repr, allowed))}."
            )

    def at(self, amount: float) -> Self:
        """Return this generator with one fixed amount."""
        return replace(self, amount=(amount, amount))

    def draw(self, rng: np.random.Generator, t: int, h: int, w: int) -> Drawn:
        """Draw one instance for a clip of `t` frames of `h` × `w` pixels.

        Raises:
            PluginError: If the subclass fails or returns steps of a wrong shape.
        """
        amount = float(rng.uniform(*self.amount))
        with calling(self, "steps", f"on a clip of {t} frames of {h}×{w}"):
            drawn = self.steps(rng, amount, t, h, w)
        steps = tuple(drawn) if isinstance(drawn, Sequence) else (drawn,)
        for step in steps:
            self._check(step, t, h, w)
        return Drawn(self.name, amount, steps)

    @abstractmethod
    def steps(
        self, rng: np.random.Generator, amount: float, t: int, h: int, w: int
    ) -> Step | Sequence[Step]:
        """Return what is hidden at this amount; anything else by chance comes from `rng` alone."""

    def _check(self, step: Step, t: int, h: int, w: int) -> None:
        returned(self, "steps", step, Step, "a Step or several")
        rules: tuple[tuple[str, object, tuple[int | None, ...], str], ...] = (
            ("boxes", step.boxes, (t, None, 4), "integer"),
            ("mask", step.mask, (t, h, w), "bool"),
            ("window", step.window, (t, 2), "integer"),
            ("columns", step.columns, (t, 2), "integer"),
        )
        for part, value, shape, kind in rules:
            if value is not None and not _fits(value, shape, "b" if kind == "bool" else "iu"):
                sizes = "×".join("k" if s is None else str(s) for s in shape)
                raise wrong(
                    self,
                    "steps",
                    f"returned {part} = {shown(value)}; for a clip of {t} frames of {h}×{w} it must be an "
                    f"array of {sizes}, {kind}.",
                )
        if not isinstance(step.parameters, Mapping):
            raise wrong(
                self, "steps", f"returned parameters = {shown(step.parameters)}; give them by name."
            )
        for part, window, size in (("window", step.window, h), ("columns", step.columns, w)):
            if window is None:
                continue
            first, last = window[:, 0], window[:, 1]
            if (first < 0).any() or (last > size).any() or (first >= last).any():
                raise wrong(self, "steps", f"returned {part} outside 0 ≤ first < last ≤ {size}.")


def _fits(value: object, shape: Sequence[int | None], kinds: str) -> bool:
    """Whether something is an array of a shape, None being any size, and of one of some kinds of type."""
    if not isinstance(value, np.ndarray) or value.ndim != len(shape):
        return False
    fits = all(s is None or s == a for s, a in zip(shape, value.shape, strict=True))
    return fits and value.dtype.kind in kinds


occlusions: Registry[Occlusion] = Registry("occlusion", Occlusion, homes=("gaitbench.occlusions",))


def grid_names() -> list[str]:
    """Return the names of the generators that grids hold unasked: all but released readings."""
    return [name for name, kind in occlusions.items() if not kind.released]


def make(name: str, **options: object) -> Occlusion:
    """Return the generator registered under `name`, with its defaults but for the given options.

    Raises:
        ConfigurationError: If there is no such generator or option, or a value is not valid.
    """
    kind = occlusions.get(name)
    names = [f.name for f in fields(kind)]
    unknown = [option for option in options if option not in names]
    if unknown:
        near = difflib.get_close_matches(unknown[0], names, n=1, cutoff=0)
        raise ConfigurationError(
            f"occlusion {name!r} has no option {unknown[0]!r}. Did you mean {near[0]!r}? "
            f"Known: {', '.join(names)}."
        )
    build: Callable[..., Occlusion] = kind
    try:
        with calling(kind, "__init__"):
            occlusion = build(**options)
    except PluginError as error:
        if not isinstance(error.__cause__, TypeError):
            raise
        raise PluginError(
            f"{error}. Decorate the class with @dataclass(frozen=True) and give 'amount' and every other "
            "field a default."
        ) from error
    if occlusion.name != name:
        raise ConfigurationError(
            f"{where(kind)}: {kind.__qualname__} is registered as the occlusion {name!r}, but calls "
            f"itself {occlusion.name!r}. Set name: ClassVar[str] = {name!r}."
        )
    return occlusion
