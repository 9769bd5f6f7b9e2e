"""The linear reference: what it is fitted on, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gaitbench.core.errors import DataError
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.occlusion.base import make
from gaitbench.training.closed_form import fitted
from gaitbench.training.recipe import Recipe
from gaitbench.training.trainer import load_network

CPU = torch.device("cpu")


def stage_of(method, **recipe):
    stage = Bench.resolve(Experiment(preset="smoke")).stage(method, "gaitbase", 0)
    data = replace(stage.data, height=16, width=8)
    small = Recipe(steps=1, learning_rate=1, identities=4, clips=2, frames=3, **recipe)
    return replace(stage, data=data, recipe=small)


def data_of(folder, n_identities=6, n_clips=5, differ=True):
    """Return people who differ in the rows that their bodies fill."""
    rng = np.random.default_rng(0)
    with SilhouettesWriter(folder, name="blocks", height=16, width=8) as writer:
        for i in range(n_identities):
            for k in range(n_clips):
                frames = (rng.random((4, 16, 8)) < 0.1).astype(np.uint8)
                frames[:, 2 * i * differ : 2 * i * differ + 4] = 1
                writer.add(
                    frames, identity=f"{i}", condition="nm", view="090", recording=f"{i}-{k}"
                )
        writer.splits["train"] = list(range(n_identities * n_clips))
    return Silhouettes.open(folder)


def test_it_learns_what_people_differ_in(tmp_path):
    data, stage = data_of(tmp_path), stage_of("gei-lda-whole")
    trained = fitted(stage, data, {}, CPU)
    network = load_network(stage, 6, trained.weights, CPU)
    clips = torch.from_numpy(np.stack([data.frames(i)[:3] for i in range(30)])).float()
    found = network(clips)[:, :, 0]
    assert found.shape == (30, 5)
    distances = torch.cdist(found, found).fill_diagonal_(torch.inf)
    who = torch.arange(30) // 5
    assert (who[distances.argmin(1)] == who).all()
    assert trained.history.empty


def test_it_is_fitted_on_the_first_clips_that_baseline_2_meets(tmp_path):
    bench = Bench.resolve(Experiment(preset="smoke"))
    own, other = (bench.stage(m, "gaitbase", 0) for m in ("gei-lda", "baseline-2"))
    assert (own.mix, own.seed, own.purpose, own.recipe) == (
        *(other.mix, other.seed, other.purpose, other.recipe),
    )
    whole, first = (bench.stage(m, "gaitbase", 0) for m in ("gei-lda-whole", "baseline-1"))
    assert (whole.mix, whole.purpose, whole.recipe) == (first.mix, first.purpose, first.recipe)
    assert own.steps == whole.steps == 0


def test_adapting_fits_it_anew_with_one_more_type():
    stage = stage_of("gei-lda")
    adapted = stage.adapted(make("middle"), stage.recipe, stage.recipe)
    assert adapted.initial is None
    assert adapted.mix.classes == ("none", "top", "bottom", "middle")
    assert adapted.mix.share == stage.mix.share == 0.5
    assert adapted.key != stage.key


@pytest.mark.parametrize("method", ["gei-lda-whole", "aligned-lda"])
def test_one_clip_per_person_is_refused(method, tmp_path):
    data, stage = data_of(tmp_path, n_clips=1), stage_of(method)
    with pytest.raises(DataError, match=rf"'blocks'.*6 sequences of 6 identities.*{method}"):
        fitted(stage, data, {}, CPU)
