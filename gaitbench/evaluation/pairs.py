"""Which probes meet which gallery entries: a data set's rules applied to its tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.core.arrays import Bools
from gaitbench.core.errors import ProtocolError
from gaitbench.data.rules import EXCLUDED_WORDS, Excluded, Rules, Search
from gaitbench.data.sides import chosen

COLUMNS = ("sequence", "identity", "condition", "view", "recording")
Positions = npt.NDArray[np.int64]


def comparable(
    same: Callable[[str], Bools], excluded: Excluded, *, exclude_same_recording: bool
) -> Bools:
    """Return which pairs of a probe and a gallery entry may be compared.

    Args:
        same: Says for a column of `COLUMNS` which pairs share its value.
        excluded: Of the search.
        exclude_same_recording: Of the rules.

    Returns:
        True where a pair may be compared; of the shape that `same` returns.
    """
    recording = same("recording")
    valid = ~recording if exclude_same_recording else np.ones_like(recording)
    if excluded == "same-view":
        valid &= ~same("view")
    elif excluded == "same-view-mates":
        valid &= ~(same("view") & same("identity"))
    return valid


def excluded_words(excluded: Excluded, *, exclude_same_recording: bool) -> str:
    """Return what `comparable` leaves out, in words.

    >>> excluded_words("same-view", exclude_same_recording=True)
    'pairs of one view, pairs of one recording'
    """
    recording = "pairs of one recording" if exclude_same_recording else ""
    parts = [part for part in (EXCLUDED_WORDS[excluded], recording) if part]
    return ", ".join(parts) or "no pairs"


class Codes:
    """Integers for the values of each column, equal where the values are; they compare faster."""

    def __init__(self, probes: pd.DataFrame, gallery: pd.DataFrame) -> None:
        self.probe: dict[str, Positions] = {}
        self.gallery: dict[str, Positions] = {}
        for column in ("identity", "view", "recording"):
            values = pd.concat([probes[column], gallery[column]], ignore_index=True)
            codes = pd.factorize(values)[0].astype(np.int64)
            self.probe[column], self.gallery[column] = codes[: len(probes)], codes[len(probes) :]

    @property
    def n_identities(self) -> int:
        """Number of identities in probes and gallery together."""
        return int(max(self.probe["identity"].max(), self.gallery["identity"].max())) + 1

    def same(self, probes: Positions, gallery: Positions) -> Callable[[str], Bools]:
        """Return what says for a column which pairs of these rows share its value, shape (n, m)."""
        return lambda column: (
            self.probe[column][probes][:, None] == self.gallery[column][gallery][None, :]
        )


def sides(
    search: Search, probes: pd.DataFrame, gallery: pd.DataFrame
) -> tuple[Positions, Positions]:
    """Return the rows of a search's probes and of its gallery.

    Raises:
        ProtocolError: If there are none.
    """
    return (
        _chosen_some(search, "probes", probes, search.probes),
        _chosen_some(search, "gallery", gallery, search.gallery),
    )


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a search's gallery that is ranked by itself.

    Args:
        view: Of all its entries; "" where views are pooled.
        columns: Which entries of the search's gallery, from 0.
        own_view: Whether probes of this view are searched for in it.
    """

    view: str
    columns: Positions
    own_view: bool = True

    def met_by(self, probe_views: npt.NDArray[np.str_]) -> Positions:
        """Return which of these probes are searched for in it."""
        return np.flatnonzero(self.own_view | (probe_views != self.view))


def parts(search: Search, gallery: pd.DataFrame) -> list[Part]:
    """Return what is ranked by itself: a search's whole gallery, or each of its views.

    By view, probes are not searched for in their own view if any pairs of one view are excluded: the
    field leaves those cells out.
    """
    if not search.by_view:
        return [Part("", np.arange(len(gallery)))]
    views = gallery["view"].astype(str).to_numpy()
    own_view = search.excluded == "nothing"
    return [Part(str(v), np.flatnonzero(views == v), own_view) for v in np.unique(views)]


def check_mates(probes: pd.DataFrame, gallery: pd.DataFrame, rules: Rules) -> None:
    """Check that in every search some probe has a mate that it may be compared with.

    Raises:
        ProtocolError: If a search has no probes, no gallery, or no such probe.
    """
    for search in rules.searches:
        p, g = sides(search, probes, gallery)
        if not _mates(probes.iloc[p], gallery.iloc[g], search, rules).any():
            raise ProtocolError(_no_mate_message(probes.iloc[p], gallery.iloc[g], search, rules))


def _mates(
    probes: pd.DataFrame, gallery: pd.DataFrame, search: Search, rules: Rules
) -> npt.NDArray[np.bool_]:
    """Return for every pair of one identity whether it may be compared."""
    # Only these pairs are listed: all pairs of a large data set would not fit into memory.
    columns = ["identity", "view", "recording"]
    pairs = pd.merge(probes[columns], gallery[columns], on="identity", suffixes=("", "_mate"))

    def same(column: str) -> Bools:
        mate = pairs[column if column == "identity" else f"{column}_mate"]
        return (pairs[column] == mate).to_numpy(np.bool_)

    return comparable(same, search.excluded, exclude_same_recording=rules.exclude_same_recording)


def _chosen_some(
    search: Search, role: str, table: pd.DataFrame, patterns: Sequence[str]
) -> Positions:
    rows = chosen(table, patterns)
    if not len(rows):
        conditions = sorted(set(table["condition"].astype(str)))
        shown = ", ".join(conditions[:20]) + (", …" if len(conditions) > 20 else "")
        raise ProtocolError(
            f"Search {search.name!r} has no {role}: none of {len(table)} sequences has a condition "
            f"like {', '.join(patterns) or '*'}; their conditions are {shown or 'none'}. Import the "
            "missing sequences, or change the searches under 'rules' in the data set's meta.json."
        )
    return rows


def _no_mate_message(
    probes: pd.DataFrame, gallery: pd.DataFrame, search: Search, rules: Rules
) -> str:
    shared = len(set(probes["identity"]) & set(gallery["identity"]))
    words = excluded_words(search.excluded, exclude_same_recording=rules.exclude_same_recording)
    advice = (
        "Relax the rules, or add gallery sequences from other views or walks."
        if shared
        else "Take probes and gallery from the same identities."
    )
    return (
        f"Search {search.name!r}: none of {len(probes)} probes ({probes['identity'].nunique()} "
        f"identities) has a mate among {len(gallery)} gallery sequences "
        f"({gallery['identity'].nunique()} identities): they share {shared} identities, and the "
        f"rules exclude {words}, so nothing can be recognised. {advice}"
    )
