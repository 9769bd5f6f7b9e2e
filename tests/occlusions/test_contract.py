"""What every registered generator must do; a new one is tested unasked."""

import re
from itertools import product

import numpy as np
import pytest
import torch

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.base import Occlusion, Step, grid_names, make, occlusions

NAMES = grid_names()
RELEASED = sorted(set(occlusions.names()) - set(NAMES))
SIZES = [(1, 64, 44), (7, 32, 22), (5, 64, 64), (3, 16, 11), (1, 1, 1)]


@pytest.fixture(params=NAMES)
def generator(request) -> Occlusion:
    return make(request.param)


@pytest.fixture(params=[*NAMES, *RELEASED])
def any_generator(request) -> Occlusion:
    """One of all generators; released readings keep this toolkit's rules only in part."""
    return make(request.param)


def test_all_expected_generators_are_registered():
    expected = {"top", "bottom", "middle", "left", "right", "patch", "pole", "dynamic"}
    expected |= {f"corner-{v}-{s}" for v in ("top", "bottom") for s in ("left", "right")}
    assert expected | {"switch", "crowd", "dropout"} <= set(NAMES)


@pytest.mark.parametrize("name", [*NAMES, *RELEASED])
def test_name_is_the_registered_name(name):
    assert occlusions.get(name).name == name
    assert make(name).draw(stream(0), 4, 32, 22).kind == name


def test_defaults_and_words(any_generator):
    low, high = any_generator.amount
    assert 0 < low <= high <= 1
    assert any_generator.amount_of
    documentation = type(any_generator).__doc__ or ""
    assert documentation.count("\n\n") or documentation.endswith(".")
    assert hash(any_generator) == hash(type(any_generator)())
    assert any_generator == type(any_generator)()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_size_and_amount(any_generator, size, make_clip):
    clip = make_clip(*size)[None]
    some = [any_generator, *(any_generator.at(amount) for amount in (0.0, 1e-9, 0.37, 1.0))]
    for chosen, k in product(some, range(3)):
        drawn = chosen.draw(stream(k, "size"), *size)
        done = occlude(clip, [drawn])
        assert done.clips.shape == done.hidden.shape == clip.shape
        assert 0 <= float(done.share) <= 1
        assert ((done.frame_share >= 0) & (done.frame_share <= 1)).all()
        assert bool(done.share > 0) == bool((done.hidden & (clip > 0)).any())


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64, torch.bool])
def test_type_and_values_are_the_input_s(any_generator, dtype, clips):
    scaled = (clips * (255 if dtype == torch.uint8 else 1)).to(dtype)
    before = scaled.clone()
    drawn = [any_generator.draw(stream(i), *clips.shape[1:]) for i in range(len(clips))]
    done = occlude(scaled, drawn)
    assert done.clips.dtype == dtype
    assert done.hidden.dtype == torch.bool
    assert torch.equal(scaled, before)
    assert done.clips.data_ptr() != scaled.data_ptr()
    assert set(done.clips.flatten().tolist()) <= set(scaled.flatten().tolist())
    as_numbers = occlude(clips, drawn)
    assert torch.equal(done.clips > 0, as_numbers.clips > 0)


def test_same_stream_same_draw(any_generator):
    one, two = (any_generator.draw(stream(3, "same"), 9, 64, 44) for _ in range(2))
    assert one.amount == two.amount
    assert one.parameters == two.parameters
    for a, b in zip(one.steps, two.steps, strict=True):
        for part in ("boxes", "mask", "window", "columns"):
            np.testing.assert_equal(getattr(a, part), getattr(b, part))


def test_amount_is_drawn_from_the_range_and_recorded(any_generator):
    low, high = any_generator.amount
    amounts = [any_generator.draw(stream(k), 4, 32, 22).amount for k in range(40)]
    assert low <= min(amounts) <= max(amounts) <= high
    drawn = any_generator.at(0.5).draw(stream(0), 4, 32, 22)
    assert drawn.amount == 0.5
    assert drawn.parameters["amount"] == 0.5
    assert all(isinstance(v, float | int | str) for v in drawn.parameters.values())


def test_amount_0_changes_nothing(any_generator, clips):
    drawn = [any_generator.at(0).draw(stream(i), *clips.shape[1:]) for i in range(len(clips))]
    done = occlude(clips, drawn)
    assert torch.equal(done.clips, clips)
    assert not done.hidden.any()
    assert not done.share.any()


