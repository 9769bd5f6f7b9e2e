"""What the README shows is run exactly as it stands there."""

import re
import subprocess
import sys

import pytest

from gaitbench.cli.main import app, main
from tests.places import ROOT

README = ROOT / "README.md"


def example():
    """Return the occlusion plug-in in the README."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    found = [b for b in blocks if "@register(" in b]
    assert len(found) == 1
    return found[0]


def test_the_occlusion_example_is_at_most_twenty_lines():
    assert len(example().strip().splitlines()) <= 20


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("occlusions", "list"), "blinds"),
        (("occlusions", "preview", "blinds", "--output", "sheet.png"), "sheet.png"),
        (
            ("run", "--protocol", "adaptability", "--preset", "smoke", "--dry-run"),
            "detector adapted to blinds",
        ),
        (
            ("run", "--protocol", "sweep", "--preset", "smoke", "--dry-run"),
            "RG-Gait on blinds of mimicgait (severity 2)",
        ),
    ],
)
def test_the_occlusion_example_appears_everywhere(tmp_path, monkeypatch, capsys, command, said):
    (tmp_path / "my_occlusion.py").write_text(example(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gaitbench", *command, "--plugin", "my_occlusion.py"])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    assert not stopped.value.code, printed.err
    assert said in " ".join(printed.out.split())


@pytest.mark.slow
def test_the_occlusion_example_trains_and_evaluates_in_a_worker(tmp_path):
    (tmp_path / "my_occlusion.py").write_text(example(), encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "gaitbench", "run", "--protocol", "adaptability"),
            *("--preset", "smoke", "--methods", "rg-gait", "--adapt-to", "middle"),
            *("--test-draws", "1", "--no-sanity"),
            *("--jobs", "1", "--device", "cpu", "--plugin", "my_occlusion.py"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "blinds" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


def test_every_command_in_the_readme_exists():
    groups = {group.name for group in app.registered_groups}
    commands = {command.callback.__name__ for command in app.registered_commands}
    for line in re.findall(r"^gaitbench (.+)$", README.read_text(encoding="utf-8"), re.MULTILINE):
        assert line.split()[0] in groups | commands, line
