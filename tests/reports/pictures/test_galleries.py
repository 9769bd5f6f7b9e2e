"""The pictures of a report, from a small run: looked at pixel by pixel."""

import dataclasses
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.reports.pictures.clips import TestedClips
from gaitbench.reports.pictures.galleries import (
    CLIPS,
    FRAMES,
    STRIP_FRAMES,
    galleries,
    occlusion_galleries,
    retrieval_galleries,
)


def clips_of(results):
    return TestedClips(results.folders, results.evaluations)


@pytest.fixture(scope="module")
def clips(pictured):
    return clips_of(pictured)


@pytest.fixture(scope="module")
def sheet(pictured, clips):
    (gallery,) = occlusion_galleries(pictured, clips)
    return gallery


@pytest.fixture(scope="module")
def strips(pictured, clips):
    (gallery,) = retrieval_galleries(pictured, clips)
    return gallery.strips


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)))


def test_a_contact_sheet_has_each_occluded_test_once(sheet):
    (group,) = sheet.groups
    assert group.title == "top+bottom, setting mimicgait"
    assert len(group.pictures) == CLIPS
    assert len({picture.caption for picture in group.pictures}) == CLIPS


def test_a_picture_holds_frames_of_the_clip_side_by_side(sheet, pictured, clips):
    (group,) = sheet.groups
    key = next(iter(pictured.cells.loc[pictured.cells["test"] == "top+bottom", "key"]))
    clip = clips.clip(key, "probe", 0)
    image = pixels(group.pictures[0])
    height, width = clip.shape[1:]
    count = min(FRAMES, len(clip))
    assert image.shape == (height, count * width + count - 1)
    bright = image[:, [x for x in range(image.shape[1]) if (x + 1) % (width + 1)]] > 200
    shown = np.split(bright, count, axis=1)
    assert np.array_equal(shown[0], clip[0] > 0)
    assert np.array_equal(shown[-1], clip[-1] > 0)
    assert group.pictures[0].caption == clips.name(key, "probe", 0)


def test_small_frames_are_enlarged_in_whole_steps(sheet):
    picture = sheet.groups[0].pictures[0]
    height, width = pixels(picture).shape
    assert picture.scale > 1
    assert (picture.width, picture.height) == (picture.scale * width, picture.scale * height)


def test_a_strip_shows_one_probe_whole_and_occluded(strips):
    assert strips
    for strip in strips:
        assert [ranking.title for ranking in strip.rankings] == ["whole", "occluded"]
        whole, occluded = strip.rankings
        assert whole.probe.caption == occluded.probe.caption
        assert strip.title.endswith(whole.probe.caption)
        kind = strip.title.split(", ")[1].split(":")[0]
        first = (whole.clips[0].is_mate, occluded.clips[0].is_mate)
        assert first == {"lost": (True, False), "gained": (False, True)}[kind]


def test_right_and_wrong_are_those_of_the_captions(strips):
    for strip in strips:
        for ranking in strip.rankings:
            assert 1 <= len(ranking.clips) <= 5
            wanted = ranking.probe.caption.split(", ")[0]
            for one in ranking.clips:
                assert one.is_mate == (one.picture.caption.split(", ")[0] == wanted)


def test_strips_have_fewer_frames_than_the_sheet(strips, sheet):
    wide = pixels(sheet.groups[0].pictures[0]).shape[1]
    narrow = pixels(strips[0].rankings[0].probe).shape[1]
    assert (narrow + 1) * FRAMES == (wide + 1) * STRIP_FRAMES


def test_without_the_data_set_there_are_no_pictures(pictured, tmp_path):
    moved = {print_: tmp_path / print_ for print_ in pictured.folders}
    results = dataclasses.replace(pictured, folders=moved)
    assert galleries(results) == ()
    assert galleries(dataclasses.replace(pictured, folders={})) == ()
    there = {print_: folder for print_, folder in pictured.folders.items() if folder.is_dir()}
    assert len(there) == 1  # the data set's controls were not asked for
    for print_, folder in there.items():
        shutil.copytree(folder, moved[print_])
    assert galleries(results) == galleries(pictured) != ()


def test_the_sheet_shows_the_side_that_is_hidden(pictured, sheet):
    key = next(iter(pictured.cells.loc[pictured.cells["test"] == "top+bottom", "key"]))
    one = dataclasses.replace(pictured.evaluations[key], probe=HOLISTIC)
    clips = TestedClips(pictured.folders, {**pictured.evaluations, key: one})
    results = dataclasses.replace(pictured, cells=pictured.cells.assign(side="gallery"))
    (found,) = occlusion_galleries(results, clips)
    (group,) = found.groups
    assert group.pictures[0].caption == clips.name(key, "gallery", 0)
    clip = clips.clip(key, "gallery", 0)
    assert np.array_equal(pixels(group.pictures[0])[:, : clip.shape[2]] > 200, clip[0] > 0)
