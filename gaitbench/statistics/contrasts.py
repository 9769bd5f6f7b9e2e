"""Which differences between methods are tested: declared before anything is measured.

Every test that is added takes power from the others, so only these are made; all other differences have
intervals and no p-values.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Contrast:
    """A question: does a method differ from its reference?

    Args:
        method: Registered name.
        reference: Of what it is compared with.
    """

    method: str
    reference: str


@dataclass(frozen=True)
class PlannedContrasts:
    """What a protocol asks of its methods.

    Args:
        primary: The metric that is tested.
        declared: The contrasts.
        others_against: The reference of competing methods that no declared contrast names, such as those of
            plug-ins; "" for none.
    """

    primary: str
    declared: tuple[Contrast, ...]
    others_against: str = ""

    def among(self, methods: Collection[str], references: Collection[str] = ()) -> list[Contrast]:
        """Return the contrasts of these methods; what is absent drops out.

        Args:
            methods: Names of those that compete.
            references: Names of those that others are compared with, but that do not compete.
        """
        named = {name for c in self.declared for name in (c.method, c.reference)}
        others = [
            Contrast(name, self.others_against)
            for name in methods
            if name not in named and name != self.others_against
        ]
        present = {*methods, *references}
        return [
            c for c in (*self.declared, *others) if c.method in methods and c.reference in present
        ]


NO_CONTRASTS = PlannedContrasts("rank_1", ())
"""Of a table that only looks on: all its differences are exploratory."""
