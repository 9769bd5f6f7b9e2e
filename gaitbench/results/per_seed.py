"""From evaluations to one printed value: a value per seed first, the mean over seeds last.

Ratios and areas are computed per seed, because methods of one seed share a trained extractor, and a
mean is taken over all seeds or not at all.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gaitbench.core.arrays import pd
from gaitbench.core.errors import ProtocolError
from gaitbench.results.table import Entry, Missing
from gaitbench.results.titles import metric_title

Outcome = float | Missing
BySeed = Mapping[int, Outcome]

NOT_PLANNED = Missing("not part of this run")


def seeds_of(cells: pd.DataFrame) -> list[int]:
    """Return every seed that these cells mention, done or missing."""
    return sorted({int(seed) for seed in cells["seed"]})


def measured(cells: pd.DataFrame, column: str, seeds: Sequence[int]) -> BySeed:
    """Return the value of `column` for each seed: the mean over its draws, if none is missing.

    Args:
        cells: The evaluations of one place in a table: at most one per seed and draw.
        column: A metric or another number of a cell.
        seeds: What a complete answer has.

    Raises:
        ProtocolError: If two different evaluations claim one draw of a seed.
    """
    # Lists instead of frames: this is asked of a few rows, thousands of times in a report.
    values = cells[column].tolist() if column in cells.columns else [None] * len(cells)
    names = ("key", "seed", "draw", "status", "reason", "command")
    keys: dict[tuple[int, int], str] = {}
    draws: dict[int, list[Outcome]] = {}
    rows = zip(*(cells[name].tolist() for name in names), values, strict=True)
    for key, seed, draw, status, reason, command, value in rows:
        known = keys.get((seed, draw))
        if known == key:
            continue
        if known is not None:
            raise ProtocolError(
                f"Two evaluations of seed {seed} belong to one place of a table: {known} and {key}. "
                "Report them separately."
            )
        keys[seed, draw] = key
        outcome = _outcome(column, value) if status == "done" else _absent(reason, command)
        draws.setdefault(int(seed), []).append(outcome)
    return {s: _mean(draws[s]) if s in draws else NOT_PLANNED for s in seeds}


def _mean(draws: Sequence[Outcome]) -> Outcome:
    gaps = [outcome for outcome in draws if isinstance(outcome, Missing)]
    if gaps:
        return _merged(gaps)
    return statistics.fmean(outcome for outcome in draws if not isinstance(outcome, Missing))


def _absent(reason: Any, command: Any) -> Missing:
    text = str(reason) if pd.notna(reason) and reason else "not run yet"
    return Missing(text, (str(command),) if pd.notna(command) and command else ())


def _outcome(column: str, value: Any) -> Outcome:
    if value is None or pd.isna(value):
        return Missing(f"{metric_title(column)} was not measured")
    return float(value)


def ratio(part: BySeed, whole: BySeed, whole_title: str) -> BySeed:
    """Return part / whole for each seed; `whole_title` names the divisor in what is missing."""
    return {seed: _quotient(part[seed], whole[seed], whole_title) for seed in part}


def _quotient(part: Outcome, whole: Outcome, whole_title: str) -> Outcome:
    if isinstance(part, Missing):
        return part
    if isinstance(whole, Missing):
        return Missing(f"{whole_title}: {whole.reason}", whole.commands)
    if whole == 0:
        return Missing(f"{whole_title} is 0, so nothing can be divided by it")
    return part / whole


def combine(parts: Sequence[BySeed], compute: Callable[[list[float]], Outcome]) -> BySeed:
    """Return `compute` of all parts for each seed, or what is missing if any part is."""
    result: dict[int, Outcome] = {}
    for seed in parts[0]:
        outcomes = [part[seed] for part in parts]
        gaps = [outcome for outcome in outcomes if isinstance(outcome, Missing)]
        values = [outcome for outcome in outcomes if not isinstance(outcome, Missing)]
        result[seed] = _merged(gaps) if gaps else compute(values)
    return result


def _merged(gaps: Sequence[Missing]) -> Missing:
    return Missing(
        "; ".join(dict.fromkeys(gap.reason for gap in gaps)),
        tuple(dict.fromkeys(command for gap in gaps for command in gap.commands)),
    )


def summarise(per_seed: BySeed, text: str = "") -> Entry:
    """Return mean and sample standard deviation over all seeds, or a missing cell."""
    gaps = {seed: outcome for seed, outcome in per_seed.items() if isinstance(outcome, Missing)}
    if gaps or not per_seed:
        return Entry(missing=_explained(gaps, len(per_seed)) if gaps else NOT_PLANNED)
    values = [outcome for outcome in per_seed.values() if not isinstance(outcome, Missing)]
    spread = statistics.stdev(values) if len(values) > 1 else None
    return Entry(text=text, value=statistics.fmean(values), spread=spread)


def averaged(cells: pd.DataFrame, column: str, seeds: Sequence[int], text: str = "") -> Entry:
    """Return mean and spread of a column over seeds, marked where a training behind it still fell.

    Args:
        cells: The evaluations of one place in a table.
        column: A metric or another number of a cell.
        seeds: What a complete answer has.
        text: Printed behind the value.
    """
    return flagged(summarise(measured(cells, column, seeds), text), cells)


def flagged(entry: Entry, *cells: pd.DataFrame) -> Entry:
    """Return a value marked where a training behind the evaluations that gave it still fell."""
    if entry.value is None or not any(bool(part["still_falls"].any()) for part in cells):
        return entry
    return replace(entry, still_falls=True)


def _explained(gaps: Mapping[int, Missing], n_seeds: int) -> Missing:
    merged = _merged(list(gaps.values()))
    by_reason: dict[str, list[int]] = {}
    for seed, gap in gaps.items():
        by_reason.setdefault(gap.reason, []).append(seed)
    if len(by_reason) == 1 and len(gaps) == n_seeds:
        return merged
    lines = [f"{_seed_words(seeds)}: {reason}" for reason, seeds in by_reason.items()]
    return Missing("; ".join(lines), merged.commands)


def _seed_words(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
