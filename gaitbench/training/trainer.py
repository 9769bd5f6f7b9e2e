"""The one training loop: every stage of every method runs through it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from gaitbench.core.errors import TrainingError
from gaitbench.core.plugin_errors import calling, returned, shown, wrong
from gaitbench.core.random_streams import torch_seed
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.training.batches import Batch, IdentitySampler, batches
from gaitbench.training.callbacks.base import CallbackList
from gaitbench.training.history import HISTORY
from gaitbench.training.recipe import Recipe, WeightGroup
from gaitbench.training.stage import Networks, Stage, frozen

CHECKS = 20
"""How often in a training the losses are averaged, recorded and measured on validation identities."""

NOT_ON_NEW_IDENTITIES = "cross-entropy"
"""The one loss term that identities without a class do not have."""


@dataclass(frozen=True, eq=False)
class Trained:
    """The outcome of a stage.

    Args:
        weights: The network's state.
        history: One row per check and loss term: step, term, training (mean since the last check),
            validation (on identities that are not trained on; missing for the cross-entropy).
    """

    weights: dict[str, Tensor]
    history: pd.DataFrame


def train(
    stage: Stage,
    data: Silhouettes,
    networks: Networks,
    initial: Mapping[str, Tensor] | None,
    device: torch.device,
    callbacks: CallbackList | None = None,
) -> Trained:
    """Train a stage.

    Args:
        stage: What to train.
        data: With the splits "train", "validation.gallery" and "validation.probe"; already at the
            size that the stage names.
        networks: The stage's frozen inputs, on `device`.
        initial: Weights of `stage.initial`, where there is one.
        device: Where to train.
        callbacks: Told how it goes; of the end, by whoever keeps what was trained.

    Raises:
        TrainingError: If a loss is not finite.
        PluginError: If a plug-in's stage or callback fails.
    """
    recipe, callbacks = stage.recipe, callbacks or CallbackList()
    torch.set_num_threads(recipe.threads)
    sampler = IdentitySampler(data, data.split("train"), recipe)
    network = network_to_train(stage, len(sampler.names), networks, initial)
    on_device(network, device).train()
    optimiser = _optimiser(network, recipe)
    check = _Check(stage, network, networks, _validation(stage, data), device)
    supply = batches(sampler, stage.mix, stage.seed, _purpose(stage))
    callbacks.start(stage, recipe.steps)
    for step in range(1, recipe.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(recipe, step, group["pace"])
        terms = checked_losses(stage, network, networks, next(supply).to(device), device)
        total = torch.stack(list(terms.values())).sum()
        loss = float(total.detach())
        if not math.isfinite(loss):
            values = ", ".join(f"{k} = {float(v.detach()):g}" for k, v in terms.items())
            raise TrainingError(
                f"{stage.role} ({stage.key}): the loss is not finite at step {step} of {recipe.steps} "
                f"({values}). Lower the learning rate ({recipe.learning_rate:g}) or use precision fp32."
            )
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rows = check.add(step, terms)
        callbacks.step(step, terms)
        if rows:
            callbacks.check([dict(row) for row in rows])
    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    return Trained(weights, check.history())


def new_network(stage: Stage, identities: int) -> nn.Module:
    """Return the stage's network with weights from its own random stream."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(stage.seed, "weights", stage.role))
        with calling(stage, "build"):
            network = stage.build(identities)
    returned(stage, "build", network, nn.Module, "a torch.nn.Module")
    return network


def network_to_train(
    stage: Stage, identities: int, networks: Networks, initial: Mapping[str, Tensor] | None
) -> nn.Module:
    """Return the stage's network with the weights that training begins with.

    Args:
        stage: What is trained.
        identities: How many its classifier tells apart.
        networks: The stage's frozen inputs.
        initial: Weights of `stage.initial`, where there is one.

    Raises:
        PluginError: If a plug-in's stage fails, or has nothing to train.
    """
    network = new_network(stage, identities)
    with calling(stage, "start"):
        stage.start(network, networks)
    if initial is not None:
        with calling(stage, "resume"):
            stage.resume(network, initial)
    if next(network.parameters(), None) is None:
        raise wrong(stage, "build", f"returned {shown(network)}, which has no weights to train.")
    return network


def on_device(network: nn.Module, device: torch.device) -> nn.Module:
    """Return the network on a device, its 2-D convolutions in the memory format that is fastest."""
    network.to(device)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            # torch's annotations lack the memory format of Module.to.
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def rate(recipe: Recipe, step: int) -> float:
    """Return the share of the peak learning rate at a step, 1-based."""
    if recipe.schedule == "constant":
        return 1.0
    if recipe.schedule == "milestones":
        return recipe.gamma ** sum(step > milestone for milestone in recipe.milestones)
    if recipe.schedule == "cosine":
        done = (step - 1) // recipe.hold * recipe.hold
        return 0.5 * (
            1 + math.cos(math.pi * min(1.0, done / (recipe.cosine_steps or recipe.steps)))
        )
    warm_up = max(1, recipe.steps // 10)
    if step <= warm_up:
        return step / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (recipe.steps - warm_up + 1)))


