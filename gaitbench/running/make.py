"""How each kind of artifact is made: a data set, a trained stage, the scores of an evaluation.

Everything here runs in a worker process and knows only descriptions and the store.
"""

import importlib.metadata
import platform
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gaitbench import __version__
from gaitbench.checkpoints.imported import imported
from gaitbench.core.errors import DataError, GaitbenchError, PluginError, StoreError, TaskError
from gaitbench.core.keys import canonical
from gaitbench.core.plugin_errors import calling, plugin_error, wrong
from gaitbench.core.progress import ProgressFile, ProgressReport
from gaitbench.core.store import Kind, Store
from gaitbench.data.dataset import Dataset, Progress
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.data.source import DataSource
from gaitbench.evaluation.embed import EmbeddedSequences, embed_sequences, part_visibility
from gaitbench.evaluation.pair_groups import EVERY_PAIR, PairGroup, Shown, mean_body
from gaitbench.evaluation.retrieval import score_probes
from gaitbench.evaluation.scores import write_scores
from gaitbench.evaluation.severity import hiding
from gaitbench.experiment.cells import Evaluation
from gaitbench.methods.extractor import ImportedExtractorStage
from gaitbench.occlusion.mix import Mix
from gaitbench.running.plan import Task, TaskOutcome
from gaitbench.running.world import World
from gaitbench.training.callbacks.base import CallbackList, callbacks_of
from gaitbench.training.closed_form import ClosedFormStage, fitted
from gaitbench.training.history import write_history
from gaitbench.training.stage import Networks, Stage
from gaitbench.training.trainer import has_bfloat16, load_network, train

REPORTED_PACKAGES = ("torch", "numpy", "pandas", "scipy")


def resolve_device(name: str) -> str:
    """Return the device to use; "auto" takes a GPU where there is one.

    Raises:
        DataError: If the device is not there.
    """
    is_available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if is_available[d])
    kind = name.split(":")[0]
    if not is_available.get(kind, False):
        raise DataError(
            f"Device {name!r} is not available here; available: "
            f"{', '.join(d for d, ok in is_available.items() if ok)}, auto."
        )
    return name


def make(world: World, task: Task) -> TaskOutcome:
    """Make one artifact, unless it is there or another run is making it.

    Raises:
        GaitbenchError: Whatever went wrong, with the task's label; an error that nobody foresaw as
            TaskError. What plug-ins and bugs raise is kept with its traceback in the store.
    """
    store = Store(world.store)
    try:
        with store.lock(task.key).acquire(timeout=0):
            if store.has(task.kind, task.key):
                return "found"
            try:
                _make(world, task)
            finally:
                store.forget_progress(task.key)
            return "made"
    except filelock.Timeout:
        return "busy"
    except GaitbenchError as error:
        error.add_context(task.label)
        if isinstance(error, PluginError) and error.__cause__ is not None:
            log = store.write_log(task.key, traceback.format_exc())
            raise PluginError(
                f"{str(error).rstrip('.')}. The whole traceback is in {log}."
            ) from error
        raise
    except (Exception, SystemExit) as error:
        log = store.write_log(task.key, traceback.format_exc())
        failure = plugin_error(error) or TaskError(f"{type(error).__name__}: {error}")
        raise type(failure)(f"{task.label}: {failure}. The whole traceback is in {log}.") from error


def _make(world: World, task: Task) -> None:
    if isinstance(task.description, Stage):
        make_stage(world, task.description)
    elif isinstance(task.description, Evaluation):
        progress = ProgressFile(Store(world.store), task.key)
        make_scores(world, task.description, progress.write)
    else:
        raise DataError("a data set is not made by a worker.")


def make_dataset(
    store: Store,
    source: DataSource,
    jobs: int,
    progress: Progress | None,
    *,
    splits: Sequence[str] = (),
) -> None:
    """Build a registered data set into the store.

    Args:
        store: Where to.
        source: What is built.
        jobs: How many processes; never changes what is written.
        progress: Called with sequences done and sequences in all.
        splits: That it must have.

    Raises:
        PluginError: If `build` fails, or writes no data set or one without such a split.
    """
    dataset = source.dataset
    if dataset is None:
        raise DataError(f"Data set {source.name!r} is a folder and needs no building.")
    with _recorded(store, "datasets", source.key, _spec_of_dataset(source), "cpu") as folder:
        with calling(dataset, "build"):
            dataset.build(folder, jobs=jobs, progress=progress)
        _check_built(dataset, folder, splits)


