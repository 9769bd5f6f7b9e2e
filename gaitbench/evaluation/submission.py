"""Files for official test servers: for every probe the nearest identities of the gallery."""

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.core.arrays import Floats
from gaitbench.core.errors import DataError, ProtocolError
from gaitbench.evaluation.distances.base import check_embeddings, get_distance, rows_at_once

GREW_RANKS = 20
# Data sets in OpenGait's layout name GREW's test subjects "00001test".
_GREW_IDENTITY = re.compile(r"(\d+)(?:train|test)?")


def grew_submission(
    probe_embeddings: Floats,
    gallery_embeddings: Floats,
    probes: pd.DataFrame,
    gallery: pd.DataFrame,
    *,
    distance: str = "euclidean",
    visibility: tuple[Floats, Floats] | None = None,
) -> pd.DataFrame:
    """Return the file that GREW's server takes, one row per probe, in order.

    Ranks are gallery clips in order of distance, so an identity with two clips may stand twice; of equal
    distances the earlier clip comes first.

    Args:
        probe_embeddings: Shape (n, c, p).
        gallery_embeddings: Shape (m, c, p), m at least 20.
        probes: n rows; `view` is the video's name.
        gallery: m rows; `identity` is the subject's number.
        distance: A name in `gaitbench distances list`.
        visibility: As for `gaitbench.evaluation.retrieval.score_probes`.

    Returns:
        Columns videoId and rank1 … rank20; ranks are numbers of subjects.

    Raises:
        ProtocolError: If the gallery has fewer than 20 clips, or two probes have one name.
        DataError: If an identity is no number.

    Source: the GREW benchmark's evaluation page; OpenGait's GREW_submission.
    """
    check_grew(probes, gallery)
    videos = probes["view"].astype(str)
    subjects = np.array([_subject(str(i)) for i in gallery["identity"]])
    nearest = nearest_clips(
        probe_embeddings, gallery_embeddings, GREW_RANKS, distance=distance, visibility=visibility
    )
    ranks = pd.DataFrame(subjects[nearest], columns=[f"rank{k + 1}" for k in range(GREW_RANKS)])
    ranks.insert(0, "videoId", videos.to_numpy())
    return ranks


def check_grew(probes: pd.DataFrame, gallery: pd.DataFrame) -> None:
    """Check that the file can be written, before anything is embedded.

    Raises:
        ProtocolError: If the gallery has fewer than 20 clips, or two probes have one name.
        DataError: If an identity is no number.
    """
    if len(gallery) < GREW_RANKS:
        raise ProtocolError(
            f"GREW's file lists {GREW_RANKS} gallery clips per probe, but the gallery has {len(gallery)}. "
            "Import the whole test gallery."
        )
    videos = probes["view"].astype(str)
    twice = videos[videos.duplicated()]
    if len(twice):
        raise ProtocolError(
            f"{len(twice)} probes share their name with another, the first being {twice.iloc[0]!r}; the "
            "server tells probes apart by it. Import the test probes again."
        )
    for identity in gallery["identity"].unique():
        _subject(str(identity))


def nearest_clips(
    probe_embeddings: Floats,
    gallery_embeddings: Floats,
    k: int,
    *,
    distance: str = "euclidean",
    visibility: tuple[Floats, Floats] | None = None,
) -> npt.NDArray[np.int64]:
    """Return each probe's `k` nearest gallery rows, nearest first, shape (n, k).

    Args:
        probe_embeddings: Shape (n, c, p).
        gallery_embeddings: Shape (m, c, p).
        k: Between 1 and m.
        distance: A name in `gaitbench distances list`.
        visibility: As for `gaitbench.evaluation.retrieval.score_probes`.
    """
    check_embeddings(probe_embeddings, gallery_embeddings)
    between = get_distance(distance)
    weights = visibility and between.pair_visibility(gallery_embeddings, *visibility)
    n, step = len(probe_embeddings), rows_at_once(len(gallery_embeddings))
    parts = []
    for rows in (slice(i, i + step) for i in range(0, n, step)):
        shown = weights and weights.of(rows, slice(None))
        distances = between(probe_embeddings[rows], gallery_embeddings, shown)
        parts.append(np.argsort(distances, axis=1, kind="stable"))
    return np.concatenate([part[:, :k].astype(np.int64) for part in parts])


def submission_csv(rows: pd.DataFrame) -> str:
    """Return the file's text."""
    return rows.to_csv(index=False, lineterminator="\n")


def _subject(identity: str) -> int:
    number = _GREW_IDENTITY.fullmatch(identity)
    if number is None:
        raise DataError(
            f"Gallery identity {identity!r} is no number, but GREW's file names subjects by number. Import "
            "GREW's own test gallery."
        )
    return int(number[1])
