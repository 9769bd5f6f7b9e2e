"""From a trained stage and silhouettes to embeddings, one row per sequence."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import TrainingError
from gaitbench.core.plugin_errors import calling, returned, shown, wrong
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.evaluation.clips import kept_clips
from gaitbench.evaluation.tampering.base import UNTOUCHED, get_tampering
from gaitbench.occlusion.mix import Mix
from gaitbench.training.stage import Embedded, Networks, Stage

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from gaitbench.training.batches import Batch

GRID = (16, 11)
"""Rows and columns of the coarse map that says where a body is and what of it is seen."""

FRAMES_AT_ONCE = 2048
"""Frames in one forward pass; bounds memory, never changes a result."""


@dataclass(frozen=True, eq=False)
class EmbeddedSequences:
    """What a stage says about sequences after occlusion.

    Args:
        embeddings: Shape [m, c, p], float32.
        hidden_share: Shape [m]: measured hidden share of the body.
        types: Shape [m]: drawn type, an index into the mix's classes.
        alpha: Shape [m]; NaN where the method has none.
        detected_type: Shape [m]: index into the detector's classes; -1 where there is no detector.
        detected_amount: Shape [m]; NaN where there is none.
        body: Shape [m, `GRID`]: where the whole body is, as shares that come to 1.
        visible: Shape [m, `GRID`]: which share of that is seen, in [0, 1].
        part_visibility: Shape [m, p]: what the method says is visible of each part; None where it does not.
    """

    embeddings: "Tensor"
    hidden_share: npt.NDArray[np.float64]
    types: npt.NDArray[np.int64]
    alpha: npt.NDArray[np.float64]
    detected_type: npt.NDArray[np.int64]
    detected_amount: npt.NDArray[np.float64]
    body: npt.NDArray[np.float32]
    visible: npt.NDArray[np.float32]
    part_visibility: npt.NDArray[np.float32] | None


def embed_sequences(
    stage: Stage,
    network: "nn.Module",
    networks: Networks,
    data: Silhouettes,
    indices: npt.NDArray[np.int64],
    mix: Mix,
    *,
    seed: int,
    draw: int,
    frames: int,
    precision: str,
    device: "torch.device",
    tampering: str = UNTOUCHED,
) -> EmbeddedSequences:
    """Occlude and embed sequences.

    Args:
        stage: Trained.
        network: The stage's own, frozen.
        networks: Those of its inputs, frozen, by role.
        data: At the size that the stage names.
        indices: Shape [m]: sequences.
        mix: What hides them; drawn from (data set, sequence, mix, draw, seed) alone.
        seed: Of the experiment.
        draw: Number of the draw, from 0.
        frames: Longest clip; of a longer sequence so many frames are used, evenly spread over it.
        precision: "fp32" or "bf16" (autocast).
        device: Where to run.
        tampering: Name of what is changed about the test.

    Raises:
        TrainingError: If an embedding is not finite.
    """
    import torch

    from gaitbench.training.trainer import autocast

    change = get_tampering(tampering)
    order, parts = [], []
    shares, types = np.zeros(len(indices)), np.zeros(len(indices), np.int64)
    body, visible = np.zeros((2, len(indices), *GRID), np.float32)
    lengths = np.minimum(data.table["frames"].to_numpy(np.int64)[indices], frames)
    for length in np.unique(lengths):
        # Clips of one length need no padding, so a clip's result never depends on its neighbours.
        same = np.flatnonzero(lengths == length)
        for start in range(0, len(same), max(1, FRAMES_AT_ONCE // length)):
            chosen = same[start : start + max(1, FRAMES_AT_ONCE // length)]
            asked = (data, indices[chosen], mix, int(length), seed, draw, change)
            batch = kept_clips(*asked)
            shares[chosen], types[chosen] = batch.hidden_share.numpy(), batch.types.numpy()
            body[chosen], visible[chosen] = _maps(batch)
            order.append(chosen)
            batch, stray = batch.to(device), None
            if change.shows_stray:
                stray = kept_clips(*asked, purpose="stray occlusion").to(device)
            with torch.inference_mode(), autocast(device, precision):
                used = change.tampered_networks(stage, networks, batch, stray)
                parts.append(embedded(stage, network, used, batch))
    back = np.argsort(np.concatenate(order))
    embedded_sequences = EmbeddedSequences(
        torch.cat([p.embeddings.float().cpu() for p in parts])[torch.from_numpy(back)],
        shares,
        types,
        _column([p.alpha for p in parts], lengths, np.nan)[back],
        _column([p.types for p in parts], lengths, -1)[back].astype(np.int64),
        _column([p.amount for p in parts], lengths, np.nan)[back],
        body,
        visible,
        _column_of_parts([p.visibility for p in parts], back),
    )
    _check_finite(embedded_sequences.embeddings, stage, data, indices)
    return embedded_sequences


def part_visibility(
    probes: EmbeddedSequences, gallery: EmbeddedSequences
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None:
    """Return what probes and gallery show of each part, if their method says."""
    if probes.part_visibility is None or gallery.part_visibility is None:
        return None
    return probes.part_visibility, gallery.part_visibility


def embedded(stage: Stage, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
    """Return what a stage says about a batch of clips.

    Raises:
        PluginError: If the stage's `embed` fails or returns something else.
    """
    import torch

    n, *size = batch.clips.shape
    clips = f"{n} clips of {size[0]} frames of {size[1]}×{size[2]}"
    with calling(stage, "embed", f"on {clips}"):
        result = stage.embed(network, networks, batch)
    returned(stage, "embed", result, Embedded, "an Embedded")
    embeddings = result.embeddings
    if not isinstance(embeddings, torch.Tensor) or embeddings.ndim != 3 or len(embeddings) != n:
        raise wrong(
            stage,
            "embed",
            f"returned embeddings = {shown(embeddings)} for {clips}; they must be a tensor [n, c, p]: "
            "clips, channels, parts.",
        )
    for name in ("alpha", "types", "amount"):
        value = getattr(result, name)
        if value is not None and not (isinstance(value, torch.Tensor) and value.shape == (n,)):
            raise wrong(
                stage,
                "embed",
                f"returned {name} = {shown(value)} for {clips}; it must be None or a tensor of {n} values.",
            )
    _check_visibility(stage, result, clips)
    return result


def _check_visibility(stage: Stage, result: Embedded, clips: str) -> None:
    import torch

    value, (n, _, p) = result.visibility, result.embeddings.shape
    if value is None:
        return
    fits = isinstance(value, torch.Tensor) and value.shape == (n, p)
    if not fits or not bool(((value >= 0) & (value <= 1)).all()):
        raise wrong(
            stage,
            "embed",
            f"returned visibility = {shown(value)} for {clips} in {p} parts; it must be None or a tensor "
            f"{n}×{p} with values in [0, 1].",
        )


def _column_of_parts(
    parts: "list[Tensor | None]", back: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32] | None:
    present = [p.float().cpu().numpy().astype(np.float32) for p in parts if p is not None]
    return np.concatenate(present)[back] if present else None


def _maps(batch: "Batch") -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return where the bodies of a batch are, and which share of that is seen, [n, `GRID`] each."""
    from torch.nn.functional import adaptive_avg_pool2d

    seen = batch.whole * (1 - batch.hidden)
    body, left = (adaptive_avg_pool2d(clips.mean(1), GRID) for clips in (batch.whole, seen))
    share = (left / body.clamp(min=1e-6)).clamp(max=1)
    return (body / body.sum((1, 2), keepdim=True).clamp(min=1e-6)).numpy(), share.numpy()


def _column(
    parts: "list[Tensor | None]", lengths: npt.NDArray[np.int64], missing: float
) -> npt.NDArray[np.float64]:
    present = [p.float().cpu().numpy().astype(np.float64) for p in parts if p is not None]
    return np.concatenate(present) if present else np.full(len(lengths), missing)


def _check_finite(
    embeddings: "Tensor", stage: Stage, data: Silhouettes, indices: npt.NDArray[np.int64]
) -> None:
    bad = (~embeddings.isfinite().flatten(1).all(1)).nonzero().flatten().tolist()
    if bad:
        sequences = data.table["sequence"].iloc[indices[bad[:3]]].tolist()
        raise TrainingError(
            f"{stage.role} ({stage.key}): the embedding is not finite for {len(bad)} of {len(indices)} "
            f"clips of {data.name!r}, the first being {', '.join(sequences)}. Train the stage again with "
            "precision fp32 or a lower learning rate."
        )
