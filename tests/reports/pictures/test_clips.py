"""Clips of a report: what the networks saw, drawn again."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest

from gaitbench.evaluation.clips import clips_at_test
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.reports.pictures.clips import TestedClips


@pytest.fixture(scope="module")
def occluded(pictured):
    """The first draw of the setting's own test."""
    kept = pictured.evaluations.values()
    return next(e for e in kept if e.probe.share and e.tampering == "none" and e.draw == 0)


@pytest.fixture(scope="module")
def clips_of(pictured):
    """The test's clips under changed conditions."""

    def changed(evaluation, **changes):
        one = dataclasses.replace(evaluation, **changes)
        return TestedClips(pictured.folders, {"it": one})

    return changed


def whole_clips(clips, side="probe"):
    data = clips.data("it")
    longest = clips.evaluations["it"].frames
    return [seen_whole(data, row, longest) for row in data.split(f"test.{side}")]


def seen_whole(data, row, longest):
    """Return the frame in the middle of each equal stretch, reduced: a pixel is set where half of it is."""
    sequence = data.table.iloc[int(row)]
    n = int(sequence["frames"])
    length = min(n, longest)
    stretch = Fraction(n, length)
    chosen = [math.floor((k + Fraction(1, 2)) * stretch) for k in range(length)]
    frames = data.unpack(int(sequence["offset"]) + np.array(chosen))
    h, w = data.height // data.shrink, data.width // data.shrink
    return frames.reshape(length, h, data.shrink, w, data.shrink).mean((2, 4)) >= 0.5


def test_an_unhidden_clip_shows_frames_from_all_of_the_sequence(clips_of, occluded):
    clips = clips_of(occluded, probe=HOLISTIC)
    for row, whole in enumerate(whole_clips(clips)):
        assert np.array_equal(clips.clip("it", "probe", row), whole)


def test_a_hidden_clip_is_drawn_as_among_all_others(clips_of, occluded):
    clips = clips_of(occluded)
    data = clips.data("it")
    everybody = data.split("test.probe")
    length = min(int(data.table["frames"].min()), occluded.frames)
    batch = clips_at_test(data, everybody, occluded.probe, length, occluded.seed, occluded.draw)
    for row in range(len(everybody)):
        assert np.array_equal(clips.clip("it", "probe", row), batch.clips[row].numpy() >= 0.5)


def test_another_draw_hides_something_else(clips_of, occluded):
    first, second = (clips_of(occluded, draw=draw).clip("it", "probe", 0) for draw in (0, 1))
    assert not np.array_equal(first, second)


def test_each_side_has_its_own_occlusion(clips_of, occluded):
    clips = clips_of(occluded, gallery=HOLISTIC)
    for row, whole in enumerate(whole_clips(clips, "gallery")):
        assert np.array_equal(clips.clip("it", "gallery", row), whole)
    probes = zip(range(5), whole_clips(clips), strict=False)
    assert not all(np.array_equal(clips.clip("it", "probe", row), whole) for row, whole in probes)


@pytest.mark.parametrize("wanted", [0.1, 0.3])
def test_a_clip_of_the_sweep_hides_the_share_that_was_wanted(clips_of, occluded, wanted):
    clips = clips_of(occluded, probe=Mix((make("middle"),), 1.0), hidden=wanted)
    hidden = [
        1 - clips.clip("it", "probe", row).sum() / whole.sum()
        for row, whole in enumerate(whole_clips(clips))
    ]
    assert np.mean(hidden) == pytest.approx(wanted, abs=0.05)


def test_names_say_who_walks_and_how(clips_of, occluded):
    clips = clips_of(occluded)
    data = clips.data("it")
    for side in ("probe", "gallery"):
        for row, sequence in enumerate(data.split(f"test.{side}")[:5]):
            told = data.table.iloc[int(sequence)]
            assert clips.identity("it", side, row) == told["identity"]
            words = f"{told['identity']}, {told['condition']}, {told['view']}"
            assert clips.name("it", side, row) == words


def test_without_its_data_set_no_clip_is_to_be_had(pictured, occluded, tmp_path):
    folders = {occluded.data.fingerprint: tmp_path}
    assert not TestedClips(folders, {"it": occluded}).available("it")
    assert not TestedClips({}, {"it": occluded}).available("it")
    assert TestedClips(pictured.folders, pictured.evaluations).available(occluded.key)
