import numpy as np

from gaitbench.data.sheet import GAP_PX, save_png, tiled


def test_a_sheet_has_a_row_per_clip_and_a_column_per_frame(tmp_path):
    clips = [np.ones((7, 8, 6), np.uint8), np.zeros((3, 8, 6), np.uint8)]
    sheet = tiled(clips, 4)
    assert sheet.shape == (2 * (8 + GAP_PX), 4 * (6 + GAP_PX))
    assert sheet[:8, :6].min() == 1.0
    assert sheet[8 + GAP_PX : 16 + GAP_PX, :6].max() == 0.0
    save_png(sheet, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 0
