"""Whether a report that lies in a folder is the one that would be written there again."""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from gaitbench.core.atomic import write_text
from gaitbench.core.keys import PLUGIN_DIGEST, key_of
from gaitbench.core.plugin_errors import PLUGIN_PREFIX
from gaitbench.core.store_union import ReadableStore
from gaitbench.experiment.expansion import Expansion
from gaitbench.results.collect import rules_of
from gaitbench.results.facts import facts_of
from gaitbench.results.snapshot import Snapshot

RECORD = ".report.json"


@dataclass(frozen=True)
class KeptReport:
    """A report in a folder.

    Args:
        main: The file to open.
        terminal: What a terminal shows of it.
    """

    main: Path
    terminal: str


def digest_of(
    store: ReadableStore,
    expansion: Expansion,
    snapshot: Snapshot,
    formats: Sequence[str],
    *,
    published: bool = False,
    all_pairs: bool = False,
) -> str:
    """Return the hash of all that a report depends on: scores and stages that are there, facts, code.

    Scores and their records never change under their key in one store, so they need not be read.
    """
    folders = sorted((key, str(folder)) for key, folder in snapshot.folders.items())
    # Scores are kept without the networks behind them, whose losses are reported where they are.
    networks = {cell.evaluation.stage.key: cell.evaluation.stage for cell in expansion.cells}
    stages = {stage.key for network in networks.values() for stage in network.all_stages()}
    recorded = sorted(key for key in stages if store.has("stages", key))
    facts = facts_of(store, expansion, snapshot, rules_of(store, expansion))
    texts = {name: str(value) for name, value in facts.items()}
    options = [list(formats), published, all_pairs]
    return key_of([folders, recorded, snapshot.other_versions, texts, options, _code(), _plugins()])


def _code() -> str:
    """Return the hash of the code that makes reports; intervals and tests are made with them."""
    root = Path(__file__).parent
    own = import_module("gaitbench").__path__[0]
    packages = ("experiment", "results", "protocols", "statistics", "evaluation", "training")
    folders = [root, *(Path(own) / name for name in packages)]
    code = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.*")):
            code.update(path.read_bytes() if path.is_file() and path.suffix != ".pyc" else b"")
    return code.hexdigest()


def _plugins() -> list[str]:
    """Return the files of loaded plug-ins by their hash: their metrics, figures and formats count too."""
    loaded = [module for name, module in sys.modules.items() if name.startswith(PLUGIN_PREFIX)]
    return sorted(str(getattr(module, PLUGIN_DIGEST, "")) for module in loaded)


def find_report(folder: Path, digest: str) -> KeptReport | None:
    """Return the report in a folder if it is this one and all its files are as they were written."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files: dict[str, str] = record["files"]
        if record["digest"] != digest or any(_hash(folder / n) != h for n, h in files.items()):
            return None
        return KeptReport(folder / next(iter(files)), str(record["terminal"]))
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None


def keep_report(folder: Path, digest: str, written: Sequence[Path], terminal: str) -> None:
    """Remember what was written into a folder, and from what."""
    files = {str(path.relative_to(folder)): _hash(path) for path in written}
    record = {"digest": digest, "files": files, "terminal": terminal}
    write_text(folder / RECORD, json.dumps(record, indent=1))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
