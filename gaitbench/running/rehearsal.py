"""Plug-ins' code is run once on made-up clips and scores, before hours of work depend on it.

gaitbench's own is known to work; so is what has no part in the run.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.errors import ConfigurationError, GaitbenchError
from gaitbench.core.plugin_errors import calling, is_own, plugin_error, returned, wrong
from gaitbench.core.random_streams import stream
from gaitbench.data.rules import Rules
from gaitbench.data.source import seen_data
from gaitbench.evaluation.distances.base import get_distance
from gaitbench.evaluation.embed import embed_sequences, embedded
from gaitbench.evaluation.metrics.base import get_metric, metrics
from gaitbench.evaluation.retrieval import score_probes
from gaitbench.evaluation.tampering.base import UNTOUCHED, get_tampering
from gaitbench.experiment.cells import Cell, Evaluation
from gaitbench.methods.base import get_method
from gaitbench.methods.extractor import ImportedExtractorStage
from gaitbench.training.stage import Networks, Stage, TrainingData

if TYPE_CHECKING:
    from torch import nn

    from gaitbench.training.batches import Batch

CLIPS = 4
"""Of two identities, so that every clip has a positive and a negative."""


def check_ticks(cells: Iterable[Cell]) -> None:
    """Ask the methods for their ticks in the ablation table.

    Raises:
        PluginError: If a plug-in's method fails or gives something else.
    """
    for name in dict.fromkeys(cell.method for cell in cells):
        get_method(name).checked_ticks()


def check_metrics() -> None:
    """Compute the metrics of plug-ins from made-up scores.

    Raises:
        PluginError: If one fails, or gives something else than a number per row.
    """
    for metric in map(get_metric, metrics.third_party()):
        rows = _scores()
        for method, values in (
            ("per_probe", metric.values(rows)),
            ("chance", metric.chances(rows)),
        ):
            if values is not None and np.isnan(values).any():
                what = (
                    f"returned nan for a probe with a mate and impostors among {len(rows)} scores."
                )
                raise wrong(metric, method, what)


def _scores() -> pd.DataFrame:
    """Return scores of six probes of three identities, with every column that an evaluation's have."""
    names = ("sequence", "identity", "condition", "view", "recording")
    walks = [
        (f"{who}-{walk}-{view}", who, "nm", view, f"{who}-{walk}")
        for walk in "12"
        for who in "abc"
        for view in ("000", "090")
    ]
    table = pd.DataFrame(walks, columns=pd.Index(names))
    probes, gallery = table.iloc[6:], table.iloc[:6]
    rng = stream(0, "check", "scores")
    embeddings = rng.normal(size=(len(table), 3, 2)).astype(np.float32)
    scores = score_probes(embeddings[6:], embeddings[:6], probes, gallery, Rules())
    return scores.assign(
        occlusion="none",
        hidden_share=0.0,
        alpha=np.nan,
        detected_amount=np.nan,
        type_correct=np.nan,
        gallery_hidden_share=0.0,
    )


def check_networks(cells: Iterable[Cell]) -> None:
    """Run networks of plug-ins, and those with an imported extractor's sizes, once on a few clips.

    They are untrained. What compares their embeddings is run with them, if it is a plug-in's.

    Raises:
        PluginError: If a plug-in's method, backbone or distance fails or returns something else.
        ConfigurationError: If an imported extractor does not fit the frames.
    """
    seen: set[tuple[str, str]] = set()
    for cell in cells:
        evaluation = cell.evaluation
        is_proven = _is_proven(evaluation.stage)
        if is_proven and is_own(get_distance(evaluation.distance)):
            continue
        # What a distance compares depends on the backbone alone.
        combination = (cell.backbone if is_proven else evaluation.stage.key, evaluation.distance)
        if combination not in seen:
            seen.add(combination)
            with _named(cell):
                _rehearse(evaluation)


def _is_proven(stage: Stage) -> bool:
    """Whether nothing of a plug-in trains or embeds, and gaitbench's own is of known size."""
    stages = stage.all_stages()
    # Whether an imported backbone fits frames of the preset's size, its layers know best.
    if any(isinstance(each, ImportedExtractorStage) for each in stages):
        return False
    backbones = [spec.backbone() for each in stages for spec in _backbones(each)]
    return all(map(is_own, [*stages, *backbones]))


def _backbones(stage: Stage) -> list[BackboneSpec]:
    spec = getattr(stage, "backbone", None)
    return [spec] if isinstance(spec, BackboneSpec) else []


