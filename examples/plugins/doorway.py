"""A setting: people pass a doorway, so that the left or the right of them is hidden, or a post crosses.

gaitbench run --setting doorway --plugin examples/plugins/doorway.py
"""

from dataclasses import dataclass

from gaitbench import Mix, Setting, register


@register("doorway")
@dataclass(frozen=True)
class Doorway(Setting):
    """Half of the training clips and every test clip."""

    source: str = "an example of gaitbench"
    train: Mix = Mix.of(("left", "right", "pole"), (0.2, 0.4), 0.5)
    test: Mix = Mix.of(("left", "right", "pole"), (0.2, 0.4), 1.0)
