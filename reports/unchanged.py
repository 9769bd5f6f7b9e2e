"""Whether a report that lies in a folder is the one that would be written there again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitbench import evaluation
from gaitbench.core.atomic import write_text
from gaitbench.core.keys import key_of
from gaitbench.core.store_union import ReadableStore
from gaitbench.experiment.bench import Bench
from gaitbench.results.collect import facts_of, rules_of
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
    bench: Bench,
    snapshot: Snapshot,
    formats: Sequence[str],
    *,
    published: bool = False,
) -> str:
    """Return the hash of all that a report depends on: which scores are there, facts, options, code.

    Scores and their records never change under their key in one store, so they need not be read.
    """
    there = sorted((key, str(folder)) for key, folder in snapshot.there.items())
    code = hashlib.sha256()
    # Intervals and tests are computed when a report is written, so their code counts too.
    for package in (Path(__file__).parent, Path(str(evaluation.__file__)).parent):
        for path in sorted(package.glob("*.*")):
            code.update(path.read_bytes() if path.is_file() else b"")
    facts = facts_of(store, bench, snapshot, rules_of(store, bench))
    said = {name: str(value) for name, value in facts.items()}
    asked = [list(formats), published]
    return key_of([there, snapshot.other_versions, said, asked, code.hexdigest()])


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
