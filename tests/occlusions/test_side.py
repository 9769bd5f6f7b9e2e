import torch

from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusions.side import Left, Right


def hidden_columns(generator) -> list[int]:
    done = occlude(torch.ones((1, 2, 8, 20)), [generator.draw(stream(0), 2, 8, 20)])
    assert torch.equal(done.hidden.any(2), done.hidden.all(2))
    columns: list[int] = done.hidden[0, 0, 0].nonzero().flatten().tolist()
    return columns


def test_columns_are_hidden_from_the_edge():
    assert hidden_columns(Left((0.25, 0.25))) == [0, 1, 2, 3, 4]
    assert hidden_columns(Right((0.25, 0.25))) == [15, 16, 17, 18, 19]
    assert hidden_columns(Left((0.5, 0.5))) == list(range(10))
    assert hidden_columns(Right((1, 1))) == list(range(20))
