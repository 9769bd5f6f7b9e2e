"""Amounts that are set for a share of the body, against what they hide when that is measured directly."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.random_streams import stream
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.evaluation import severity
from gaitbench.evaluation.clips import clips_at_test
from gaitbench.evaluation.severity import POSITIONS, at_position, hidden_shares, hiding
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.base import Occlusion, Step, make
from gaitbench.occlusion.mix import Mix

HEIGHT, WIDTH = 32, 22
SHARES = (0.08, 0.16, 0.24, 0.32, 0.4)
NAME = "figures"


@pytest.fixture(autouse=True)
def one_thread():
    """Clips this small only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def figure(rng, frames):
    """Return somebody who fills the height and a third of the width, legs apart, head on top."""
    row, column = np.mgrid[0:HEIGHT, 0:WIDTH]
    half = np.select([row < 4, row < 18], [1.5, 3.0 + rng.random()], 2.0 + (row - 18) / 8)
    body = np.abs(column - (WIDTH - 1) / 2) < half
    return np.repeat(body[None], frames, axis=0).astype(np.uint8)


def written(folder, order, lengths=(3,)):
    """Write 12 figures in some order; who they are and how they look goes with the name."""
    with SilhouettesWriter(folder, name=NAME, height=HEIGHT, width=WIDTH) as writer:
        for i in order:
            frames = figure(np.random.default_rng(i), lengths[i % len(lengths)])
            writer.add(frames, identity=f"{i}", condition="nm", view="090", recording=f"w{i:02}")
        writer.splits = {"test.gallery": list(range(12)), "test.probe": list(range(6))}
    return Silhouettes.open(folder)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return written(tmp_path_factory.mktemp("figures"), range(12))


@dataclass(frozen=True)
class Curtain(Occlusion):
    """The body is hidden from above, but never more of it than a share."""

    amount: tuple[float, float] = (0.2, 0.6)
    most: float = 1.0
    name = "curtain"

    def steps(self, rng, amount, t, h, w):
        return Step.hide(t, (0, round(min(amount, self.most) * h)), (0, w))


def measured(generator, data, frames=3, draws=40):
    """Return the mean hidden share of the gallery, clip by clip and without `gaitbench.evaluation`."""
    shares = []
    for i in data.split("test.gallery"):
        clip = torch.from_numpy(data.frames(int(i))[:frames])[None]
        rngs = [stream(11, "measured", int(i), d) for d in range(draws)]
        drawn = [generator.draw(rng, *clip.shape[1:]) for rng in rngs]
        hidden = occlude(clip.repeat(draws, 1, 1, 1), drawn)
        left = clip.sum() - ((hidden.hidden) & (clip > 0)).sum((1, 2, 3))
        shares += (1 - left / clip.sum()).tolist()
    return float(np.mean(shares))


@pytest.mark.parametrize("name", ["top", "left", "corner-top-left", "switch"])
@pytest.mark.parametrize("share", SHARES)
def test_what_is_hidden_is_what_was_wanted(data, name, share):
    (generator,) = hiding(Mix((make(name),), 1.0), share, data, 3).generators
    assert measured(generator, data) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("name", ["dropout", "patch"])
def test_what_is_hidden_by_chance_is_what_was_wanted_on_average(data, name):
    # Of these a draw may hide all or nothing, so a mean over 480 of them is rougher.
    for share in (0.1, 0.3):
        (generator,) = hiding(Mix((make(name),), 1.0), share, data, 3).generators
        assert measured(generator, data) == pytest.approx(share, abs=0.06)


def test_shares_at_positions_are_what_they_hide(data):
    found = hidden_shares(Curtain(), data, 3)
    assert len(found) == len(POSITIONS)
    assert (found[0], found[-1]) == (0.0, 1.0)
    for position in (3, 8, 13):
        generator = at_position(Curtain(), float(POSITIONS[position]), data)
        assert found[position] == pytest.approx(measured(generator, data), abs=0.01)


@pytest.mark.parametrize("name", ["top", "left", "switch", "patch"])
def test_shares_never_fall_and_amounts_grow_with_the_share(data, name):
    found = hidden_shares(make(name), data, 3)
    assert (np.diff(found) >= 0).all()
    assert found[0] == pytest.approx(0, abs=0.02)
    amounts = [hiding(Mix((make(name),), 1.0), s, data, 3).generators[0].amount for s in SHARES]
    assert amounts == sorted(amounts)
    assert all(0 <= low <= high <= 1 for low, high in amounts)


