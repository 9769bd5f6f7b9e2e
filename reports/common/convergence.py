"""Which trainings were over when they ended, and which were cut off while a loss still fell."""

from gaitbench.core.units import Unit
from gaitbench.results.frame import RecordedTraining, Results, training_names
from gaitbench.results.section import Section
from gaitbench.results.table import NOT_A_NUMBER, STILL_FALLS, Column, Entry, Row, Table
from gaitbench.results.titles import listed
from gaitbench.statistics.convergence import LEAST_CHECKS, LEVEL, NEGLIGIBLE, Trend

_NOTE = (
    "Training, validation: how far the sum of the loss terms moves along its least-squares line over the "
    "last fifth of the steps, in percent of its range (highest less lowest check, mean over seeds); "
    f"negative: falls. [ ]: {1 - 2 * LEVEL:.0%} interval from the scatter of the checks around the line. "
    f"Falls or rises: by more than {NEGLIGIBLE:.0%}, and the interval lies on that side of 0. Where "
    "validation rises since some step, more steps would do harm, and a training loss that falls is no "
    "warning.",
    f"Fewer than {LEAST_CHECKS} checks in the last fifth are too few to say. Validation is on identities "
    "that are not trained on, which have no cross-entropy. A learning rate that ends at 0 flattens every "
    "loss: levelled off means that this schedule is over, not that a longer one gains nothing.",
)


def convergence_sections(results: Results) -> list[Section]:
    """Return a line per training that recorded its losses."""
    if not results.trainings:
        return []
    named = zip(training_names(results.trainings), results.trainings, strict=True)
    falling = list(dict.fromkeys(name for name, t in named if t.convergence.still_falls))
    summary = (
        f"Loss still falling at the end of the training ({STILL_FALLS} in tables, never bold): "
        f"{listed(falling)}."
    )
    return [
        Section(
            "Convergence",
            "convergence",
            summary=(summary,) if falling else (),
            tables=(convergence_table(results.trainings),),
        )
    ]


def convergence_table(trainings: tuple[RecordedTraining, ...]) -> Table:
    """Return a row per training: where its losses go in the last fifth of its steps, and the verdict."""
    group = "Change over the last fifth"
    return Table(
        name="convergence",
        title="Convergence of every training",
        columns=(
            Column("Trained"),
            Column("Occluded", "", Unit.PERCENT),
            Column("Seeds"),
            Column("Steps"),
            Column("Training", group, Unit.PERCENT),
            Column("Validation", group, Unit.PERCENT),
            Column("Verdict"),
        ),
        rows=tuple(_row(training) for training in trainings),
        footer=_NOTE,
        # Its numbers depend on none of the conditions that tables of evaluations share.
        is_measured=False,
    )


def _row(training: RecordedTraining) -> Row:
    convergence = training.convergence
    return Row(
        (
            Entry(training.title),
            Entry(value=training.hidden),
            Entry(", ".join(map(str, training.losses))),
            Entry(str(training.steps)),
            _change(convergence.training),
            _change(convergence.validation),
            Entry(convergence.words),
        ),
        contest=None,
    )


def _change(trend: Trend | None) -> Entry:
    if trend is None:
        return Entry(NOT_A_NUMBER)
    return Entry(value=trend.change, low=trend.low, high=trend.high)
