"""Nothing that lies with the reference data goes unused."""

import re
from pathlib import Path

import pytest

from tests import golden

TESTS = Path(__file__).parent


def test_every_file_of_reference_data_is_named_in_a_test():
    if not golden.FOLDER.is_dir():
        pytest.skip(f"no reference data beside the checkout ({golden.FOLDER})")
    texts = [f.read_text(encoding="utf-8") for f in sorted(TESTS.rglob("test_*.py"))]
    using = "\n".join(text for text in texts if re.search("golden", text, re.IGNORECASE))
    files = [*golden.FOLDER.glob("*.npz"), *(golden.FOLDER / "keys").glob("*.json")]
    assert files, f"{golden.FOLDER} is there, but holds no reference data"
    unused = [f.name for f in files if not re.search(rf'"{f.stem}(\.npz|\.json)?"', using)]
    assert not unused, f"no test names these files of reference data: {', '.join(sorted(unused))}"
