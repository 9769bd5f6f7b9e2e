"""Whether a report that lies in a folder is the one that would be written there again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitbench.identity import key_of
from gaitbench.protocols.base import Bench, expand
from gaitbench.reports.atomic import write_text
from gaitbench.reports.collect import facts_of
from gaitbench.store import Store

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


def digest_of(store: Store, bench: Bench, formats: Sequence[str]) -> str:
    """Return the hash of all that a report depends on: which scores are there, facts, formats, code.

    Scores never change under their key, so they need not be read.
    """
    keys = {cell.evaluation.key: "" for cell in expand(bench)}
    there = sorted(key for key in keys if store.has("scores", key))
    code = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.*")):
        code.update(path.read_bytes() if path.is_file() else b"")
    facts = {name: str(value) for name, value in facts_of(store, bench).items()}
    return key_of([there, facts, list(formats), code.hexdigest()])


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
