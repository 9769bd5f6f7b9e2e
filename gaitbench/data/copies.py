"""Clips that are the same frame by frame: a probe that meets its own frames is found by them alone."""

from collections.abc import Iterable, Mapping


def copies(
    digests: Mapping[int, str], probes: Iterable[int], gallery: Iterable[int]
) -> dict[int, int]:
    """Return the probes that have the frames of a gallery clip.

    Args:
        digests: Hash of a clip's frames, by its row. Rows without one are passed over.
        probes: Rows.
        gallery: Rows.

    Returns:
        Row of the probe: row of the first gallery clip with the same frames.
    """
    enrolled: dict[str, int] = {}
    for row in gallery:
        if row in digests:
            enrolled.setdefault(digests[row], row)
    return {
        row: enrolled[digests[row]] for row in probes if row in digests and digests[row] in enrolled
    }
