import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import DataError
from gaitbench.data.check import (
    FLICKER_SHARE,
    SHORTEST,
    check,
    describe,
    frame_problems,
    info_text,
    masses,
)
from gaitbench.data.rules import Rules, Search
from gaitbench.data.silhouettes import Frames, Silhouettes, SilhouettesWriter, pack


def clip(seed: int, t: int = 20, height: int = 64, width: int = 64) -> Frames:
    """Frames with a noisy body in the middle, different for every seed."""
    frames = np.zeros((t, height, width), np.uint8)
    body = np.random.default_rng(seed).random((t, height, width // 4)) < 0.8
    frames[:, :, width // 4 : width // 2] = body
    return frames


def dataset(
    folder: Path,
    clips: Sequence[tuple[str, str, str, Frames]],
    splits: dict[str, list[int]],
    *,
    height: int = 64,
    width: int = 64,
    rules: Rules | None = None,
    conditions: dict[str, str] | None = None,
) -> Silhouettes:
    """A data set from (identity, recording, view, frames), with splits by row.

    `conditions` by recording; "nm" for the others.
    """
    meta = {
        "source": "tests",
        "licence": "CC0-1.0",
        "rules": (rules or Rules()).model_dump(mode="json"),
    }
    with SilhouettesWriter(folder, name="tiny", height=height, width=width, meta=meta) as writer:
        for identity, recording, view, frames in clips:
            condition = (conditions or {}).get(recording, "nm")
            writer.add(
                frames, identity=identity, condition=condition, view=view, recording=recording
            )
        writer.splits.update(splits)
    return Silhouettes.open(folder)


CLIPS: list[tuple[str, str, str, Frames]] = [
    ("a", "a-1", "000", clip(0)),
    ("a", "a-1", "090", clip(1)),
    ("a", "a-2", "090", clip(2)),
    ("b", "b-1", "000", clip(3)),
    ("007", "c-1", "000", clip(4)),
]
SPLITS = {"train": [3], "test.gallery": [0, 1, 4], "test.probe": [2]}


def reasons(data: Silhouettes) -> list[tuple[str, str]]:
    return [(problem.sequence, problem.reason) for problem in check(data)]


@pytest.fixture
def sound(tmp_path):
    return dataset(tmp_path / "tiny", CLIPS, SPLITS)


def test_description(sound):
    facts = describe(sound)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["name"] == "tiny"
    assert facts["fingerprint"] == sound.fingerprint
    assert (facts["source"], facts["licence"]) == ("tests", "CC0-1.0")
    assert (facts["sequences"], facts["identities"], facts["recordings"]) == (5, 3, 4)
    assert facts["frames"] == 100
    assert facts["views"] == ["000", "090"]
    assert facts["conditions"] == {"nm": 5}
    assert facts["splits"]["test.gallery"] == {
        "sequences": 3,
        "identities": 2,
        "recordings": 2,
        "frames": 60,
    }


def test_info_text(sound):
    text = info_text(sound)
    for part in ("tiny", sound.fingerprint, "CC0-1.0", "64×64", "000, 090", "nm (5)"):
        assert part in text
    rows = [line.split() for line in text.splitlines()]
    assert ["test.gallery", "3", "2", "2", "60"] in rows
    assert ["all", "5", "3", "4", "100"] in rows


def test_the_rules_are_printed(tmp_path):
    nm = Search(name="NM", probes=("nm-0[56]",), gallery=("nm-01", "nm-02"), by_view=True)
    reid = Search(
        name="Re-ID", excluded="same-view-mates", headline=False, metrics=("rank_1", "map")
    )
    rules = Rules(name="mine", version=3, searches=(nm, reid))
    data = dataset(tmp_path / "tiny", CLIPS, SPLITS, rules=rules)
    assert json.loads(json.dumps(describe(data)))["rules"]["version"] == 3
    text = info_text(data)
    assert "mine, version 3" in text
    assert "NM: nm-0[56] (probes) in nm-01 nm-02 (gallery); view by view; rank_1\n" in text
    assert (
        "Re-ID: all (probes) in all (gallery); views pooled; pairs of one identity in one view left out; "
        "rank_1, map; not in the headline"
    ) in text


def test_long_lists_of_views_are_cut(tmp_path):
    clips = [("a", f"a-{i}", f"video{i:02d}", clip(i, t=1)) for i in range(30)]
    text = info_text(dataset(tmp_path / "tiny", clips, {}))
    assert "video23, … 30 in all" in text
    assert "video24" not in text


def test_a_data_set_without_origin_can_be_described(sound):
    bare = replace(sound, meta={})
    assert describe(bare)["licence"] == "unknown"
    assert "fingerprint" in info_text(bare)


def test_nothing_wrong(sound):
    seen = []
    assert check(sound, progress=lambda *done: seen.append(done)) == []
    assert seen == [(i, 5) for i in range(1, 6)]


def test_masses_count_body_pixels():
    frames = clip(5, height=30, width=20)
    np.testing.assert_array_equal(masses(pack(frames)), frames.sum((1, 2)))


@pytest.mark.parametrize(
    ("mass", "expected"),
    [
        ([500] * 20, []),
        ([500] * (SHORTEST - 1), ["14 frames, fewer than 15"]),
        ([500] * SHORTEST, []),
        ([500] * 18 + [0, 0], ["2 of 20 frames empty (no body pixel), first frame 18"]),
        ([500] * 19 + [4096], ["1 of 20 frames all white, first frame 19"]),
        (
            [500] * 19 + [124],
            ["1 of 20 frames flicker: below 25% of the median of 500 body pixels, first frame 19"],
        ),
        ([500] * 19 + [int(FLICKER_SHARE * 500)], []),
        ([0] * 20, ["20 of 20 frames empty (no body pixel), first frame 0"]),
        ([], ["0 frames, fewer than 15"]),
    ],
)
def test_frame_problems(mass, expected):
    assert frame_problems(np.array(mass, np.int64), 64 * 64) == expected


def test_bad_frames_name_their_sequence(tmp_path):
    frames = clip(9)
    frames[3] = 0
    data = dataset(tmp_path / "tiny", [*CLIPS, ("d", "d-1", "090", frames)], SPLITS)
    assert reasons(data) == [("d-1-090", "1 of 20 frames empty (no body pixel), first frame 3")]


def test_unusual_height(tmp_path):
    clips = [("a", "a-1", "000", clip(0, height=32, width=32))]
    data = dataset(tmp_path / "tiny", clips, {}, height=32, width=32)
    assert reasons(data) == [("(data set)", "frames are 32 rows high, 64 are usual in this field")]


def test_frames_that_are_not_there(sound):
    table = sound.table.copy()
    table.loc[4, "offset"] = 95
    assert reasons(replace(sound, table=table)) == [
        ("c-1-000", "unreadable: it should be frames 95 to 114, but the data set holds 100")
    ]
    narrow = replace(sound, packed=np.asarray(sound.packed)[:, :100])
    assert reasons(narrow)[0] == (
        "a-1-000",
        "unreadable: its frames take (100,) bytes each instead of 512",
    )


def test_a_disk_that_fails(sound):
    class Broken:
        def __len__(self):
            return 100

        def __getitem__(self, rows):
            raise OSError("input/output error")

    assert reasons(replace(sound, packed=Broken()))[0] == (
        "a-1-000",
        "unreadable: input/output error",
    )


def test_recording_on_both_sides(tmp_path):
    data = dataset(tmp_path / "tiny", CLIPS, {"test.gallery": [0], "test.probe": [1]})
    assert reasons(data) == [
        ("a-1-090", "recording 'a-1' is in both 'test.gallery' and 'test.probe'")
    ]


def test_probe_without_mate(tmp_path):
    data = dataset(tmp_path / "tiny", CLIPS, {"test.gallery": [0], "test.probe": [2, 3]})
    assert reasons(data) == [("b-1-000", "identity 'b' has no sequence in 'test.gallery'")]


def test_probe_whose_mates_the_rules_leave_out(tmp_path):
    splits = {"validation.gallery": [1], "validation.probe": [2]}
    rules = Rules(searches=(Search(excluded="same-view"),))
    data = dataset(tmp_path / "tiny", CLIPS, splits, rules=rules)
    why = "identity 'a' is in 'validation.gallery' in the view 090 only, which the rules leave out"
    assert reasons(data) == [("a-2-090", why)]
    assert check(replace(data, meta={})) == []


def test_mates_of_one_view_are_left_out_in_reid_too(tmp_path):
    splits = {"test.gallery": [1], "test.probe": [2]}
    rules = Rules(searches=(Search(excluded="same-view-mates"),))
    data = dataset(tmp_path / "tiny", CLIPS, splits, rules=rules)
    assert [name for name, _ in reasons(data)] == ["a-2-090"]


def test_every_search_is_looked_at_by_itself(tmp_path):
    """What is the gallery of one search may hold the probes of another."""
    conditions = {"a-1": "x", "a-2": "y", "a-3": "z"}
    clips = [
        ("a", "a-1", "000", clip(0)),
        ("a", "a-2", "000", clip(1)),
        ("a", "a-3", "000", clip(1)),
    ]
    splits = {"test.gallery": [0, 1], "test.probe": [1, 2]}

    def searches(*sides):
        return Rules(
            searches=tuple(
                Search(name=str(i), probes=probes, gallery=gallery)
                for i, (probes, gallery) in enumerate(sides)
            )
        )

    apart = searches((("y",), ("x",)), (("z",), ("x",)))
    data = dataset(tmp_path / "apart", clips, splits, rules=apart, conditions=conditions)
    assert reasons(data) == []
    met = searches((("y",), ("x",)), (("z",), ("y",)), (("z",), ("x", "y")))
    data = dataset(tmp_path / "met", clips, splits, rules=met, conditions=conditions)
    assert reasons(data) == [
        ("a-3-000", "its frames are identical to those of 'a-2-000' in 'test.gallery'")
    ]


def test_recordings_on_both_sides_are_fine_where_the_rules_compare_them(tmp_path):
    splits = {"test.gallery": [0], "test.probe": [1]}
    rules = Rules(exclude_same_recording=False)
    assert reasons(dataset(tmp_path / "tiny", CLIPS, splits, rules=rules)) == []


def test_rules_that_are_none(sound):
    with pytest.raises(
        DataError, match=r"its rules in meta\.json are not valid: exclude_same_view"
    ):
        check(replace(sound, meta={"rules": {"exclude_same_view": True}}))


def test_trained_and_tested_on_one_person(tmp_path):
    splits = {"train": [0], "test.gallery": [1], "test.probe": [2]}
    data = dataset(tmp_path / "tiny", CLIPS, splits)
    assert reasons(data) == [
        ("a-1-090", "identity 'a' is in both 'train' and 'test.gallery'"),
        ("a-2-090", "identity 'a' is in both 'train' and 'test.probe'"),
    ]


def test_identical_frames_on_both_sides(tmp_path):
    clips = [*CLIPS, ("a", "a-3", "000", clip(1))]
    data = dataset(tmp_path / "tiny", clips, {"test.gallery": [1], "test.probe": [5]})
    assert reasons(data) == [
        ("a-3-000", "its frames are identical to those of 'a-1-090' in 'test.gallery'")
    ]


def test_split_beyond_the_table(tmp_path):
    with pytest.raises(
        DataError, match=r"split 'test\.probe' names sequence 9, but the table has 5"
    ):
        dataset(tmp_path / "tiny", CLIPS, {"test.gallery": [0], "test.probe": [2, 9]})


def test_identities_are_not_numbers(sound):
    assert isinstance(sound.table, pd.DataFrame)
    assert "007" in set(sound.table["identity"])
