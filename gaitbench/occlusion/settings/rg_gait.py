"""RG-Gait's settings: some clips are cut at the top or at the bottom, the others stay whole."""

from dataclasses import dataclass, field

from gaitbench.core.registry import register
from gaitbench.occlusion.mix import Mix
from gaitbench.occlusion.setting import Setting


def _mix() -> Mix:
    return Mix.of(("top", "bottom"), amount=(0.1, 0.6), share=0.5)


def _fewer() -> Mix:
    return _mix().with_share(0.3)


@register("rg-gait")
@dataclass(frozen=True)
class RGGaitSetting(Setting):
    """Half of the clips lose 10–60 % at their top or bottom."""

    source: str = "released RG-Gait configurations"
    train: Mix = field(default_factory=_mix)
    test: Mix = field(default_factory=_mix)


@register("rg-gait-0.3")
@dataclass(frozen=True)
class RGGaitFewerAtTestSetting(Setting):
    """As `rg-gait` in training; 30 % of the test clips are occluded."""

    source: str = "released RG-Gait configurations, one of them"
    train: Mix = field(default_factory=_mix)
    test: Mix = field(default_factory=_fewer)
