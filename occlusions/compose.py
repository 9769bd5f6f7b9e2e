"""Occlusions made of others: switched in time, or one after another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Parameters, Range, Step, occlusions

ScalarT = TypeVar("ScalarT", bound=np.generic)

Order = Literal["random", "given"]
"""Which of the two types comes first: see `Switch`."""


@register("switch")
@dataclass(frozen=True)
class Switch(Occlusion):
    """Two types in one clip: one up to a frame drawn by chance, the other from it on.

    Both occur in every clip of two frames and more; a single frame has the first type alone.

    Args:
        amount: As for the two types, each of which draws its own from this range. The drawn amount
            reported is that of the first.
        kinds: Names of the two types, which are built with this range and otherwise their defaults.
        order: "random": either may come first, with equal chance. "given": as listed.

    Raises:
        ConfigurationError: If there are not two kinds, or a name is unknown.

    Source: MimicGait, top and bottom changing within a clip (0.4–0.6).
    """

    amount: Range = (0.4, 0.6)
    kinds: tuple[str, str] = ("top", "bottom")
    order: Order = "random"

    amount_of: ClassVar[str] = "share that each of the two types hides in its own way"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("order", ("random", "given"))
        if isinstance(self.kinds, str) or len(self.kinds) != 2:
            raise ConfigurationError(
                f"occlusion {self.name!r}: kinds={self.kinds!r} must be the names of two "
                "occlusions."
            )
        for kind in self.kinds:
            occlusions.check(kind)
        # A file gives a list; as a tuple the description can be compared and hashed.
        object.__setattr__(self, "kinds", tuple(self.kinds))

    def steps(
        self, rng: np.random.Generator, amount: float, t: int, h: int, w: int
    ) -> Sequence[Step]:
        """Draw both types for the whole clip, and take each in its own frames."""
        turned = self.order == "random" and rng.random() < 0.5
        before, after = (occlusions.get(k) for k in (self.kinds[::-1] if turned else self.kinds))
        at = int(rng.integers(1, t)) if t > 1 else 1
        first_drawn, second_drawn = (
            before((amount, amount)).draw(rng, t, h, w),
            after(self.amount).draw(rng, t, h, w),
        )
        drawn: Parameters = {
            "before": before.name,
            "after": after.name,
            "at": at,
            "amount_before": first_drawn.amount,
            "amount_after": second_drawn.amount,
        }
        longest = max(len(first_drawn.steps), len(second_drawn.steps))
        first, second = (
            list(d.steps) + [Step()] * (longest - len(d.steps)) for d in (first_drawn, second_drawn)
        )
        changed = [_change(a, b, at, t, h, w) for a, b in zip(first, second, strict=True)]
        return [replace(step, parameters=drawn) for step in changed]


@dataclass(frozen=True)
class Then(Occlusion):
    """Several occlusions of one clip, one after another, each applied to what the last has left.

    A band that is hidden after the top has been cut off is a band of the stretched rest, as when
    someone walks behind a railing in a box that a detector has already fitted to the visible part.

    Args:
        amount: Factor that scales each part's own range of amounts; 1 leaves them as they are.
        parts: The occlusions, in order.

    Raises:
        ConfigurationError: If there are no parts.

    Source: none. Not registered, because an occlusion needs its parts: register a subclass that has
    them.
    """

    amount: Range = (1.0, 1.0)
    parts: tuple[Occlusion, ...] = ()

    amount_of: ClassVar[str] = "share of each part's own amount"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.parts or not all(isinstance(part, Occlusion) for part in self.parts):
            raise ConfigurationError(
                f"occlusion {self.name!r}: parts={self.parts!r} must be one or more occlusions, "
                "for example (Top(), Middle())."
            )
        object.__setattr__(self, "parts", tuple(self.parts))

    def steps(
        self, rng: np.random.Generator, amount: float, t: int, h: int, w: int
    ) -> Sequence[Step]:
        """Draw every part and join their steps."""
        joined: list[Step] = []
        for position, part in enumerate(self.parts, 1):
            low, high = part.amount
            drawn = replace(part, amount=(low * amount, high * amount)).draw(rng, t, h, w)
            prefix = f"{position}_{part.name}_"
            joined += [
                replace(
                    step,
                    parameters={f"{prefix}amount": drawn.amount}
                    | {prefix + name: value for name, value in step.parameters.items()},
                )
                for step in drawn.steps
            ]
        return joined


def _change(before: Step, after: Step, at: int, t: int, h: int, w: int) -> Step:
    """Return the step that is one up to frame `at` and the other from it on."""
    most = max((len(s.boxes[0]) for s in (before, after) if s.boxes is not None), default=0)
    return Step(
        boxes=_spliced(
            _widened(before.boxes, most), _widened(after.boxes, most), at, (t, most, 4), 0
        ),
        mask=_spliced(before.mask, after.mask, at, (t, h, w), False),
        window=_spliced(before.window, after.window, at, (t, 2), (0, h)),
        columns=_spliced(before.columns, after.columns, at, (t, 2), (0, w)),
    )


def _widened(boxes: npt.NDArray[np.int64] | None, most: int) -> npt.NDArray[np.int64] | None:
    """Return boxes (t, k, 4) with empty ones added up to `most` per frame."""
    return None if boxes is None else np.pad(boxes, ((0, 0), (0, most - boxes.shape[1]), (0, 0)))


def _spliced(
    before: npt.NDArray[ScalarT] | None,
    after: npt.NDArray[ScalarT] | None,
    at: int,
    shape: tuple[int, ...],
    blank: int | tuple[int, int],
) -> npt.NDArray[ScalarT] | None:
    """Return one array up to frame `at` and the other from it on, with `blank` for None."""
    either = before if before is not None else after
    if either is None:
        return None
    spliced = np.full(shape, blank, either.dtype)
    if before is not None:
        spliced[:at] = before[:at]
    if after is not None:
        spliced[at:] = after[at:]
    return spliced
