"""The lines under a table: everything that its numbers depend on, from the cells and the facts."""

from __future__ import annotations

from collections.abc import Iterator

from gaitbench.core.arrays import pd
from gaitbench.results.frame import PLACE, Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import titles, values_of, where
from gaitbench.results.seen import seen_line
from gaitbench.results.titles import dataset_title, listed, side_title
from gaitbench.statistics.intervals import Unavailable

BOLD = "Bold: best value of the column as printed; equal values are all bold."

_NO_MATE = {
    "drop": "left out",
    "miss": "counted as misses",
    "miss-ranks": "counted as misses in Rank-k, left out of all other metrics",
}

# Numbers of one data set may differ between tests by an excluded probe: then a range is printed.
_COUNTS = (
    ("n_identities", "identities"),
    ("n_probes", "probes"),
    ("n_gallery", "gallery sequences per probe"),
    ("n_without_mate", "probes without a mate in the gallery"),
)


def footer(
    results: Results, used: pd.DataFrame, *first: str, intervals: str | None = None
) -> tuple[str, ...]:
    """Return the footer of a table.

    Args:
        results: For the facts of the run.
        used: The evaluations that the table compares (not the holistic reference).
        *first: What only this table has to say, printed before the rest.
        intervals: The metric whose intervals the table prints; None if it prints standard deviations.
    """
    lines = [
        *filter(None, first),
        _seeds_line(used) if intervals is None else _intervals_line(results, used, intervals),
        *_count_lines(used),
        _rules_line(results.facts),
        _comparison_line(results.facts),
        _setting_line(results.facts, used),
        _hidden_line(used),
        seen_line(results, used),
        steps_line(used),
        _shares_line(used),
        _origin_line(results.facts),
    ]
    return tuple(line for line in lines if line)


def _seeds_line(used: pd.DataFrame) -> str:
    seeds = seeds_of(used)
    listed = ", ".join(map(str, seeds))
    if len(seeds) == 1:
        return f"One seed ({listed}){_draws_words(used)}, so no spread is shown."
    return (
        f"Mean over {len(seeds)} seeds ({listed}){_draws_words(used)}; ± is the sample standard deviation "
        "over seeds."
    )


def _draws_words(used: pd.DataFrame) -> str:
    n_draws = int(used["draw"].max()) + 1
    return f" and {n_draws} draws of the occlusion each" if n_draws > 1 else ""


def _intervals_line(results: Results, used: pd.DataFrame, metric: str) -> str:
    """Return what the brackets hold, or why there are none."""
    complete = used[used["status"] == "done"]
    if complete.empty:
        return _seeds_line(used)
    place = [*PLACE, *results.coordinates]
    _, cells = next(iter(complete.groupby(place, sort=False, dropna=False)))
    interval = results.uncertainty.interval(cells, metric)
    if isinstance(interval, Unavailable):
        why = f" No intervals: {interval.reason}." if results.rules else ""
        return f"{_seeds_line(used)}{why}"
    seeds = seeds_of(used)
    listed = ", ".join(map(str, seeds))
    if len(seeds) == 1:
        return (
            f"One seed ({listed}){_draws_words(used)}. [ ]: {interval.level:.0%} interval over the tested "
            "identities alone; what other trainings would give, one seed cannot say."
        )
    few = (
        " The spread of two seeds is estimated from one degree of freedom: what these intervals say of "
        "other trainings is rough. Use three seeds or more."
        if len(seeds) == 2
        else ""
    )
    return (
        f"Mean over {len(seeds)} seeds ({listed}){_draws_words(used)}. [ ]: {interval.level:.0%} interval "
        f"over the tested identities and the seeds.{few}"
    )


def _count_lines(used: pd.DataFrame) -> Iterator[str]:
    for name in values_of(used, "test_dataset"):
        cells = used[used["test_dataset"] == name]
        counts = [
            f"{_range(cells[column])} {words}" for column, words in _COUNTS if _range(cells[column])
        ]
        if counts:
            yield f"{dataset_title(name)}: {', '.join(counts)}.{_chance(cells)}"


