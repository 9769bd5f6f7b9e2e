"""The command line in this process."""

import sys

import pytest

from gaitbench.cli.main import main


@pytest.fixture
def gaitbench(monkeypatch, capsys, tmp_path):
    """Run a command in this process; return its exit code and everything that it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("GAITBENCH_STORE", raising=False)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["gaitbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, " ".join((printed.out + printed.err).split())

    return call