@contextmanager
def _named(cell: Cell) -> Iterator[None]:
    """Name method and backbone in whatever goes wrong within the block."""
    import torch

    place = f"{cell.title} on backbone {cell.backbone!r}"
    try:
        # Networks may draw from torch's own random state, which a check must leave as it was.
        with torch.random.fork_rng(devices=[]):
            yield
    except GaitbenchError as error:
        error.add_context(place)
        raise
    except (Exception, SystemExit) as error:
        recipe, data = cell.evaluation.stage.recipe, cell.evaluation.data
        failure = plugin_error(error) or ConfigurationError(
            f"fails on clips of {recipe.frames} frames of {data.height}×{data.width}: "
            f"{type(error).__name__}: {error}"
        )
        failure.add_context(place)
        raise failure from error


def _rehearse(evaluation: Evaluation) -> None:
    import torch

    stage, data = evaluation.stage, evaluation.data
    for spec in dict.fromkeys(s for each in stage.all_stages() for s in _backbones(each)):
        _check_backbone(spec, _clips(stage, data))
    for each in stage.all_stages():
        if not is_own(each):
            _check_training(each, _clips(each, data))
    network, networks = _untrained(stage), _inputs(stage)
    with torch.inference_mode():
        result = embedded(stage, network, networks, _clips(stage, data))
    rng, (_, *shape) = stream(0, "check", "embeddings"), result.embeddings.shape
    probe, gallery = (rng.normal(size=(n, *shape)).astype(np.float32) for n in (2, 3))
    get_distance(evaluation.distance)(probe, gallery)


def _clips(stage: Stage, data: TrainingData) -> "Batch":
    from gaitbench.training.batches import occluded_batch

    clips = np.ones((CLIPS, stage.recipe.frames, data.height, data.width), np.uint8)
    streams = [stream(0, "check", i) for i in range(CLIPS)]
    averaged = data.representation == "energy-image"
    return occluded_batch(clips, np.arange(CLIPS) // 2, stage.mix, streams, averaged=averaged)


def _check_backbone(spec: BackboneSpec, batch: "Batch") -> None:
    """Check the shapes that a plug-in's network gives."""
    import torch

    network = spec.build()
    if is_own(network):
        return
    value = batch.clips
    for method, channels in (
        ("encode", network.feature_channels),
        ("project", network.channels),
    ):
        taken = "×".join(map(str, value.shape))
        with torch.inference_mode(), calling(network, method, f"on {taken}"):
            value = getattr(network.eval(), method)(value)
        shape = (CLIPS, channels, network.parts)
        what = f"a tensor of shape {'×'.join(map(str, shape))}: clips, channels, parts"
        fits = tuple(getattr(value, "shape", ())) == shape
        returned(network, method, value, torch.Tensor, what, fits=fits)


def _check_training(stage: Stage, batch: "Batch") -> None:
    """Compute the losses of a plug-in's stage once, as at the first step of its training."""
    import torch

    from gaitbench.training.trainer import checked_losses, network_to_train

    networks = _inputs(stage)
    initial = None if stage.initial is None else _untrained(stage.initial).state_dict()
    network = network_to_train(stage, 2, networks, initial).train()
    checked_losses(stage, network, networks, batch, torch.device("cpu"))


def _inputs(stage: Stage) -> Networks:
    return {name: _untrained(used) for name, used in stage.inputs.items()}


def _untrained(stage: Stage) -> "nn.Module":
    import torch

    from gaitbench.training.trainer import load_network, new_network

    return load_network(stage, 2, new_network(stage, 2).state_dict(), torch.device("cpu"))


def check_tamperings(cells: Iterable[Cell], folders: Mapping[str, Path]) -> None:
    """Tamper with two test clips as every plug-in's tampering of the run does, where the data are there.

    Args:
        cells: Of the run.
        folders: Where data sets lie, or will lie, by their keys.

    Raises:
        PluginError: If one fails, or returns something else.
    """
    import torch

    seen: set[str] = set()
    for cell in cells:
        evaluation = cell.evaluation
        stage, name, folder = (
            evaluation.stage,
            evaluation.tampering,
            folders[evaluation.data.fingerprint],
        )
        if name in {*seen, UNTOUCHED} or is_own(get_tampering(name)):
            continue
        if not (folder / "meta.json").is_file():
            continue
        seen.add(name)
        data = seen_data(folder, *evaluation.data.form)
        with _named(cell):
            embed_sequences(
                stage,
                _untrained(stage),
                _inputs(stage),
                data,
                data.split("test.probe")[:2],
                evaluation.probe,
                seed=evaluation.seed,
                draw=evaluation.draw,
                frames=evaluation.frames,
                precision="fp32",
                device=torch.device("cpu"),
                tampering=name,
            )
