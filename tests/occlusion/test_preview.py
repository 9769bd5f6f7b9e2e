"""The sheet of occlusions."""

import re

import numpy as np
import pytest
from matplotlib import image as images

from gaitbench.core.errors import ConfigurationError, StoreError
from gaitbench.occlusion.base import make
from gaitbench.occlusion.preview import preview_sheet, save_sheet


@pytest.fixture
def clips():
    rng = np.random.default_rng(0)
    return (rng.random((2, 6, 16, 11)) < 0.4).astype(np.uint8)


def titles(figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


def test_a_sheet_has_a_cell_per_generator_and_amount(clips):
    figure = preview_sheet(clips, [make("top"), make("patch")], amounts=(0.0, 0.5, 1.0))
    assert len(figure.axes) == 6
    assert titles(figure)[0] == "0.00 · hides 0%"
    assert titles(figure)[3] == "0.00 · hides 0%"
    assert titles(figure)[1].startswith("0.50 · hides ")
    words = [text.get_text() for text in figure.texts]
    assert {"top", "patch"} <= set(words)


def test_cells_show_input_and_output(clips):
    figure = preview_sheet(clips, [make("middle")], amounts=(0.0, 1.0))
    whole, hidden = (np.asarray(axes.images[0].get_array()) for axes in figure.axes)
    # Three frames of 16×11 with gaps, above three others.
    assert whole.shape == hidden.shape == (16 + 1 + 16, 3 * 11 + 2, 3)
    np.testing.assert_array_equal(whole[:16], whole[17:])
    body = whole[:16, :11] > 128
    np.testing.assert_array_equal(body.all(2), clips[0, 0] > 0)
    background = whole[:16, :11][~body.all(2)][0]
    assert (hidden[17:, :11] == background).all()
    assert not (hidden[:16, :11] == background).all(2).any()


def test_a_single_frame_and_255_are_shown(clips):
    figure = preview_sheet(clips[:, :1] * 255, [make("left")], amounts=(0.5,))
    assert np.asarray(figure.axes[0].images[0].get_array()).shape == (33, 11, 3)


def test_the_input_stays_and_the_seed_decides(clips):
    before = clips.copy()
    sheets = [
        titles(preview_sheet(clips, [make("dynamic")], amounts=(0.4, 0.8), seed=seed))
        for seed in (1, 1, 2, 3, 4)
    ]
    np.testing.assert_array_equal(clips, before)
    assert sheets[0] == sheets[1]
    assert len(set(map(tuple, sheets))) > 1


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_a_sheet_is_written_by_suffix_and_reproducibly(clips, tmp_path, suffix):
    paths = [tmp_path / "new" / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        save_sheet(preview_sheet(clips, [make("top")], amounts=(0.5,)), path)
    starts = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}
    assert paths[0].read_bytes().startswith(starts[suffix])
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_written_frame_s_pixels_are_all_of_one_size(clips, tmp_path):
    figure = preview_sheet(clips, [make("top")], amounts=(0.0,))
    save_sheet(figure, tmp_path / "sheet.png")
    written = images.imread(tmp_path / "sheet.png")[:, :, :3]
    cell = np.asarray(figure.axes[0].images[0].get_array())
    place = figure.axes[0].get_position()
    high, wide = written.shape[:2]
    left, top = round(place.x0 * wide), round((1 - place.y1) * high)
    scale = round(place.width * wide / cell.shape[1])
    enlarged = cell.repeat(scale, 0).repeat(scale, 1) / 255
    found = written[top : top + len(enlarged), left : left + enlarged.shape[1]]
    np.testing.assert_allclose(found, enlarged, atol=0.01)


@pytest.mark.parametrize("name", ["sheet", "sheet.jpeg2", "sheet.txt"])
def test_another_suffix_is_refused(clips, tmp_path, name):
    figure = preview_sheet(clips, [make("top")], amounts=(0.5,))
    with pytest.raises(ConfigurationError, match=re.escape(f"{name}: a sheet is written as .png")):
        save_sheet(figure, tmp_path / name)


def test_an_unwritable_path_is_named(clips, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    figure = preview_sheet(clips, [make("top")], amounts=(0.5,))
    target = tmp_path / "file" / "sheet.png"
    with pytest.raises(StoreError, match=f"{re.escape(str(target))} cannot be written"):
        save_sheet(figure, target)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(StoreError, match=r"folder\.png cannot be written: Is a directory"):
        save_sheet(figure, tmp_path / "folder.png")


def test_nothing_to_show_is_refused(clips):
    with pytest.raises(ConfigurationError, match="at least one occlusion and one amount"):
        preview_sheet(clips, [])
    with pytest.raises(ConfigurationError, match="at least one occlusion and one amount"):
        preview_sheet(clips, [make("top")], amounts=())
    with pytest.raises(ConfigurationError, match=r"got \(0, 6, 16, 11\)"):
        preview_sheet(clips[:0], [make("top")])
    with pytest.raises(ConfigurationError, match="occlusion 'top': amount=2"):
        preview_sheet(clips, [make("top")], amounts=(2,))