def learning_rate(recipe: Recipe, step: int, pace: float = 1.0) -> float:
    """Return the learning rate at a step, 1-based, of weights whose factor on it is `pace`."""
    return max(recipe.learning_rate * rate(recipe, step) * pace, recipe.final_learning_rate)


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the autocast context of a precision on a device.

    "bf16" is a permission: a processor that has no bfloat16 arithmetic would imitate it, some ten times
    slower than float32, so there float32 is used.
    """
    enabled = precision == "bf16" and has_bfloat16(device.type)
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


@cache
def has_bfloat16(device_type: str) -> bool:
    """Return whether this machine computes in bfloat16 itself on a kind of device."""
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device_type != "cpu":
        return False
    able = torch.cpu.get_capabilities()
    return any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16", "arm_bf16"))


def _purpose(stage: Stage) -> str:
    # Further training must not repeat the batches that the first training has seen.
    return f"{stage.purpose} adapted" if stage.initial is not None else stage.purpose


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    groups = weight_groups(network, recipe)
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            groups,
            recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)


def weight_groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the network's weights as groups for an optimiser, with "pace", their learning rate's factor.

    Raises:
        TrainingError: If a group of the recipe matches none of the weights.
    """
    chosen: dict[int, list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        matching = (i for i, g in enumerate(recipe.weight_groups) if re.search(g.match, name))
        chosen.setdefault(next(matching, -1), []).append(weight)
    for i, group in enumerate(recipe.weight_groups):
        if i not in chosen:
            raise TrainingError(
                f"weight_groups: {group.match!r} matches no weight that an earlier group leaves; the "
                f"weights are named like {next(iter(network.state_dict()))!r}. Change the recipe."
            )
    every = [*recipe.weight_groups, WeightGroup(match="")]
    return [
        {
            "params": weights,
            "pace": every[i].learning_rate,
            "weight_decay": recipe.weight_decay * every[i].weight_decay,
        }
        for i, weights in sorted(chosen.items())
    ]


def checked_losses(
    stage: Stage, network: nn.Module, networks: Networks, batch: Batch, device: torch.device
) -> dict[str, Tensor]:
    """Return the stage's named loss terms of a batch, in the precision of its recipe.

    Raises:
        PluginError: If a plug-in's `losses` fails, or returns something that cannot be minimised.
    """
    with autocast(device, stage.recipe.precision), calling(stage, "losses"):
        terms = stage.losses(network, networks, batch)
    returned(stage, "losses", terms, dict, "a dictionary of named terms")
    for name, value in terms.items():
        if not isinstance(value, Tensor) or value.shape:
            shown = (
                f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else value
            )
            raise wrong(
                stage,
                "losses",
                f"returned {shown} as {name!r}; every term must be a tensor of one value.",
            )
    if not terms:
        raise wrong(stage, "losses", "returned no terms; it must return at least one.")
    if torch.is_grad_enabled() and not any(term.requires_grad for term in terms.values()):
        raise wrong(
            stage, "losses", "returned terms that depend on no weight; at least one of them must."
        )
    return terms


def _validation(stage: Stage, data: Silhouettes) -> Batch | None:
    """Return one fixed batch of identities that are not trained on, or None where there are too few."""
    parts = [data.splits[n] for n in ("validation.gallery", "validation.probe") if n in data.splits]
    if not parts:
        return None
    indices = np.concatenate(parts)
    identities = data.table["identity"].iloc[indices].nunique()
    if identities < 2:
        return None
    recipe = stage.recipe.model_copy(
        update={
            "identities": min(stage.recipe.identities, identities),
            "lengths": None,
            "augment": (),
        }
    )
    sampler = IdentitySampler(data, indices, recipe)
    # One draw for this one batch would make the losses those of a single type and amount.
    mix = replace(stage.mix, per="clip")
    batch = next(batches(sampler, mix, stage.seed, f"{stage.purpose} validation"))
    # Labels only have to differ; small ones fit any classifier, whose loss is not recorded here.
    return replace(batch, identities=torch.unique(batch.identities, return_inverse=True)[1])


class _Check:
    """Averages losses between checks and measures them on validation identities."""

    def __init__(
        self,
        stage: Stage,
        network: nn.Module,
        networks: Networks,
        validation: Batch | None,
        device: torch.device,
    ) -> None:
        self.stage, self.network, self.networks, self.device = stage, network, networks, device
        self.validation = validation.to(device) if validation else None
        self.every = max(1, stage.recipe.steps // CHECKS)
        self._sums: dict[str, float] = {}
        self._rows: list[dict[str, object]] = []

    def add(self, step: int, terms: Mapping[str, Tensor]) -> list[dict[str, object]]:
        """Take the losses of one step; at a check, record them and return the new rows."""
        for name, value in terms.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value.detach())
        if step % self.every:
            return []
        unseen = self._on_validation()
        rows: list[dict[str, object]] = [
            {
                "step": step,
                "term": name,
                "training": total / self.every,
                "validation": unseen.get(name, math.nan),
            }
            for name, total in self._sums.items()
        ]
        self._rows += rows
        self._sums = {}
        return rows

    def _on_validation(self) -> dict[str, float]:
        if self.validation is None:
            return {}
        self.network.eval()
        with torch.no_grad():
            terms = checked_losses(
                self.stage, self.network, self.networks, self.validation, self.device
            )
        self.network.train()
        return {k: float(v) for k, v in terms.items() if k != NOT_ON_NEW_IDENTITIES}

    def history(self) -> pd.DataFrame:
        """Return everything recorded."""
        return pd.DataFrame(self._rows, columns=list(HISTORY))


def load_network(
    stage: Stage, identities: int, weights: Mapping[str, Tensor], device: torch.device
) -> nn.Module:
    """Return a trained stage's network, frozen, on a device."""
    network = new_network(stage, identities)
    network.load_state_dict(dict(weights))
    return frozen(on_device(network, device))
