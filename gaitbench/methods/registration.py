"""Registration: a model of whole bodies finds which rows of the body a clip shows, and puts them back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from gaitbench.methods.base import Plan
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.training.closed_form import ClosedFormStage
from gaitbench.training.stage import Embedded, Networks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from gaitbench.networks.body_model import BodyModel
    from gaitbench.training.batches import Batch

Components = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class BodyModelStage(ClosedFormStage):
    """Fits mean and principal components to the energy images of whole training clips.

    Args:
        components: Number of principal components.
    """

    components: Components = 40
    role = "body model"

    def build(self, identities: int) -> "BodyModel":
        """Return a model of frames of the data's size."""
        from gaitbench.networks.body_model import BodyModel

        return BodyModel(self.data.height, self.data.width, self.components)

    def fit(self, network: "nn.Module", networks: Networks, batches: "Iterable[Batch]") -> None:
        """Set mean and components."""
        import torch

        images = torch.cat([batch.whole.mean(1).cpu() for batch in batches])
        cast("BodyModel", network).fit(images)

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the window as an embedding of two channels."""
        return Embedded(registered(network, batch.clips).windows[:, :, None])


def body_model(plan: Plan) -> BodyModelStage:
    """Return the model of whole bodies that all methods share which register clips."""
    return BodyModelStage(plan.data, plan.extractor, HOLISTIC, plan.seed)


@dataclass(frozen=True, eq=False)
class Registered:
    """Clips with their rows where they belong on the body.

    Args:
        clips: Shape [n, t, h, w]; rows that a clip does not show are 0.
        rows: Shape [n, h]: which share of each row it shows.
        windows: Shape [n, 2]: first and last row that it shows, as shares of the height.
    """

    clips: "Tensor"
    rows: "Tensor"
    windows: "Tensor"


def registered(model: "nn.Module", clips: "Tensor") -> Registered:
    """Return clips [n, t, h, w] registered by a `BodyModel`; whole clips stay as they are."""
    import torch

    from gaitbench.networks.body_model import put_back, row_visibility

    # Windows are found from small differences of large sums: bfloat16 would leave nothing of them.
    with torch.autocast(clips.device.type, enabled=False):
        windows = cast("BodyModel", model).windows(clips)
        rows = row_visibility(windows, clips.shape[2])
        return Registered(put_back(clips, windows), rows, windows)
