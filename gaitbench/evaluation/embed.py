"""From a trained stage and silhouettes to embeddings, one row per sequence."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import TrainingError
from gaitbench.core.plugin_errors import calling, returned, shown, wrong
from gaitbench.core.random_streams import stream
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.evaluation.tampering.base import UNTOUCHED, Tampering, get_tampering
from gaitbench.occlusion.mix import Mix
from gaitbench.training.stage import Embedded, Networks, Stage

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from gaitbench.training.batches import Batch

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
    """

    embeddings: "Tensor"
    hidden_share: npt.NDArray[np.float64]
    types: npt.NDArray[np.int64]
    alpha: npt.NDArray[np.float64]
    detected_type: npt.NDArray[np.int64]
    detected_amount: npt.NDArray[np.float64]


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
        frames: Longest clip; of a longer sequence the frames in the middle are used.
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
    lengths = np.minimum(data.table["frames"].to_numpy(np.int64)[indices], frames)
    for length in np.unique(lengths):
        # Clips of one length need no padding, so a clip's result never depends on its neighbours.
        same = np.flatnonzero(lengths == length)
        for start in range(0, len(same), max(1, FRAMES_AT_ONCE // length)):
            chosen = same[start : start + max(1, FRAMES_AT_ONCE // length)]
            clips = _TestClips(data, indices[chosen], mix, int(length), seed, draw, change)
            batch = clips.batch()
            shares[chosen], types[chosen] = batch.hidden_share.numpy(), batch.types.numpy()
            order.append(chosen)
            batch, stray = batch.to(device), clips.stray(device)
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
    )
    _check_finite(embedded_sequences.embeddings, stage, data, indices)
    return embedded_sequences


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
    return result


def clips_at_test(
    data: Silhouettes,
    indices: npt.NDArray[np.int64],
    mix: Mix,
    length: int,
    seed: int,
    draw: int,
    purpose: str = "test occlusion",
) -> "Batch":
    """Return test clips of one length, each occluded from its own random stream of this purpose."""
    return _TestClips(data, indices, mix, length, seed, draw, Tampering()).batch(purpose)


@dataclass(frozen=True, eq=False)
class _TestClips:
    """Test clips of one length, and what hides them."""

    data: Silhouettes
    indices: npt.NDArray[np.int64]
    mix: Mix
    length: int
    seed: int
    draw: int
    tampering: Tampering

    def batch(self, purpose: str = "test occlusion") -> "Batch":
        """Return the clips, occluded from the random streams of a purpose."""
        from gaitbench.training.batches import occluded_batch

        rows = self.data.table.iloc[self.indices]
        first = (rows["offset"] + (rows["frames"] - self.length) // 2).to_numpy(np.int64)
        whole = self.data.unpack(first[:, None] + np.arange(self.length))
        names = rows["sequence"].astype(str).tolist()
        whole = self.tampering.tampered_frames(whole, self.data, names, self.seed)
        streams = [
            stream(self.seed, purpose, self.data.name, name, *self.mix.classes, self.draw)
            for name in self.tampering.names_of_draws(rows)
        ]
        return occluded_batch(whole, np.zeros(len(self.indices), np.int64), self.mix, streams)

    def stray(self, device: "torch.device") -> "Batch | None":
        """Return the same clips under other draws, where a detector is to be shown them."""
        if not self.tampering.shows_stray:
            return None
        return self.batch("stray occlusion").to(device)


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
