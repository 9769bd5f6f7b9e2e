"""Why published figures are not comparable with what a run measured."""

from gaitbench.reports.published.conditions import (
    ConditionDifference,
    MeasuredConditions,
    Printed,
    difference_words,
    printed_conditions,
    reasons,
)
from gaitbench.reports.published.figures import load_published, source_letters, sources_line
from gaitbench.results.places import values_of
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import backbone_title, dataset_title, method_title


def not_comparable_tables(run: MeasuredConditions) -> list[Table]:
    """Return the table of all figures that no measured condition meets; none if there are none."""
    letters = source_letters(load_published())
    groups: dict[tuple[str, ...], list[tuple[Printed, int, list[ConditionDifference]]]] = {}
    for printed in printed_conditions():
        n_figures, differences = _reasons(run, printed)
        if n_figures:
            kinds = dict.fromkeys(difference.kind for difference in differences)
            labels = (
                letters[printed.source, printed.table],
                printed.protocol,
                backbone_title(printed.backbone),
                printed.settings_title,
            )
            groups.setdefault((*labels, *kinds), []).append((printed, n_figures, differences))
    if not groups:
        return []
    rows = []
    for (source, protocol, backbone, setting, *_), members in groups.items():
        data = dict.fromkeys(dataset_title(printed.dataset) for printed, *_ in members)
        n_figures = sum(n for _, n, _ in members)
        words = difference_words([d for *_, differences in members for d in differences])
        texts = (source, protocol, ", ".join(data), backbone, setting, str(n_figures), words)
        rows.append(Row(tuple(map(Entry, texts)), contest=None))
    titles = (
        "Source",
        "Protocol",
        "Data set",
        "Backbone",
        "Setting",
        "Figures",
        "What differs",
    )
    return [
        Table(
            name="published-not-comparable",
            title="Why figures are not comparable",
            columns=tuple(map(Column, titles)),
            rows=tuple(rows),
            is_measured=False,
            footer=(
                "Figures: how many values the papers print. What differs: from the closest measured "
                "condition of this run. A method is named only where all else is the same. Setting: as "
                "stated by the source, or as in its released configs where it states none.",
                "Rules: how probes meet the gallery. Where a source does not say how it splits GREW, the "
                "local protocol is assumed.",
                sources_line(letters),
            ),
        )
    ]


def _reasons(run: MeasuredConditions, printed: Printed) -> tuple[int, list[ConditionDifference]]:
    """Return how many figures of a condition cannot be compared, and why."""
    meetings = run.closest(printed)
    differences = reasons(meetings)
    if differences:
        return len(printed.figures), differences
    tested = values_of(meetings[0].cells, "method")
    untested = printed.figures[~printed.figures["method"].isin(tested)]
    return len(untested), [
        ConditionDifference("method", method_title(method))
        for method in values_of(untested, "method")
    ]
