"""Whether networks on whole clips are at least as good as a linear reference on them."""

from collections.abc import Iterator

from gaitbench.core.units import Unit
from gaitbench.experiment.bench import HOLISTIC_TEST, REFERENCE
from gaitbench.results.estimates import estimate
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import Place, places, where
from gaitbench.results.section import Section
from gaitbench.results.table import Entry, printed

LINEAR = "gei-lda-whole"
METRIC = "rank_1"


def linear_reference_sections(results: Results) -> list[Section]:
    """Return a section with one sentence per place."""
    words = tuple(_words(results))
    return [Section("Linear reference", "linear-reference", words, words)] if words else []


def _words(results: Results) -> Iterator[str]:
    # Controls are easier or harder on purpose, and say nothing of what networks have learned.
    for place in places(results.cells[results.cells["protocol"] != "controls"]):
        network, linear = (_on_whole_clips(results, place, m) for m in (REFERENCE, LINEAR))
        if network is None or network.value is None:
            continue
        began = f"Whole clips, {place.title}: Baseline-1 has {_points(network)} Rank-1"
        if linear is None:
            yield f"{began}; the linear reference, {LINEAR}, is not part of this run."
        elif linear.value is None:
            yield f"{began}; of the linear reference, {LINEAR}, evaluations are missing."
        elif network.value >= linear.value:
            yield f"{began}, at least as much as the linear reference, {_points(linear)}."
        else:
            yield (
                f"{began}, less than the linear reference, {_points(linear)}: the networks of this run "
                "have learned less than there is, and their comparison says little."
            )


def _on_whole_clips(results: Results, place: Place, method: str) -> Entry | None:
    """Return a method's mean, or what is missing; None where nobody asked for it."""
    plain = results.without(*results.coordinates)
    cells = where(place.of(plain), method=method, test=HOLISTIC_TEST).drop_duplicates("key")
    return estimate(results, cells, METRIC, seeds_of(cells)) if len(cells) else None


def _points(entry: Entry) -> str:
    return f"{printed(entry.value or 0.0, Unit.PERCENT)} %"