def _chance(cells: pd.DataFrame) -> str:
    levels = []
    for k in (1, 5):
        level = _range(100 * cells[f"chance_rank_{k}"].astype(float), digits=1)
        if level:
            levels.append(f"Rank-{k} {level} %")
    return f" Chance level: {', '.join(levels)}." if levels else ""


def _rules_line(facts: dict[str, object]) -> str:
    if not facts.get("rules"):
        return ""
    parts = [f"Rules of the test data: {facts['rules']}"]
    if facts.get("one_number"):
        parts.append(f"one number per metric: {facts['one_number']}")
    parts.append(f"never compared: {facts.get('never_compared', 'no pairs')}")
    return _sentence(parts)


def _comparison_line(facts: dict[str, object]) -> str:
    parts = []
    if "distance" in facts:
        parts.append(f"Distance: {facts['distance']}")
    if "no_mate" in facts:
        rule = str(facts["no_mate"])
        parts.append(f"probes without a mate: {_NO_MATE.get(rule, rule)}")
    if "triplet_loss" in facts:
        parts.append(f"triplet loss: {facts['triplet_loss']}")
    return _sentence(parts)


def _setting_line(facts: dict[str, object], used: pd.DataFrame) -> str:
    settings, sides = values_of(used, "setting"), values_of(used, "side")
    named = ", ".join(settings)
    text = str(facts.get("setting") or "")
    # The text belongs to the run's own setting; beside several it could be read as all of theirs.
    if text and len(settings) == 1:
        named = text if text.startswith(named) else f"{named}: {text}"
    return f"Setting {named}. Occluded: {', '.join(map(side_title, sides))}."


def _hidden_line(used: pd.DataFrame) -> str:
    shares = []
    for test in values_of(used, "test"):
        share = _range(100 * used[used["test"] == test]["hidden_share"].astype(float), digits=1)
        if share:
            shares.append(f"{test} {share} %")
    return f"Measured hidden share of the body, mean: {', '.join(shares)}." if shares else ""


def steps_line(used: pd.DataFrame) -> str:
    """Return how long each method trained: in its occluded stage and in all stages together."""
    parts = []
    for method, title in titles(used).items():
        cells = where(used, method=method)
        adapted = cells["adapted_to"] != ""
        for name, rows in ((title, cells[~adapted]), (f"{title} adapted", cells[adapted])):
            occluded, total = _range(rows["steps_occluded"]), _range(rows["steps_total"])
            if total:
                parts.append(f"{name} {occluded or '–'} / {total}")
    if not parts:
        return ""
    return f"Training steps (occluded stage / all stages with shared ones): {'; '.join(parts)}."


def _shares_line(used: pd.DataFrame) -> str:
    """Return which share of its training clips each method saw occluded."""
    by_share: dict[str, list[str]] = {}
    for method, title in titles(used).items():
        share = _range(100 * where(used, method=method)["occluded_share"].astype(float))
        by_share.setdefault(share, []).append(title)
    parts = [f"{listed(names)} {share} %" for share, names in by_share.items() if share]
    return f"Occluded training clips: {'; '.join(parts)}." if parts else ""


def _origin_line(facts: dict[str, object]) -> str:
    parts = []
    if "extractor" in facts:
        parts.append(f"extractor on whole clips not trained here: {facts['extractor']}")
    if "preset" in facts:
        parts.append(f"Preset: {facts['preset']}")
    if "gaitbench_version" in facts:
        parts.append(f"gaitbench {facts['gaitbench_version']}")
    if "protocol_version" in facts:
        parts.append(f"protocol version {facts['protocol_version']}")
    return _sentence(parts)


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _range(values: pd.Series[float], digits: int = 0) -> str:
    numbers = values.dropna().astype(float)
    if numbers.empty:
        return ""
    low, high = f"{numbers.min():.{digits}f}", f"{numbers.max():.{digits}f}"
    return low if low == high else f"{low}–{high}"
