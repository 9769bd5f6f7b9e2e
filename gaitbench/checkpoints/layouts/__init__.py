"""How OpenGait names the weights of each backbone: one module for each, and all of them here."""

from gaitbench.checkpoints.layouts.base import Layout, Shapes
from gaitbench.checkpoints.layouts.deepgaitv2 import DEEPGAITV2
from gaitbench.checkpoints.layouts.gaitbase import GAITBASE
from gaitbench.checkpoints.layouts.gaitgl import GAITGL
from gaitbench.checkpoints.layouts.gaitpart import GAITPART
from gaitbench.checkpoints.layouts.gaitset import GAITSET
from gaitbench.checkpoints.layouts.swingait import SWINGAIT

LAYOUTS = (GAITBASE, *DEEPGAITV2, GAITGL, GAITSET, GAITPART, SWINGAIT)
"""Every layout there is; a backbone may have several."""


def layout_of(shapes: Shapes) -> Layout | None:
    """Return the layout whose mark is among the keys."""
    return next((layout for layout in LAYOUTS if layout.mark in shapes), None)