def _check_built(dataset: Dataset, folder: Path, splits: Sequence[str]) -> None:
    """Check a data set before it gets its name, since nobody makes it again after that."""
    try:
        data = Silhouettes.open(folder)
        Rules.of(data.meta, data.name)
    except DataError as error:
        # The folder is temporary: its name helps nobody.
        problem = str(error).replace(str(folder), "the folder")
        raise wrong(
            dataset,
            "build",
            f"wrote no data set ({problem}). Write one with gaitbench.data.silhouettes.SilhouettesWriter.",
        ) from error
    missing = [name for name in splits if not len(data.splits.get(name, ()))]
    if missing:
        raise wrong(
            dataset,
            "build",
            f"wrote a data set without sequences in {', '.join(map(repr, missing))}; its splits are "
            f"{', '.join(data.splits) or 'none'}. Name them in the writer's splits.",
        )


def make_stage(world: World, stage: Stage) -> None:
    """Train a stage into the store."""
    store, device = Store(world.store), torch.device(world.device)
    data = world.data(stage.data)
    identities = training_identities(data)
    networks = load_inputs(world, stage, identities)
    initial = None if stage.initial is None else read_weights(store, stage.initial)
    spec = {"type": type(stage).__qualname__, "role": stage.role, "version": stage.version}
    with _recorded(store, "stages", stage.key, spec | stage.described(), world.device) as folder:
        if isinstance(stage, ImportedExtractorStage):
            callbacks = CallbackList()
            trained = imported(stage, world.files[stage.digest], identities)
        elif isinstance(stage, ClosedFormStage):
            callbacks = CallbackList()
            trained = fitted(stage, data, networks, device)
        else:
            callbacks = callbacks_of(("progress", *world.callbacks), store, stage.key)
            trained = train(stage, data, networks, initial, device, callbacks)
        save_file(trained.weights, folder / "weights.safetensors")
        write_history(trained.history, folder)
    # Not before: a logger that fails at the end must not cost the training.
    callbacks.end(trained)


def make_scores(world: World, evaluation: Evaluation, progress: ProgressReport) -> None:
    """Embed probe and gallery and score every probe into the store."""
    store = Store(world.store)
    spec = {"type": "Evaluation", "version": evaluation.version} | evaluation.described()
    with _recorded(store, "scores", evaluation.key, spec, world.device) as folder:
        scores, rules = score(world, evaluation, progress)
        write_scores(folder, scores, rules)


def score(
    world: World, evaluation: Evaluation, progress: ProgressReport
) -> tuple[pd.DataFrame, Rules]:
    """Return the rows of `score_probes` with what was hidden and what the method said of it.

    The data set's own rules say who is searched for where; they are returned too.
    """
    data = world.data(evaluation.data)
    rules = Rules.of(data.meta, data.name)
    embedded = embed_splits(world, evaluation, "test", progress)
    probes, gallery = embedded["probe"], embedded["gallery"]
    scores = score_probes(
        probes.embeddings.numpy(),
        gallery.embeddings.numpy(),
        data.table.iloc[data.split("test.probe")],
        data.table.iloc[data.split("test.gallery")],
        rules,
        distance=evaluation.distance,
        groups=_groups(evaluation, probes, gallery),
        visibility=part_visibility(probes, gallery),
    )
    hidden = _what_was_hidden(evaluation.stage, evaluation.probe, probes)
    scores = scores.join(hidden, on="probe")
    scores["gallery_hidden_share"] = float(gallery.hidden_share.mean())
    return scores, rules


def _groups(
    evaluation: Evaluation, probes: EmbeddedSequences, gallery: EmbeddedSequences
) -> list[PairGroup]:
    """Return which pairs are ranked: all, and by themselves those that show the same."""
    (n, *_), (m, *_) = probes.body.shape, gallery.body.shape
    shown = Shown(
        probes.visible.reshape(n, -1),
        gallery.visible.reshape(m, -1),
        mean_body([probes.body.reshape(n, -1), gallery.body.reshape(m, -1)]),
        np.array(evaluation.probe.classes)[probes.types],
        np.array(evaluation.gallery.classes)[gallery.types],
    )
    return [EVERY_PAIR, *shown.groups(evaluation.probe, evaluation.gallery)]


