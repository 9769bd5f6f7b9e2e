"""How the probes of a data set meet its gallery: a named, versioned record that travels with the data.

A data set's folder keeps its rules in `meta.json`. Every table prints their name and version.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gaitbench.core.errors import DataError

Excluded = Literal["nothing", "same-view", "same-view-mates"]
EXCLUDED_WORDS: dict[Excluded, str] = {
    "nothing": "",
    "same-view": "pairs of one view",
    "same-view-mates": "pairs of one identity in one view",
}
"""What a search never compares, for people."""
MetricName = Literal[
    "rank_1", "rank_5", "rank_10", "rank_20", "map", "minp", "tar_far_0.01", "tar_far_0.001"
]


class Search(BaseModel):
    """Some probes, searched for in some gallery.

    Args:
        name: As printed, for example "NM". One search may stand twice, once by view and once pooled, if
            the names differ.
        probes: Conditions of its probes, as shell patterns ("nm-0[56]"); empty for all probes.
        gallery: Conditions of its gallery entries, likewise.
        by_view: Each gallery view is searched by itself; cells (probe view, gallery view) are averaged,
            each counting the same.
        excluded: Pairs that are never compared: "same-view" pairs of one view, "same-view-mates" those of
            one view *and* one identity, as in person re-identification.
        headline: Whether the search counts in the one number per method that comparison tables print:
            the mean over the headline searches.
        metrics: What the data set's own table prints of the search. A single search that is not by view
            has such a table only where it asks for more than Rank-1 here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "all"
    probes: tuple[str, ...] = ()
    gallery: tuple[str, ...] = ()
    by_view: bool = False
    excluded: Excluded = "nothing"
    headline: bool = True
    metrics: tuple[MetricName, ...] = Field(default=("rank_1",), min_length=1)


class Rules(BaseModel):
    """All searches of a data set.

    Args:
        name: Of the protocol, for example "casia-b".
        version: Raised when the same name means another comparison than before.
        source: Where the protocol is stated.
        searches: At least one; at least one counts in the headline.
        exclude_same_recording: Whether a probe is never compared with the very walk that it shows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "plain"
    version: int = Field(default=1, ge=1)
    source: str = ""
    searches: tuple[Search, ...] = Field(default=(Search(),), min_length=1)
    exclude_same_recording: bool = True

    @model_validator(mode="after")
    def _searches_make_sense(self) -> Self:
        names = [s.name for s in self.searches]
        if len(set(names)) != len(names):
            raise ValueError(f"two searches share a name: {', '.join(names)}")
        if not any(s.headline for s in self.searches):
            raise ValueError("no search counts in the headline")
        return self

    @classmethod
    def of(cls, meta: Mapping[str, Any], data: str) -> Self:
        """Return the rules in a data set's `meta`; a data set without any has the plain ones.

        Raises:
            DataError: If they are not valid; `data` names the data set in the message.
        """
        try:
            return cls.model_validate(meta.get("rules", {}))
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'rules'}: {e['msg']}" for e in error.errors()
            )
            raise DataError(
                f"Data set {data!r}: its rules in meta.json are not valid: {faults}."
            ) from error
