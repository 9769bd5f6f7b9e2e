"""Where the numbers of a report come from: which stores, and which machines and versions made them."""

from collections import Counter
from collections.abc import Sequence

from gaitbench.core.errors import StoreError
from gaitbench.core.store import Kind
from gaitbench.core.store_union import ReadableStore, StoreUnion
from gaitbench.experiment.cells import Cell

Origin = tuple[tuple[str, str], ...]
"""What a record says of how something was made, as (name, value)."""

Artifact = tuple[Kind, str]

_KINDS: dict[Kind, str] = {"stages": "stages", "scores": "evaluations"}
_PACKAGES = ("torch", "numpy")
_DECISIVE = ("torch", "machine", "device", "bfloat16")
"""What changes floating-point results."""

_NOT_RECORDED = "not recorded"


def origin_facts(store: ReadableStore, finished: Sequence[Cell]) -> dict[str, object]:
    """Return what made the scores, and the stages that they rest on, as facts of a report.

    Args:
        store: Holds the records.
        finished: Cells whose scores are there.
    """
    origins = _origins(store, finished)
    facts: dict[str, object] = {}
    for kind, words in _KINDS.items():
        of_kind = Counter(origin for artifact, origin in origins.items() if artifact[0] == kind)
        if of_kind:
            facts[f"{words}_made_with"] = _counted(of_kind)
    return facts | _mixture(origins, finished)


def store_facts(store: ReadableStore) -> dict[str, object]:
    """Return which stores were read, as the command line shows them; nothing of a single one."""
    return {"stores": ", ".join(store.names)} if isinstance(store, StoreUnion) else {}


def _origins(store: ReadableStore, finished: Sequence[Cell]) -> dict[Artifact, Origin]:
    needed = dict.fromkeys(one for cell in finished for one in _artifacts(cell))
    # A stage may have been removed, or left on the machine that trained it.
    return {one: _origin(store, *one) for one in needed if store.has(*one)}


def _artifacts(cell: Cell) -> list[Artifact]:
    stages: list[Artifact] = [("stages", s.key) for s in cell.evaluation.stage.all_stages()]
    return [*stages, ("scores", cell.evaluation.key)]


def _origin(store: ReadableStore, kind: Kind, key: str) -> Origin:
    try:
        record = store.record(kind, key)
    except StoreError:
        record = {}
    packages = record.get("packages", {})
    said = {"gaitbench": record.get("gaitbench")} | {p: packages.get(p) for p in _PACKAGES}
    said |= {name: record.get(name) for name in ("machine", "device", "bfloat16")}
    return tuple((name, _said(value)) for name, value in said.items())


def _said(value: object) -> str:
    if value is None:
        return _NOT_RECORDED
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _counted(origins: Counter[Origin]) -> str:
    return "; ".join(
        f"{n} with {', '.join(f'{name} {value}' for name, value in origin)}"
        for origin, n in origins.most_common()
    )


def _mixture(origins: dict[Artifact, Origin], finished: Sequence[Cell]) -> dict[str, object]:
    """Return a warning for tables whose numbers were not all made alike; nothing if there are none."""
    mixed: dict[str, str] = {}
    for protocol in dict.fromkeys(cell.protocol for cell in finished):
        mine = dict.fromkeys(a for c in finished if c.protocol == protocol for a in _artifacts(c))
        text = _differing([dict(origins[one]) for one in mine if one in origins])
        if text:
            mixed[protocol] = text
    if not mixed:
        return {}
    by_text: dict[str, list[str]] = {}
    for protocol, text in mixed.items():
        by_text.setdefault(text, []).append(protocol)
    said = "; ".join(f"the tables of {', '.join(names)} mix {t}" for t, names in by_text.items())
    return {
        "careful": f"{said}. Floating-point results depend on these, and training carries small "
        "differences on to other weights: between such numbers a difference may come from the machine."
    }


def _differing(origins: Sequence[dict[str, str]]) -> str:
    parts = []
    for name in _DECISIVE:
        values = sorted({origin[name] for origin in origins})
        if len(values) > 1:
            parts.append(f"{name} {' and '.join(values)}")
    return ", ".join(parts)