def embed_splits(
    world: World, evaluation: Evaluation, splits: str, progress: ProgressReport
) -> dict[str, EmbeddedSequences]:
    """Return the embeddings of "probe" and "gallery", occluded as the evaluation says.

    Args:
        world: Holds the trained stage and the data.
        evaluation: What is embedded with what.
        splits: First part of the splits' names: "test" for "test.probe" and "test.gallery".
        progress: Told before each of the two.
    """
    torch.set_num_threads(evaluation.stage.recipe.threads)
    stage, device = evaluation.stage, torch.device(world.device)
    identities = training_identities(world.data(stage.data))
    network = _cached_network(world, stage, identities)
    networks = load_inputs(world, stage, identities)
    data = world.data(evaluation.data)
    embedded: dict[str, EmbeddedSequences] = {}
    for number, (side, mix) in enumerate(
        {"gallery": evaluation.gallery, "probe": evaluation.probe}.items()
    ):
        progress(number, 2, None)
        if evaluation.hidden is not None:
            mix = hiding(mix, evaluation.hidden, data, evaluation.frames)
        embedded[side] = embed_sequences(
            stage,
            network,
            networks,
            data,
            data.split(f"{splits}.{side}"),
            mix,
            seed=evaluation.seed,
            draw=evaluation.draw,
            frames=evaluation.frames,
            precision=evaluation.precision,
            device=device,
            tampering=evaluation.tampering,
        )
    return embedded


def _what_was_hidden(stage: Stage, mix: Mix, probes: EmbeddedSequences) -> pd.DataFrame:
    drawn = np.array(mix.classes)[probes.types]
    columns: dict[str, Any] = {
        "occlusion": drawn,
        "hidden_share": probes.hidden_share,
        "alpha": probes.alpha,
        "detected_amount": probes.detected_amount,
        "type_correct": np.full(len(drawn), np.nan),
    }
    detector = stage.inputs.get("detector")
    if detector is not None:
        detected = np.array(detector.mix.classes)[probes.detected_type]
        # Of a type that it has no class for, a detector cannot say anything right or wrong.
        has_class = np.isin(drawn, detector.mix.classes)
        columns["type_correct"] = np.where(has_class, detected == drawn, np.nan)
    return pd.DataFrame(columns)


def read_weights(store: Store, stage: Stage) -> dict[str, Tensor]:
    """Return the trained weights of a stage."""
    path = store.path("stages", stage.key) / "weights.safetensors"
    try:
        return load_file(path)
    except (OSError, ValueError, SafetensorError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}. Remove its folder to make it again."
        ) from error


def training_identities(data: Silhouettes) -> int:
    """Return the number of identities that a classifier of this data set tells apart."""
    return int(data.table["identity"].iloc[data.split("train")].nunique())


def load_inputs(world: World, stage: Stage, identities: int) -> Networks:
    """Return the frozen networks that a stage builds on."""
    return {name: _cached_network(world, used, identities) for name, used in stage.inputs.items()}


_networks: dict[tuple[Path, str, str], nn.Module] = {}


def _cached_network(world: World, stage: Stage, identities: int) -> nn.Module:
    # One worker evaluates a stage many times in a row; a handful of small networks may stay loaded.
    place = (world.store, world.device, stage.key)
    if place not in _networks:
        if len(_networks) >= 8:
            _networks.pop(next(iter(_networks)))
        weights = read_weights(Store(world.store), stage)
        _networks[place] = load_network(stage, identities, weights, torch.device(world.device))
    return _networks[place]


def _spec_of_dataset(source: DataSource) -> dict[str, Any]:
    return {"type": "Dataset", "name": source.name, "fields": canonical(source.dataset)}


@contextmanager
def _recorded(store: Store, kind: Kind, key: str, spec: object, device: str) -> Iterator[Path]:
    """Write an artifact with a record of how it was made beside its payload."""
    began = time.perf_counter()
    with store.write(kind, key, spec) as folder:
        yield folder
        record = {
            "wall_s": round(time.perf_counter() - began, 3),
            "peak_memory_mib": round(peak_memory_mib(), 1),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "device": device,
            "bfloat16": has_bfloat16(device.split(":")[0]),
            "gaitbench": __version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "packages": {p: importlib.metadata.version(p) for p in REPORTED_PACKAGES},
        }
        store.write_record(folder, record)


def peak_memory_mib() -> float:
    """Return the largest resident memory of this process so far, in MiB; 0 where no system tells it."""
    try:
        import resource
    except ImportError:  # Windows has none.
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
