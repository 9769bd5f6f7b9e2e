"""Shifted-window attention against attention over the whole map, token by token."""

import itertools

import pytest
import torch
from torch.nn import functional

from gaitbench.networks.backbones.video_swin import (
    DropPath,
    SwinBlock,
    fitted,
    pad_to_windows,
    partition,
    relative_position_index,
    reverse,
    shift_mask,
)


def test_windows_go_into_the_batch_and_come_back():
    x = torch.rand(2, 4, 6, 10, 3)
    windows = partition(x, (2, 3, 5))
    assert windows.shape == (2 * 2 * 2 * 2, 30, 3)
    assert torch.equal(windows[1], x[0, :2, :3, 5:].reshape(30, 3))
    assert torch.equal(reverse(windows, (2, 3, 5), (4, 6, 10)), x)


def test_relative_positions_count_frames_then_rows_then_columns():
    window = (2, 3, 4)
    index = relative_position_index(window)
    places = list(itertools.product(*map(range, window)))
    for (i, a), (j, b) in itertools.product(enumerate(places), repeat=2):
        dt, dh, dw = (x - y + size - 1 for x, y, size in zip(a, b, window, strict=True))
        assert index[i, j] == dt * 5 * 7 + dh * 7 + dw


def test_a_window_shrinks_to_a_small_map_and_stays_where_it_is():
    assert fitted((12, 15, 10), (3, 3, 5), (1, 1, 2)) == ((3, 3, 5), (1, 1, 2))
    assert fitted((2, 15, 5), (3, 3, 5), (1, 1, 2)) == ((2, 3, 5), (0, 1, 0))


def window_of(place, window, shift):
    """Return which window a token is in when the windows' grid itself is moved."""
    return tuple((p - s) // size for p, size, s in zip(place, window, shift, strict=True))


@pytest.mark.parametrize("shift", [(1, 1, 2), (0, 1, 2), (1, 0, 0)])
def test_tokens_attend_within_windows_of_the_moved_grid_alone(shift):
    size, window = (4, 4, 6), (2, 2, 3)
    places = torch.tensor(list(itertools.product(*map(range, size)))).view(1, *size, 3)
    moved = partition(places.roll(tuple(-s for s in shift), (1, 2, 3)), window)
    mask = shift_mask(size, window, shift)
    assert mask.shape == (len(moved), 12, 12)
    for tokens, blocked in zip(moved.tolist(), mask, strict=True):
        homes = [window_of(place, window, shift) for place in tokens]
        for i, j in itertools.product(range(12), repeat=2):
            assert bool(blocked[i, j] == 0) == (homes[i] == homes[j])


def slow_attention(block, x):
    """Attend over the whole padded map of one clip; a token sees the others of its window."""
    layer = block.attention
    window, shift = fitted(tuple(x.shape[1:4]), block.window, block.shift)
    padded = pad_to_windows(x, window)
    places = list(itertools.product(*map(range, padded.shape[1:4])))
    homes = [window_of(place, window, shift) for place in places]
    tokens = padded.reshape(len(places), -1)
    q, k, v = layer.qkv(tokens).view(len(places), 3, layer.heads, -1).unbind(1)
    mixed = torch.zeros_like(v)
    for i, home in enumerate(homes):
        near = [j for j, other in enumerate(homes) if other == home]
        scores = torch.stack([(q[i] * k[j]).sum(-1) for j in near]) * q.shape[-1] ** -0.5
        scores = scores + torch.stack(
            [bias(layer, block.window, places[i], places[j]) for j in near]
        )
        mixed[i] = (scores.softmax(0).unsqueeze(-1) * v[near]).sum(0)
    out = layer.out(mixed.flatten(1)).view(padded.shape)
    return out[:, : x.shape[1], : x.shape[2], : x.shape[3]]


def bias(layer, window, a, b):
    dt, dh, dw = (x - y + size - 1 for x, y, size in zip(a, b, window, strict=True))
    return layer.bias_table[(dt * (2 * window[1] - 1) + dh) * (2 * window[2] - 1) + dw]


@pytest.mark.parametrize("shift", [(0, 0, 0), (1, 1, 2)])
@pytest.mark.parametrize("size", [(4, 4, 6), (3, 5, 7), (5, 3, 4)])
def test_a_block_equals_attention_over_the_whole_map(size, shift):
    torch.manual_seed(0)
    block = SwinBlock(8, 2, (2, 2, 3), shift, 0.0).eval()
    torch.nn.init.normal_(block.attention.bias_table)
    x = torch.randn(1, *size, 8)
    with torch.no_grad():
        y = x + slow_attention(block, block.norm1(x))
        wanted = y + block.mlp(block.norm2(y))
        torch.testing.assert_close(block(x), wanted, atol=1e-5, rtol=1e-5)


def test_clips_do_not_see_each_other():
    torch.manual_seed(0)
    block = SwinBlock(8, 2, (2, 2, 3), (1, 1, 1), 0.0).eval()
    x = torch.randn(3, 3, 4, 6, 8)
    with torch.no_grad():
        torch.testing.assert_close(block(x)[1:2], block(x[1:2]), atol=1e-6, rtol=1e-5)


def test_a_small_map_uses_the_first_biases_of_the_full_window():
    """The source cuts the full window's table of positions, whatever shape the small window has."""
    torch.manual_seed(0)
    block = SwinBlock(4, 1, (3, 3, 5), (0, 0, 0), 0.0).eval()
    layer = block.attention
    torch.nn.init.normal_(layer.bias_table)
    x = torch.randn(1, 2, 2, 2, 4)
    with torch.no_grad():
        tokens = block.norm1(x).view(8, 4)
        q, k, v = layer.qkv(tokens).chunk(3, -1)
        scores = q @ k.T * 0.5 + layer.bias_table[layer.index[:8, :8]].squeeze(-1)
        y = x + layer.out(scores.softmax(-1) @ v).view(x.shape)
        wanted = y + block.mlp(block.norm2(y))
        torch.testing.assert_close(block(x), wanted, atol=1e-5, rtol=1e-5)


def test_drop_path_keeps_the_mean_and_leaves_out_whole_clips():
    torch.manual_seed(0)
    layer = DropPath(0.25)
    x = torch.ones(4000, 3)
    y = layer(x)
    assert y[:, 0].unique().tolist() == pytest.approx([0, 4 / 3])
    assert (y == y[:, :1]).all()
    assert y.mean() == pytest.approx(1.0, abs=0.05)
    assert torch.equal(layer.eval()(x), x)


def test_the_index_is_derived_and_not_saved():
    block = SwinBlock(8, 2, (2, 2, 3), (0, 0, 0), 0.0)
    assert "attention.index" not in block.state_dict()
    assert functional.one_hot(block.attention.index).shape[-1] == 3 * 3 * 5
