"""gaitbench: benchmark and ablation toolkit for occluded gait recognition."""

from importlib import import_module

__version__ = "0.1.0"

_PUBLIC = {
    "register": "core.registry",
    "Occlusion": "occlusion.base",
    "Step": "occlusion.base",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(import_module(f"gaitbench.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
