"""Which artifacts of two stores are the same to the byte: what a change of the code must not move.

python benchmarks/compare_stores.py BEFORE AFTER

Keys, specifications and payloads are compared; records (times, machines) are not. Exits with 1 where
anything differs.
"""

import hashlib
import sys
from pathlib import Path

KINDS = ("datasets", "stages", "scores")


def contents(store: Path) -> dict[str, str]:
    """Return the hash of every file of every artifact but its record, by path."""
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for kind in KINDS
        for path in sorted((store / kind).rglob("*"))
        if path.is_file() and path.name != "record.json" and ".making-" not in str(path)
    }


def main() -> int:
    """Compare the two stores named on the command line."""
    before, after = (contents(Path(name)) for name in sys.argv[1:3])
    same = [name for name in before if after.get(name) == before[name]]
    changed = [name for name in before if name in after and after[name] != before[name]]
    lost, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
    print(
        f"{len(same)} files are the same, {len(changed)} changed, {len(lost)} gone, {len(new)} new"
    )
    for what, names in (("changed", changed), ("gone", lost), ("new", new)):
        for name in names[:10]:
            print(f"{what}: {name}")
    return int(bool(changed or lost or new))


if __name__ == "__main__":
    sys.exit(main())
