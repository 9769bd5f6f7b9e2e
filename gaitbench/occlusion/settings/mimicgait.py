"""MimicGait's setting: every clip is cut at the top or at the bottom."""

from dataclasses import dataclass, field

from gaitbench.core.registry import register
from gaitbench.occlusion.mix import Mix
from gaitbench.occlusion.setting import Setting


def _mix() -> Mix:
    return Mix.of(("top", "bottom"), amount=(0.4, 0.6), share=1.0)


@register("mimicgait")
@dataclass(frozen=True)
class MimicGaitSetting(Setting):
    """Every clip loses 40–60 % at its top or bottom."""

    source: str = "MimicGait (WACV 2025), section 4"
    train: Mix = field(default_factory=_mix)
    test: Mix = field(default_factory=_mix)
