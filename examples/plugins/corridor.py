"""A data set: the walkers as two cameras of a corridor see them, obliquely from ahead and from behind.

gaitbench run --dataset corridor --plugin examples/plugins/corridor.py
"""

from dataclasses import dataclass

from gaitbench import register
from gaitbench.walkers.dataset import Walkers


@register("corridor")
@dataclass(frozen=True)
class Corridor(Walkers):
    """Two views only, so that every probe is searched for in the other one."""

    about = "the walkers from two cameras of a corridor"

    identities_train: int = 60
    identities_validation: int = 10
    identities_test: int = 30
    views: tuple[float, ...] = (30.0, 150.0)
    views_train: tuple[int, int] = (2, 2)
