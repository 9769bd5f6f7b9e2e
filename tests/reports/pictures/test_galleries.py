"""The pictures of a report, from a small run: looked at pixel by pixel."""

import dataclasses
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.reports.pictures.galleries import (
    CLIPS,
    FRAMES,
    STRIP_FRAMES,
    occlusion_galleries,
    retrieval_galleries,
)


@pytest.fixture(scope="module")
def sheet(pictured):
    (gallery,) = occlusion_galleries(pictured)
    return gallery


@pytest.fixture(scope="module")
def strips(pictured):
    (gallery,) = retrieval_galleries(pictured)
    return gallery.strips


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)))


def test_a_contact_sheet_has_each_occluded_test_once(sheet):
    (group,) = sheet.groups
    assert group.title == "top+bottom, setting mimicgait"
    assert len(group.pictures) == CLIPS
    assert len({picture.caption for picture in group.pictures}) == CLIPS


def test_a_picture_holds_frames_of_the_clip_side_by_side(sheet, pictured):
    (group,) = sheet.groups
    key = next(iter(pictured.cells.loc[pictured.cells["test"] == "top+bottom", "key"]))
    clip = pictured.clips.clip(key, "probe", 0)
    image = pixels(group.pictures[0])
    height, width = clip.shape[1:]
    count = min(FRAMES, len(clip))
    assert image.shape == (height, count * width + count - 1)
    bright = image[:, [x for x in range(image.shape[1]) if (x + 1) % (width + 1)]] > 200
    shown = np.split(bright, count, axis=1)
    assert np.array_equal(shown[0], clip[0] > 0)
    assert np.array_equal(shown[-1], clip[-1] > 0)
    assert group.pictures[0].caption == pictured.clips.name(key, "probe", 0)


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
    moved = {print_: tmp_path / print_ for print_ in pictured.clips.folders}
    clips = dataclasses.replace(pictured.clips, folders=moved)
    results = dataclasses.replace(pictured, clips=clips)
    assert occlusion_galleries(results) == retrieval_galleries(results) == []
    assert occlusion_galleries(dataclasses.replace(pictured, clips=None)) == []
    for print_, folder in pictured.clips.folders.items():
        shutil.copytree(folder, moved[print_])
    assert occlusion_galleries(results) == occlusion_galleries(pictured)


def test_the_sheet_shows_the_side_that_is_hidden(pictured, sheet):
    key = next(iter(pictured.cells.loc[pictured.cells["test"] == "top+bottom", "key"]))
    one = dataclasses.replace(pictured.clips.evaluations[key], probe=HOLISTIC)
    clips = dataclasses.replace(pictured.clips, evaluations=pictured.clips.evaluations | {key: one})
    results = dataclasses.replace(
        pictured, cells=pictured.cells.assign(side="gallery"), clips=clips
    )
    ((group,),) = (gallery.groups for gallery in occlusion_galleries(results))
    assert group.pictures[0].caption == clips.name(key, "gallery", 0)
    clip = clips.clip(key, "gallery", 0)
    assert np.array_equal(pixels(group.pictures[0])[:, : clip.shape[2]] > 200, clip[0] > 0)
