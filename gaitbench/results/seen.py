"""What networks see of a clip, for the lines under tables: as their recipes and evaluations say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gaitbench.core.arrays import pd
from gaitbench.data.silhouettes import Representation
from gaitbench.experiment.cells import Evaluation
from gaitbench.experiment.recipe_text import frames
from gaitbench.methods.extractor import ImportedExtractorStage
from gaitbench.results.frame import Results
from gaitbench.results.places import values_of, where
from gaitbench.results.titles import backbone_title, listed
from gaitbench.training.stage import Stage

_FORMS: dict[Representation, tuple[str, str]] = {
    "silhouettes": ("silhouettes", ""),
    "energy-image": ("energy images", "mean of "),
}
"""What clips are called, and what is said before the number of their frames."""


def seen_line(results: Results, used: pd.DataFrame) -> str:
    """Return what the networks of each backbone see of a clip, in training and at test.

    It is asked of the evaluations, not of the preset: recipes differ by backbone, and protocols in the
    length of their test clips.
    """
    by_words: dict[str, list[str]] = {}
    for backbone in values_of(used, "backbone"):
        keys = dict.fromkeys(where(used, backbone=backbone)["key"])
        tested = [results.evaluations[key] for key in keys if key in results.evaluations]
        for words in _seen(tested):
            by_words.setdefault(words, []).append(backbone_title(backbone))
    parts = [f"{listed(backbones)} {words}" for words, backbones in by_words.items()]
    return f"Networks see: {'; '.join(parts)}." if parts else ""


def _seen(tested: Sequence[Evaluation]) -> Iterator[str]:
    for form in dict.fromkeys(evaluation.data.form for evaluation in tested):
        height, width, representation = form
        of_form = [evaluation for evaluation in tested if evaluation.data.form == form]
        clips, before = _FORMS[representation]
        counts = ", ".join([*_in_training(of_form), _at_test(of_form)])
        yield f"{clips} ({before}{counts}) of {height}×{width} pixels"


def _in_training(tested: Sequence[Evaluation]) -> Iterator[str]:
    """Yield which frames networks train on, and detectors where those are others."""
    networks = {evaluation.stage.key: evaluation.stage for evaluation in tested}.values()
    stages = {stage.key: stage for network in networks for stage in network.all_stages()}
    # Nobody here knows what a file's weights were trained on.
    trained = [s for s in stages.values() if not isinstance(s, ImportedExtractorStage)]
    own = _frames(stage for stage in trained if not stage.learns_types)
    of_detectors = _frames(stage for stage in trained if stage.learns_types)
    if own:
        yield f"{own} in training"
    if of_detectors and of_detectors != own:
        yield f"detectors {of_detectors}{'' if own else ' in training'}"


def _frames(stages: Iterable[Stage]) -> str:
    return " or ".join(dict.fromkeys(frames(stage.recipe) for stage in stages))


def _at_test(tested: Sequence[Evaluation]) -> str:
    lengths = sorted({evaluation.frames for evaluation in tested})
    most = f"{lengths[0]}–{lengths[-1]}" if len(lengths) > 1 else f"{lengths[0]}"
    return f"up to {most} at test"
