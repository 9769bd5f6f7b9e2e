"""Which recordings a folder holds."""

import pytest

from gaitbench.core.errors import DataError
from gaitbench.mocap.importer import import_bvh
from gaitbench.mocap.manifest import natural


def test_wrong_manifests(tmp_path):
    table = tmp_path / "manifest.csv"
    table.write_text("file,person\na.bvh,1\n")
    with pytest.raises(
        DataError, match="lacks the columns subject, recording; it has file, person"
    ):
        import_bvh(tmp_path, tmp_path / "out")
    table.write_text("")
    with pytest.raises(DataError, match=r"manifest\.csv cannot be read"):
        import_bvh(tmp_path, tmp_path / "out")
    with pytest.raises(DataError, match=r"none\.csv cannot be read"):
        import_bvh(tmp_path, tmp_path / "out", manifest=tmp_path / "none.csv")
    assert not (tmp_path / "out").exists()


def testnatural_order():
    assert sorted(["10", "9", "b2", "b10", ""], key=natural) == ["", "9", "10", "b2", "b10"]
