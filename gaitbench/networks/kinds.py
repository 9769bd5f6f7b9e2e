"""Words that choose between kinds of a network, for descriptions that do without torch."""

from typing import Literal

Mode = Literal["2d", "3d", "p3d"]
"""Blocks of DeepGaitV2's later stages; see `gaitbench.backbones.deepgaitv2`."""

Injection = Literal["deferred-concat", "complex-deferred-concat", "guided-add", "early-conv3d"]
"""Where the occlusion feature enters; see `gaitbench.networks.occ_aware`."""
