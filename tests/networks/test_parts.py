"""Parts and the rows that they describe."""

import torch

from gaitbench.networks.parts import shown_of_parts, strip_spans


def test_strips_divide_the_height():
    assert strip_spans(4).tolist() == [[0, 0.25], [0.25, 0.5], [0.5, 0.75], [0.75, 1]]


def test_a_part_shows_the_mean_of_its_rows():
    rows = torch.tensor([[0.0, 0.0, 0.5, 1.0], [1.0, 1.0, 1.0, 1.0]])
    found = shown_of_parts(rows, strip_spans(2))
    assert found.tolist() == [[0, 0.75], [1, 1]]


def test_a_part_between_rows_counts_shares_of_them():
    rows = torch.tensor([[1.0, 0.0]])
    found = shown_of_parts(rows, strip_spans(3))
    torch.testing.assert_close(found, torch.tensor([[1.0, 0.5, 0.0]]))
