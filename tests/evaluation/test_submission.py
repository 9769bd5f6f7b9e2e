import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import DataError, ProtocolError
from gaitbench.evaluation.distances import base
from gaitbench.evaluation.distances.euclidean import Euclidean
from gaitbench.evaluation.submission import grew_submission, nearest_clips, submission_csv


def embeddings(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, 4, 2)).astype(np.float32)


PROBES = pd.DataFrame({"view": ["b6fa", "00c1", "11"], "identity": "probe"})
GALLERY = pd.DataFrame({"identity": [f"{i // 2:05d}" for i in range(26)], "view": "x"})


def submitted(gallery=GALLERY, probes=PROBES):
    return grew_submission(embeddings(len(probes), 0), embeddings(len(gallery), 1), probes, gallery)


def test_a_row_lists_the_subjects_of_the_twenty_nearest_clips():
    rows = submitted()

    assert rows.columns.tolist() == ["videoId", *(f"rank{k}" for k in range(1, 21))]
    assert rows["videoId"].tolist() == ["b6fa", "00c1", "11"]
    distances = Euclidean()(embeddings(3, 0), embeddings(26, 1))
    for i in range(3):
        order = sorted(range(26), key=lambda j, i=i: distances[i, j])
        assert rows.iloc[i, 1:].tolist() == [j // 2 for j in order[:20]]
    assert any(rows.iloc[0, 1:].duplicated()), "two clips of one subject are two entries"


def test_the_file_is_what_the_server_takes():
    header, first, *rest = submission_csv(submitted()).splitlines()

    assert header == "videoId," + ",".join(f"rank{k}" for k in range(1, 21))
    assert first.startswith("b6fa,")
    assert rest[0].startswith("00c1,"), "names of videos keep their zeros"
    assert all(number == str(int(number)) for number in first.split(",")[1:])


def test_subjects_may_be_named_as_in_opengaits_layout():
    named = GALLERY.assign(identity=GALLERY["identity"] + "test")

    pd.testing.assert_frame_equal(submitted(named), submitted())


def test_of_equal_distances_the_earlier_clip_comes_first(monkeypatch):
    monkeypatch.setattr(base, "CELLS_AT_ONCE", 50)
    same = np.ones((5, 4, 2), np.float32), np.ones((26, 4, 2), np.float32)

    assert nearest_clips(*same, 20).tolist() == [list(range(20))] * 5


def test_what_cannot_be_submitted_is_refused():
    with pytest.raises(ProtocolError, match="20 gallery clips per probe, but the gallery has 19"):
        submitted(GALLERY.iloc[:19])
    with pytest.raises(DataError, match="'walker-7' is no number"):
        submitted(GALLERY.assign(identity="walker-7"))
    with pytest.raises(ProtocolError, match=r"1 probes share their name .* 'b6fa'"):
        submitted(probes=PROBES.assign(view=["b6fa", "b6fa", "11"]))
