"""How long and how a stage trains: everything about training that is not the stage's own."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Recipe(BaseModel):
    """Budget, optimiser and batches of one stage.

    Args:
        steps: Optimiser steps.
        optimiser: "adamw", "adam" or "sgd" (momentum 0.9).
        learning_rate: Peak of the schedule.
        weight_decay: As the optimiser understands it.
        schedule: "one-cycle" (warm-up over a tenth of the steps, then cosine to zero), "constant", or
            "milestones" (divided by ten at each of `milestones`).
        milestones: Steps.
        identities: Identities in a batch (P).
        clips: Clips of each identity in a batch (K).
        frames: Consecutive frames of each clip.
        label_smoothing: Of the cross-entropy.
        margin: Of the triplet loss.
        threads: Threads of a training on a CPU; float sums depend on it, so it is part of the recipe.
        precision: "bf16" runs convolutions and matrix products in bfloat16 (autocast).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(ge=1)
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["one-cycle", "constant", "milestones"] = "one-cycle"
    milestones: tuple[int, ...] = ()
    identities: int = Field(ge=2)
    clips: int = Field(ge=1)
    frames: int = Field(ge=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    margin: float = Field(default=0.2, ge=0)
    threads: int = Field(default=1, ge=1)
    precision: Literal["fp32", "bf16"] = "bf16"

    @property
    def batch_size(self) -> int:
        """Clips in a batch."""
        return self.identities * self.clips
