"""`occlude` against slow and obvious loops, and the messages of its interface."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.random_streams import stream
from gaitbench.core.registry import register
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.base import Drawn, Occlusion, Range, Step, make, occlusions
from gaitbench.occlusions.compose import Switch, Then
from gaitbench.occlusions.cut import Bottom, Top
from gaitbench.occlusions.middle import Middle
from gaitbench.occlusions.side import Left

Ints = npt.NDArray[np.int64]


def one_step(**parts: Any) -> Drawn:
    return Drawn("test", 0.5, (Step(**parts),))


def noise(n: int, t: int, h: int, w: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 2, (n, t, h, w), np.uint8))


def hidden_by_loop(size: tuple[int, int, int], boxes: Ints) -> npt.NDArray[np.bool_]:
    t, h, w = size
    hidden = np.zeros(size, np.bool_)
    for i in range(t):
        for top, bottom, left, right in boxes[i]:
            for r in range(h):
                for c in range(w):
                    if top <= r < bottom and left <= c < right:
                        hidden[i, r, c] = True
    return hidden


def stretched_by_torch(frames: torch.Tensor, rows: Ints, columns: Ints | None) -> torch.Tensor:
    """Stretch frame by frame with float64 bilinear interpolation: the obvious way."""
    _, h, w = frames.shape
    out = []
    for i, frame in enumerate(frames.double()):
        first, last = (0, w) if columns is None else columns[i]
        part = frame[rows[i, 0] : rows[i, 1], first:last]
        out.append(F.interpolate(part[None, None], (h, w), mode="bilinear")[0, 0])
    return torch.stack(out)


def windows(t: int, size: int) -> st.SearchStrategy[Ints]:
    span = st.tuples(st.integers(0, size), st.integers(0, size)).filter(lambda s: s[0] != s[1])
    return st.lists(span.map(sorted), min_size=t, max_size=t).map(lambda s: np.array(s, np.int64))


@st.composite
def boxed(draw: st.DrawFn) -> tuple[tuple[int, int, int], Ints]:
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)))
    k = draw(st.integers(0, 3))
    edges = draw(st.lists(st.integers(-3, 10), min_size=size[0] * k * 4, max_size=size[0] * k * 4))
    return size, np.array(edges, np.int64).reshape(size[0], k, 4)


@given(boxed())
@settings(max_examples=60, deadline=None)
def test_boxes_equal_a_loop_over_pixels(case):
    size, boxes = case
    clips = torch.ones((1, *size))
    done = occlude(clips, [one_step(boxes=boxes)])
    expected = hidden_by_loop(size, boxes)
    np.testing.assert_array_equal(done.hidden[0].numpy(), expected)
    np.testing.assert_array_equal(done.clips[0].numpy() == 0, expected)
    np.testing.assert_array_equal(done.hidden_pixels[0].numpy(), expected.sum((1, 2)))


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_stretching_equals_bilinear_interpolation(data):
    h, w = data.draw(st.sampled_from([(64, 44), (32, 22), (16, 11), (9, 7), (1, 1)]))
    rows = data.draw(windows(3, h))
    columns = data.draw(st.none() | windows(3, w))
    clips = noise(1, 3, h, w, data.draw(st.integers(0, 99)))
    done = occlude(clips, [one_step(window=rows, columns=columns)])
    mixed = stretched_by_torch(clips[0], rows, columns)
    # A mix of exactly one half is not above it, but float64 may come out on either side.
    clear = (mixed - 0.5).abs() > 1e-9
    assert torch.equal((done.clips[0] > 0)[clear], (mixed > 0.5)[clear])
    assert not done.clips[0][~clear].any()


def test_columns_alone_are_stretched():
    clips = noise(1, 2, 6, 8)
    columns = np.array([[0, 8], [2, 6]], np.int64)
    done = occlude(clips, [one_step(columns=columns)])
    whole = np.array([[0, 6]] * 2, np.int64)
    assert torch.equal(done.clips[0] > 0, stretched_by_torch(clips[0], whole, columns) > 0.5)
    assert torch.equal(done.clips[0, 0], clips[0, 0])
    assert done.hidden[0, 1].any(0).tolist() == [True] * 2 + [False] * 4 + [True] * 2


def test_a_mask_and_boxes_are_joined():
    clips = torch.ones((1, 1, 3, 3))
    mask = np.zeros((1, 3, 3), np.bool_)
    mask[0, 2, 2] = True
    done = occlude(clips, [one_step(mask=mask, boxes=np.array([[[0, 1, 0, 2]]]))])
    assert done.hidden[0, 0].tolist() == [[True, True, False], [False] * 3, [False, False, True]]


def test_a_step_hides_before_it_stretches():
    clips = torch.ones((1, 1, 4, 1))
    step = one_step(boxes=np.array([[[2, 3, 0, 1]]]), window=np.array([[2, 4]]))
    done = occlude(clips, [step])
    assert done.clips[0, 0, :, 0].tolist() == [0, 0, 1, 1]
    assert done.hidden[0, 0, :, 0].tolist() == [True, True, True, False]


@given(
    first=st.integers(0, 7), last=st.integers(8, 16), top=st.integers(0, 15), rows=st.integers(1, 9)
)
@settings(max_examples=60, deadline=None)
def test_what_is_hidden_after_a_stretch_is_mapped_back_to_the_input(first, last, top, rows):
    h = 16
    steps = (
        Step(window=np.array([[first, last]])),
        Step(boxes=np.array([[[top, min(top + rows, h), 0, 1]]])),
    )
    done = occlude(torch.ones((1, 1, h, 1)), [Drawn("test", 0.5, steps)])
    expected = []
    for row in range(h):
        outside = not first <= row < last
        shown_at = (row + 0.5 - first) * h / (last - first)
        expected.append(outside or top <= shown_at < min(top + rows, h))
    assert done.hidden[0, 0, :, 0].tolist() == expected


def test_two_stretches_are_mapped_back_through_both():
    steps = (Step(window=np.array([[4, 8]])), Step(window=np.array([[4, 8]])))
    done = occlude(torch.ones((1, 1, 8, 1)), [Drawn("test", 0.5, steps)])
    assert done.hidden[0, 0, :, 0].tolist() == [True] * 6 + [False] * 2


def test_columns_after_columns_are_mapped_back_through_both():
    steps = (
        Step(columns=np.array([[2, 6]])),
        Step(columns=np.array([[0, 4]]), boxes=np.array([[[0, 1, 0, 2]]])),
    )
    done = occlude(torch.ones((1, 1, 1, 8)), [Drawn("test", 0.5, steps)])
    assert done.hidden[0, 0, 0].tolist() == [True] * 3 + [False] + [True] * 4


def test_composition_hides_what_its_parts_hide_in_the_stretched_clip():
    clips = noise(1, 5, 64, 44)
    drawn = Then(parts=(Top((0.5, 0.5)), Middle((0.5, 0.5)))).draw(stream(0), 5, 64, 44)
    done = occlude(clips, [drawn])
    # Of the lower 32 rows, stretched to 64, the band covers rows 16 to 48: 8 to 24 of the 32.
    rows = done.hidden[0].all(2)
    assert rows[0].tolist() == [True] * 32 + [False] * 8 + [True] * 16 + [False] * 8
    upper = occlude(clips, [Top((0.5, 0.5)).draw(stream(0), 5, 64, 44)]).clips
    again = occlude(upper, [Middle((0.5, 0.5)).draw(stream(0), 5, 64, 44)]).clips
    assert torch.equal(done.clips, again)


def test_then_names_its_parts_parameters_and_scales_their_amounts():
    both = Then(parts=(Left((0.2, 0.4)), Left((0.5, 0.5))))
    drawn = both.at(0.5).draw(stream(0), 2, 32, 22)
    assert 0.1 <= float(drawn.parameters["1_left_amount"]) <= 0.2
    assert drawn.parameters["2_left_amount"] == 0.25
    assert not occlude(noise(1, 2, 32, 22), [both.at(0).draw(stream(0), 2, 32, 22)]).hidden.any()
    with pytest.raises(ConfigurationError, match="must be one or more occlusions"):
        Then()
    with pytest.raises(ConfigurationError, match="must be one or more occlusions"):
        Then(parts=("top",))


def test_switch_shows_both_types_and_changes_once():
    clips = torch.ones((1, 10, 32, 22))
    orders = set()
    for k in range(40):
        drawn = Switch().draw(stream(k), 10, 32, 22)
        at = int(drawn.parameters["at"])
        orders.add(drawn.parameters["before"])
        top_row_hidden = occlude(clips, [drawn]).hidden[0, :, 0, 0]
        assert top_row_hidden.int().diff().abs().sum() == 1
        assert bool(top_row_hidden[at - 1]) == (drawn.parameters["before"] == "top")
        assert 1 <= at <= 9
    assert orders == {"top", "bottom"}


def test_switch_splices_generators_of_all_forms():
    clips = noise(1, 6, 32, 22)
    kinds = ["crowd", "top"]
    switch = Switch(kinds=kinds, order="given")
    assert switch == Switch(kinds=("crowd", "top"), order="given")
    drawn = switch.at(0.5).draw(stream(0), 6, 32, 22)
    at = int(drawn.parameters["at"])
    done = occlude(clips, [drawn])
    assert done.hidden[0, at:, :16].all()
    assert not done.hidden[0, at:, 16:].any()
    seen = clips[0, :at].bool() & ~done.hidden[0, :at]
    assert torch.equal(done.clips[0, :at].bool(), seen)


def test_switch_refuses_what_it_cannot_switch():
    with pytest.raises(ConfigurationError, match="names of two occlusions"):
        Switch(kinds=("top",))
    with pytest.raises(UnknownNameError, match="Did you mean 'bottom'"):
        Switch(kinds=("top", "botom"))
    with pytest.raises(
        ConfigurationError, match="order='reverse' must be one of 'random', 'given'"
    ):
        Switch(order="reverse")


def test_none_leaves_a_clip_as_it_is():
    clips = noise(3, 4, 32, 22)
    done = occlude(clips, [None, Top().draw(stream(0), 4, 32, 22), None])
    assert torch.equal(done.clips[0], clips[0])
    assert done.share.tolist()[::2] == [0, 0]
    untouched = occlude(clips, [None] * 3)
    assert torch.equal(untouched.clips, clips)
    assert untouched.clips.data_ptr() != clips.data_ptr()
    assert untouched.body_pixels.tolist() == clips.sum((2, 3)).tolist()


def test_shares_are_of_the_body_and_0_without_one():
    clips = torch.zeros((1, 2, 4, 1))
    clips[0, 0] = torch.tensor([1.0, 1, 1, 0])[:, None]
    done = occlude(clips, [one_step(boxes=np.array([[[0, 1, 0, 1]], [[0, 4, 0, 1]]]))])
    assert done.frame_share.tolist() == [[pytest.approx(1 / 3), 0]]
    assert done.share.tolist() == [pytest.approx(1 / 3)]
    assert done.hidden_pixels.tolist() == [[1, 0]]


def test_an_empty_batch_works():
    done = occlude(torch.zeros((0, 3, 4, 5)), [])
    assert done.clips.shape == (0, 3, 4, 5)
    assert done.share.shape == (0,)


def test_mismatched_batches_are_refused():
    clips = noise(2, 4, 32, 22)
    with pytest.raises(ConfigurationError, match="2 clips, but 1 drawn"):
        occlude(clips, [None])


@pytest.mark.parametrize("name", ["top", "middle", "crowd"])
def test_another_clip_length_is_refused(name):
    drawn = make(name).draw(stream(0), 5, 32, 22)
    with pytest.raises(ConfigurationError, match=f"4 frames of 32×22, but occlusion '{name}' was"):
        occlude(noise(1, 4, 32, 22), [drawn])


def test_another_frame_height_is_refused():
    with pytest.raises(ConfigurationError, match="drawn for larger clips"):
        occlude(noise(1, 4, 32, 22), [Bottom((0.1, 0.1)).draw(stream(0), 4, 64, 22)])


@dataclass(frozen=True)
class Careless(Occlusion):
    """Returns whatever it is told to."""

    amount: Range = (0.1, 0.2)
    returns: Any = None

    def steps(
        self, rng: np.random.Generator, amount: float, t: int, h: int, w: int
    ) -> Step | Sequence[Step]:
        made: Step | Sequence[Step] = self.returns
        return made


@pytest.mark.parametrize(
    ("returns", "message"),
    [
        (
            Step(boxes=np.zeros((2, 1, 4), np.int64)),
            "boxes = ndarray of shape 2×1×4 and type int64",
        ),
        (Step(boxes=np.zeros((3, 4), np.int64)), "it must be an array of 3×k×4, integer"),
        (Step(boxes=np.zeros((3, 1, 4))), "type float64"),
        (Step(mask=np.zeros((3, 8, 9), np.bool_)), "it must be an array of 3×8×6, bool"),
        (Step(mask=np.zeros((3, 8, 6), np.int64)), "it must be an array of 3×8×6, bool"),
        (Step(window=np.array([[0, 8]])), "window = ndarray of shape 1×2"),
        (Step(window=np.array([[0, 9]] * 3)), "window outside 0 ≤ first < last ≤ 8"),
        (Step(window=np.array([[4, 4]] * 3)), "window outside"),
        (Step(columns=np.array([[-1, 4]] * 3)), "columns outside 0 ≤ first < last ≤ 6"),
        ([Step(), "top"], "'top'; it must return a Step or several"),
        (None, "None; it must return a Step or several"),
    ],
)
def test_wrong_steps_are_named(returns, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        Careless(returns=returns).draw(stream(0), 3, 8, 6)
    assert "tests.occlusion.test_base: Careless.steps() returned" in str(caught.value)


def test_parameters_are_collected():
    steps = (Step(parameters={"a": 1, "b": 2}), Step(parameters={"b": 3}))
    assert Drawn("test", 0.5, steps).parameters == {"amount": 0.5, "a": 1, "b": 3}


def test_make_builds_by_name_and_helps_with_options():
    assert make("top", fit="mask") == Top(fit="mask")
    assert make("patch").amount == (0.4, 0.6)
    with pytest.raises(UnknownNameError, match="Did you mean 'patch'"):
        make("pach")
    with pytest.raises(ConfigurationError, match=r"no option 'amonut'\. Did you mean 'amount'"):
        make("top", amonut=(0.1, 0.2))
    with pytest.raises(ConfigurationError, match="fit='squeeze' must be one of 'stretch'"):
        make("top", fit="squeeze")
    with pytest.raises(ConfigurationError, match="speed=2–1 is not a range of speeds"):
        make("pole", speed=(2, 1))
    with pytest.raises(ConfigurationError, match="motion='left' must be one of"):
        make("dynamic", motion="left")


def test_a_plugin_registers_under_its_name():
    class Curtain(Careless):
        """A test's own occlusion."""

    try:
        added = register("curtain-for-test")(Curtain)
        assert added.name == "curtain-for-test"
        assert make("curtain-for-test", returns=Step()).draw(stream(0), 1, 4, 4).kind == added.name
        with pytest.raises(ConfigurationError, match="taken"):
            register("top")(Curtain)
    finally:
        # The registry is the process's: leave it as other tests expect it.
        occlusions._classes.pop("curtain-for-test", None)