def test_a_share_out_of_reach_gets_the_amounts_that_hide_most(data):
    shy = Curtain(most=0.4)
    most = hidden_shares(shy, data, 3).max()
    assert 0.2 < most < 0.6
    (generator,) = hiding(Mix((shy,), 1.0), 0.9, data, 3).generators
    assert measured(generator, data) == pytest.approx(most, abs=0.01)
    # The first amounts that hide most, not larger ones that hide no more.
    assert 0.4 <= generator.amount[0] < 0.5
    (within,) = hiding(Mix((shy,), 1.0), most / 2, data, 3).generators
    assert measured(within, data) == pytest.approx(most / 2, abs=0.02)


def test_a_generator_that_hides_less_at_its_largest_amount_is_at_its_best(data):
    @dataclass(frozen=True)
    class Hill(Curtain):
        name = "hill"

        def steps(self, rng, amount, t, h, w):
            return super().steps(rng, min(amount, 1 - amount), t, h, w)

    (generator,) = hiding(Mix((Hill(),), 1.0), 0.9, data, 3).generators
    assert generator.amount[0] == pytest.approx(0.5, abs=0.05)


def test_only_the_amount_is_set(data):
    mix = Mix((make("top", amount=(0.4, 0.6), fit="mask"), make("left")), 0.7, per="batch")
    found = hiding(mix, 0.2, data, 3)
    assert (found.share, found.per, found.classes) == (0.7, "batch", mix.classes)
    assert found.generators[0] == replace(mix.generators[0], amount=found.generators[0].amount)
    for before, after in zip(mix.generators, found.generators, strict=True):
        assert after.amount != before.amount
        assert type(after) is type(before)
    # From whatever amounts it starts.
    other = Mix((make("top", amount=(0.1, 0.1), fit="mask"), make("left")), 0.7, per="batch")
    assert hiding(other, 0.2, data, 3) == found


def test_amounts_are_a_pixel_apart_and_end_at_nothing_and_everything(data):
    pixel = 1 / WIDTH
    assert at_position(Curtain(), 0.0, data).amount == (0.0, 0.0)
    assert at_position(Curtain(), 1.0, data).amount == (1.0, 1.0)
    low, high = at_position(Curtain(), 0.5, data).amount
    assert (high - low, low + high) == (pytest.approx(pixel), pytest.approx(1))


@settings(deadline=None, max_examples=100)
@given(st.floats(0, 1), st.floats(0, 1))
def test_amounts_grow_with_the_position(one, other):
    class Small:
        height, width = 16, 11

    one, other = sorted((one, other))
    (low, high), (above, top) = (at_position(Curtain(), p, Small).amount for p in (one, other))
    assert 0 <= low <= high <= 1
    assert low <= above
    assert high <= top


def test_the_order_of_sequences_changes_nothing(tmp_path, data):
    order = np.random.default_rng(1).permutation(12)
    other = written(tmp_path / "other", order)
    for name in ("top", "patch"):
        mix = Mix((make(name),), 1.0)
        np.testing.assert_allclose(
            hidden_shares(make(name), other, 3), hidden_shares(make(name), data, 3), atol=1e-12
        )
        assert hiding(mix, 0.3, other, 3) == hiding(mix, 0.3, data, 3)


def test_who_walks_in_the_probes_plays_no_part(tmp_path, data):
    folder = tmp_path / "fewer"
    written(folder, range(12))
    other = Silhouettes.open(folder)
    other.splits["test.probe"] = np.array([11])
    assert hiding(Mix((make("top"),), 1.0), 0.3, other, 3) == hiding(
        Mix((make("top"),), 1.0), 0.3, data, 3
    )


def test_clips_of_the_commonest_length_stand_for_all(tmp_path):
    data = written(tmp_path / "lengths", range(12), lengths=(2, 5, 5))
    seen = []

    def watching(data, indices, mix, length, *rest, **options):
        seen.append((len(indices), length, options["purpose"]))
        return clips_at_test(data, indices, mix, length, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(severity, "clips_at_test", watching)
        hidden_shares(Curtain(most=0.9), data, 4)
    assert set(seen) == {(8, 4, "severity")}


def test_amounts_are_set_from_other_draws_than_the_tests(data):
    indices = data.split("test.gallery")
    mix = Mix((make("patch"),), 1.0)
    test = clips_at_test(data, indices, mix, 3, 0, 0)
    own = clips_at_test(data, indices, mix, 3, 0, 0, purpose="severity")
    assert not torch.equal(test.hidden_share, own.hidden_share)
    assert torch.equal(test.whole, own.whole)