def test_hidden_share_grows_with_the_amount(generator, make_clip):
    clip = make_clip(10, 64, 44)
    shares = []
    for amount in np.linspace(0, 1, 9):
        drawn = [generator.at(amount).draw(stream(k, "grows"), 10, 64, 44) for k in range(48)]
        shares.append(float(occlude(clip.expand(48, -1, -1, -1), drawn).share.mean()))
    assert shares[0] == 0
    assert shares[-1] > 0.1
    assert (np.diff(shares) >= -1e-6).all(), shares


def test_something_is_hidden_within_the_default_range(generator, make_clip):
    clip = make_clip(20, 64, 44)
    drawn = [generator.draw(stream(k), 20, 64, 44) for k in range(32)]
    shares = occlude(clip.expand(32, -1, -1, -1), drawn).share
    assert shares.mean() > 0.05
    assert (shares > 0).float().mean() > 0.5


def test_one_frame_s_law_does_not_depend_on_the_clip_s_length(generator, make_clip):
    def mean_share(t: int) -> float:
        clip = make_clip(1, 32, 22).expand(t, -1, -1)
        drawn = [generator.draw(stream(k, "law"), t, 32, 22) for k in range(400)]
        # The clip's last frame: the one whose law could depend on all before it.
        return float(occlude(clip.expand(400, -1, -1, -1), drawn).frame_share[:, -1].mean())

    # Dropout's shares are 0 or 1, so their mean has a standard error of 0.025.
    assert mean_share(1) == pytest.approx(mean_share(25), abs=0.09)


def test_bad_amounts_say_name_value_and_remedy(any_generator):
    kind = type(any_generator)
    for bad in ((0.6, 0.4), (-0.1, 0.5), (0.5, 30), (float("nan"), 0.5)):
        with pytest.raises(ConfigurationError, match=re.escape(repr(any_generator.name))) as caught:
            kind(amount=bad)
        assert f"{bad[0]:g}–{bad[1]:g}" in str(caught.value)
    for no_pair in (0.5, "half", (0.1, 0.2, 0.3), None):
        with pytest.raises(ConfigurationError, match=re.escape(f"amount={no_pair!r}")):
            kind(amount=no_pair)
    with pytest.raises(ConfigurationError, match="not a range of shares"):
        any_generator.at(1.5)


def test_a_list_of_integers_is_the_same_range(any_generator):
    kind = type(any_generator)
    assert kind(amount=[0, 1]) == kind(amount=(0.0, 1.0))
    assert hash(kind(amount=[0, 1])) == hash(kind(amount=(0.0, 1.0)))
    assert repr(kind(amount=[0, 1])) == repr(kind(amount=(0.0, 1.0)))


def test_a_mixed_batch_equals_one_by_one_in_any_order(clips):
    t, h, w = clips.shape[1:]
    drawn = [None, *(make(name).draw(stream(7, name), t, h, w) for name in NAMES)]
    many = clips[torch.arange(len(drawn)) % len(clips)].float()
    # Clips of other scales: the result of one must not depend on its neighbours.
    many *= torch.tensor([1.0, 255.0, 0.5]).repeat(len(drawn))[: len(drawn), None, None, None]
    together = occlude(many, drawn)
    order = np.random.default_rng(0).permutation(len(drawn))
    shuffled = occlude(many[order], [drawn[i] for i in order])
    for i, one in enumerate(drawn):
        alone = occlude(many[i : i + 1], [one])
        for part in ("clips", "hidden", "hidden_pixels", "body_pixels", "share", "frame_share"):
            value = getattr(together, part)
            assert torch.equal(value[i], getattr(alone, part)[0]), (part, one)
            assert torch.equal(value[order], getattr(shuffled, part)), part


def test_drawing_advances_only_its_own_stream(any_generator):
    state = str(np.random.get_state())  # noqa: NPY002 - shows that it is not touched
    seed = torch.random.get_rng_state()
    any_generator.draw(stream(0), 5, 32, 22)
    assert str(np.random.get_state()) == state  # noqa: NPY002
    assert torch.equal(torch.random.get_rng_state(), seed)


def test_steps_are_steps(any_generator):
    drawn = any_generator.draw(stream(0), 5, 32, 22)
    assert drawn.steps
    assert all(isinstance(step, Step) for step in drawn.steps)
