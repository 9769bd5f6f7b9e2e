"""Occ-Aware's setting: eight types, and whole clips as often as each."""

from dataclasses import dataclass, field

from gaitbench.core.registry import register
from gaitbench.occlusion.mix import Mix
from gaitbench.occlusion.setting import Setting

TYPES = (
    "top",
    "bottom",
    "left",
    "right",
    "corner-top-left",
    "corner-top-right",
    "corner-bottom-left",
    "corner-bottom-right",
)


def _mix() -> Mix:
    return Mix.of(TYPES, amount=(0.2, 0.5), share=1.0).balanced()


@register("occ-aware")
@dataclass(frozen=True)
class OccAwareSetting(Setting):
    """Eight types hide 20–50 %; they and whole clips are equally frequent."""

    source: str = "Occ-Aware (WACV 2024), section 4"
    train: Mix = field(default_factory=_mix)
    test: Mix = field(default_factory=_mix)
