"""Layers that treat every horizontal part by itself.

Source: GaitSet and GaitPart ("separate FCs"), OpenGait ("separate BNNecks").
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class PartLinear(nn.Module):
    """A linear layer without bias per part: [n, c_in, p] -> [n, c_out, p]."""

    def __init__(self, parts: int, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(
            nn.init.xavier_uniform_(torch.empty(parts, channels_in, channels_out))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, p] to [n, c_out, p]."""
        return torch.einsum("ncp,pcd->ndp", x, self.weight)


class PartNeck(nn.Module):
    """Batch norm over c·p, then a per-part classifier with normalised features and weights.

    [n, c, p] -> logits [n, k, p] in [-1, 1], before the scale that the loss applies.
    """

    def __init__(self, parts: int, channels: int, identities: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels * parts)
        self.weight = nn.Parameter(
            nn.init.xavier_uniform_(torch.empty(parts, channels, identities))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c, p] to logits [n, k, p]."""
        normed = self.norm(x.flatten(1)).view_as(x)
        features = functional.normalize(normed, dim=1)
        return torch.einsum("ncp,pck->nkp", features, functional.normalize(self.weight, dim=1))


def strip_spans(parts: int) -> Tensor:
    """Return which rows `pool_parts` puts into each part, [parts, 2], as shares of the height."""
    edges = torch.linspace(0, 1, parts + 1)
    return torch.stack([edges[:-1], edges[1:]], 1)


def shown_of_parts(rows: Tensor, spans: Tensor) -> Tensor:
    """Return which share of each part is visible, [n, p].

    Args:
        rows: Shape [n, h]: which share of each row is visible.
        spans: Shape [p, 2]: first and last row of each part, as shares of the height.
    """
    height = rows.shape[1]
    row = torch.arange(height, device=rows.device)
    first, last = (edge[:, None] * height for edge in spans.to(rows).unbind(1))
    inside = (torch.minimum(row + 1, last) - torch.maximum(row, first)).clamp(min=0)
    return (rows @ (inside / inside.sum(1, keepdim=True)).T).clamp(0, 1)


def append_vector(embeddings: Tensor, vector: Tensor) -> Tensor:
    """Repeat a vector [n, e] over the parts and append it to embeddings [n, c, p]: [n, c + e, p]."""
    repeated = vector.to(embeddings.dtype).unsqueeze(-1).expand(-1, -1, embeddings.shape[-1])
    return torch.cat([embeddings, repeated], 1)


def pool_parts(x: Tensor, parts: int) -> Tensor:
    """Cut maps [n, c, h, w] into `parts` horizontal strips: mean plus maximum of each, [n, c, p].

    Rows that do not divide evenly are spread as adaptive pooling spreads them.

    Source: horizontal pyramid pooling, Fu et al., AAAI 2019, with one scale as in GaitBase.
    """
    n, c, h, _ = x.shape
    if h % parts == 0:
        strips = x.reshape(n, c, parts, -1)
        return strips.mean(-1) + strips.amax(-1)
    mean = functional.adaptive_avg_pool2d(x, (parts, 1))
    return (mean + functional.adaptive_max_pool2d(x, (parts, 1))).squeeze(-1)
