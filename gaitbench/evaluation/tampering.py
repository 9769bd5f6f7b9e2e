"""What is changed about a test to see what a method really reads: the sanity panel's interventions.

A tampering changes test clips, their random streams, or what a frozen detector is shown. Training and
trained weights never know of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.core.random_streams import stream
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.methods.oem import DetectorStage
from gaitbench.training.stage import Networks, Stage

if TYPE_CHECKING:
    from gaitbench.networks.detector import Detection
    from gaitbench.training.batches import Batch

Tampering = Literal[
    "none",
    "blank",
    "outline",
    "tied-outline",
    "one-draw",
    "shuffled",
    "true-amount",
    "stray-detector",
]
"""none: the test as it is. blank: every frame is black. outline: every body fills its frame, so that only
what hides it has a shape. tied-outline: the same, and all clips of one identity share one draw.
one-draw: all clips, probes and gallery, share one draw. shuffled: the frames of a clip are in random
order, before anything is hidden. true-amount: the detector's amount is the true one. stray-detector:
the detector is shown the same clips under draws of their own."""

DETECTOR = "detector"
"""Name of the input that a detector is."""


def tampered_frames(
    tampering: Tampering,
    whole: npt.NDArray[np.uint8],
    data: Silhouettes,
    sequences: Sequence[str],
    seed: int,
) -> npt.NDArray[np.uint8]:
    """Return clips [n, t, h, w] of these sequences with their whole frames changed, or as they were."""
    if tampering == "blank":
        return np.zeros_like(whole)
    if tampering in ("outline", "tied-outline"):
        return np.ones_like(whole)
    if tampering == "shuffled":
        orders = [
            stream(seed, "shuffled frames", data.name, name).permutation(whole.shape[1])
            for name in sequences
        ]
        return np.stack([clip[order] for clip, order in zip(whole, orders, strict=True)])
    return whole


def draw_names(tampering: Tampering, rows: pd.DataFrame) -> list[str]:
    """Return what names the random stream of each clip's draw: its sequence, unless clips share one.

    Args:
        tampering: Which clips share a draw.
        rows: Of the data set's table.
    """
    if tampering == "tied-outline":
        return [f"all clips of {identity}" for identity in rows["identity"]]
    if tampering == "one-draw":
        return ["all clips"] * len(rows)
    return [str(name) for name in rows["sequence"]]


def tampered_networks(
    tampering: Tampering, stage: Stage, networks: Networks, batch: "Batch", stray: "Batch | None"
) -> Networks:
    """Return the frozen networks that a stage builds on, the detector replaced where it is tampered with.

    Args:
        tampering: "true-amount", "stray-detector", or anything else for the networks as they are.
        stage: Uses the networks.
        networks: By name.
        batch: The clips that will be embedded.
        stray: The same clips under other draws, for "stray-detector".
    """
    detector = stage.inputs.get(DETECTOR)
    if tampering not in ("true-amount", "stray-detector") or not isinstance(
        detector, DetectorStage
    ):
        return networks
    from gaitbench.networks.detector import KnownDetection

    shown = batch.clips if stray is None else stray.clips
    detection: Detection = networks[DETECTOR](shown)
    if tampering == "true-amount":
        # The feature and the type stay: a feature has no truth, and no method reads the type.
        detection = replace(detection, amount=detector.true_amount(batch).to(detection.amount))
    return {**networks, DETECTOR: KnownDetection(detection)}
