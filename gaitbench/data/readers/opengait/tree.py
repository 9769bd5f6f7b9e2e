"""Finding the clips of a tree `identity/condition/view/files`."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from gaitbench.core.errors import DataError
from gaitbench.data.readers.opengait.images import natural
from gaitbench.data.readers.opengait.partition import ClipKey

_LAYOUT = "identity/condition/view/*.pkl or identity/condition/view/*.png"


@dataclass(frozen=True)
class Clip:
    """One clip as it lies in the tree.

    Args:
        identity: Name of the first folder.
        condition: Name of the second.
        folder: Name of the third; OpenGait's view.
        file: The pickle in it; "" if the folder holds images.
    """

    identity: str
    condition: str
    folder: str
    file: str = ""

    @property
    def key(self) -> ClipKey:
        """What tells it from all others."""
        return self.identity, self.condition, self.folder

    @property
    def name(self) -> str:
        """As partitions name it."""
        return "-".join(self.key)

    @property
    def place(self) -> str:
        """Where it lies, relative to the tree."""
        return "/".join([*self.key, self.file] if self.file else self.key)


def identities_of(root: Path) -> list[str]:
    """Return the names of the identity folders of a tree.

    Raises:
        DataError: If there are none.
    """
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder. Name the one that holds {_LAYOUT}.")
    names = list(_folders(root))
    if not names:
        raise DataError(f"{root} holds no folders. Name the folder that holds {_LAYOUT}.")
    return names


def clips_of(
    root: Path,
    identities: Collection[str],
    patterns: Sequence[str],
    *,
    is_user_pattern: bool = False,
) -> list[Clip]:
    """Return the clips of some identities, in natural order of their folders' names.

    Args:
        root: The tree.
        identities: Folders to look into; those that are not there are passed over.
        patterns: Shell patterns of the one pickle to read where a folder holds several.
        is_user_pattern: Whether the user chose the patterns, so that a single file must match too.

    Raises:
        DataError: If a folder holds several pickles and not exactly one matches, or no clip is found.
    """
    clips: list[Clip] = []
    for identity in sorted(identities, key=natural):
        for condition in _folders(root / identity):
            for view in _folders(root / identity / condition):
                clip = _clip(root, (identity, condition, view), patterns, is_user_pattern)
                if clip is not None:
                    clips.append(clip)
    if identities and not clips:
        raise DataError(
            f"{root}: no clips in the folders of {len(identities)} identities, such as "
            f"{min(identities)!r}. Files must lie in {_LAYOUT}."
        )
    return clips


def _folders(place: Path) -> Iterator[str]:
    try:
        with os.scandir(place) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise DataError(f"{place} cannot be listed: {error.strerror or error}.") from error
    for name in sorted(names, key=natural):
        if not name.isprintable():
            # Tables and terminals could not hold it: a line break, an escape code, bytes of no text.
            raise DataError(
                f"{place}: the folder {name!r} has a name with characters that cannot be printed. Rename "
                "it (an archive unpacked with the wrong encoding gives such names)."
            )
        yield name


def _clip(root: Path, key: ClipKey, patterns: Sequence[str], is_user_pattern: bool) -> Clip | None:
    pickles, images = [], False
    with os.scandir(root.joinpath(*key)) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            lower = entry.name.lower()
            if lower.endswith(".pkl"):
                pickles.append(entry.name)
            images = images or lower.endswith(".png")
    if not pickles:
        return Clip(*key) if images else None
    if len(pickles) == 1 and not is_user_pattern:
        return Clip(*key, pickles[0])
    matching = [n for n in pickles if any(fnmatchcase(n, p) for p in patterns)]
    if len(matching) == 1:
        return Clip(*key, matching[0])
    names = ", ".join(sorted(pickles, key=natural))
    expected = " or ".join(patterns) or "no known name of silhouettes"
    raise DataError(
        f"{root.joinpath(*key)} holds {len(pickles)} pickles, of which {len(matching)} match {expected}: "
        f"{names}. Say with --file-pattern, for example '*sils*.pkl', which one holds the silhouettes."
    )
