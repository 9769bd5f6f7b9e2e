"""How long and how a stage trains: everything about training that is not the stage's own."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gaitbench.training.augmentations import Augmentation


class WeightGroup(BaseModel):
    """Weights that train at a pace of their own.

    Args:
        match: Regular expression that is searched for in a weight's name; the first group that matches
            counts.
        learning_rate: Factor on the recipe's.
        weight_decay: Factor on the recipe's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str
    learning_rate: float = Field(default=1.0, ge=0)
    weight_decay: float = Field(default=1.0, ge=0)

    @field_validator("match")
    @classmethod
    def _is_an_expression(cls, match: str) -> str:
        try:
            re.compile(match)
        except re.error as error:
            raise ValueError(f"{match!r} is no regular expression: {error}") from error
        return match


class Recipe(BaseModel):
    """Budget, optimiser and batches of one stage.

    Args:
        steps: Optimiser steps.
        optimiser: "adamw", "adam" or "sgd".
        learning_rate: Peak of the schedule.
        momentum: Of "sgd".
        weight_decay: As the optimiser understands it.
        weight_groups: Weights with another learning rate or weight decay; all others have the recipe's.
        schedule: "one-cycle" (warm-up over a tenth of the steps, then cosine to zero), "constant",
            "milestones" (multiplied by `gamma` after each of `milestones`), or "cosine" (to zero at
            `cosine_steps`).
        milestones: Steps.
        gamma: Of "milestones".
        cosine_steps: Of "cosine"; all steps if left out.
        hold: "cosine" changes the learning rate every so many steps.
        final_learning_rate: Of "cosine": no weight's learning rate falls below it.
        identities: Identities in a batch (P).
        clips: Clips of each identity in a batch (K).
        frames: Frames of each clip.
        lengths: Smallest and largest number of frames, drawn for each batch instead of `frames`, which is
            then what costs and checks are reckoned with. OpenGait draws it for each clip.
        sampler: "ordered" frames follow each other; "unordered" ones are drawn from the whole sequence,
            each at most once where there are enough, and stay in the order of the draw; "spread" ones are
            drawn likewise and put in the order of time.
        skip: Frames that an "ordered" clip leaves out: it is drawn from so many more consecutive ones.
        augment: What else happens to the clips, before anything hides them.
        triplet_weight: Of the triplet loss; 0 trains without it.
        margin: Of the triplet loss.
        cross_entropy_weight: Of the cross-entropy; 0 trains without it.
        cross_entropy_scale: Factor on the logits.
        label_smoothing: Of the cross-entropy.
        self_positive: Whether each anchor of the triplet loss is also its own positive, as in the released
            code; an experiment's `positives` sets it for every stage with that loss.
        threads: Threads of a training on a CPU; float sums depend on it, so it is part of the recipe.
        precision: "bf16" runs convolutions and matrix products in bfloat16 (autocast) where the machine
            computes in it; elsewhere, and with "fp32", they run in float32.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(ge=1)
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: float = Field(gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    weight_groups: tuple[WeightGroup, ...] = ()
    schedule: Literal["one-cycle", "constant", "milestones", "cosine"] = "one-cycle"
    milestones: tuple[int, ...] = ()
    gamma: float = Field(default=0.1, gt=0, le=1)
    cosine_steps: int | None = Field(default=None, ge=1)
    hold: int = Field(default=1, ge=1)
    final_learning_rate: float = Field(default=0.0, ge=0)
    identities: int = Field(ge=2)
    clips: int = Field(ge=1)
    frames: int = Field(ge=1)
    lengths: tuple[int, int] | None = None
    sampler: Literal["ordered", "unordered", "spread"] = "ordered"
    skip: int = Field(default=0, ge=0)
    augment: tuple[Augmentation, ...] = ()
    triplet_weight: float = Field(default=1.0, ge=0)
    cross_entropy_weight: float = Field(default=1.0, ge=0)
    cross_entropy_scale: float = Field(default=16.0, gt=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    margin: float = Field(default=0.2, ge=0)
    self_positive: bool = False
    threads: int = Field(default=1, ge=1)
    precision: Literal["fp32", "bf16"] = "bf16"

    @property
    def batch_size(self) -> int:
        """Clips in a batch."""
        return self.identities * self.clips

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.lengths is not None and not 1 <= self.lengths[0] <= self.lengths[1]:
            raise ValueError(f"lengths must be (smallest, largest) from 1; got {self.lengths}")
        if self.skip and self.sampler != "ordered":
            raise ValueError(
                f"skip = {self.skip} has no meaning for {self.sampler} frames; leave it out"
            )
        if not self.triplet_weight and not self.cross_entropy_weight:
            raise ValueError(
                "triplet_weight and cross_entropy_weight are both 0: nothing would train"
            )
        if any(augmentation.name == "erase" for augmentation in self.augment[:-1]):
            raise ValueError(
                "augment: 'erase' must come last, since boxes are drawn on what is seen"
            )
        if self.optimiser != "sgd" and self.momentum != type(self).model_fields["momentum"].default:
            raise ValueError(f"optimiser {self.optimiser!r} does not use momentum")
        unused = self._set_for_another_schedule()
        if unused:
            raise ValueError(f"schedule {self.schedule!r} does not use {', '.join(unused)}")
        return self

    def _set_for_another_schedule(self) -> list[str]:
        fields = {
            "milestones": ("milestones", "gamma"),
            "cosine": ("cosine_steps", "hold", "final_learning_rate"),
        }
        return [
            name
            for schedule, names in fields.items()
            if schedule != self.schedule
            for name in names
            if getattr(self, name) != type(self).model_fields[name].default
        ]
