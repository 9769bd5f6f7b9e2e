"""gaitbench: benchmark and ablation toolkit for occluded gait recognition."""

__version__ = "0.1.0"
