"""What people see of a run, in a terminal and in a log."""

import io

import pytest
from rich.console import Console

from gaitbench.running.display import LiveDisplay, PlainDisplay, describe, display_for
from gaitbench.running.plan import Task

TASKS = [Task("stages", f"key{i}", f"RG-Gait [seed {i}]", None) for i in range(3)]


@pytest.fixture
def said():
    return io.StringIO()


def test_a_terminal_gets_bars_and_a_pipe_gets_lines(said):
    assert isinstance(display_for(Console(file=said, force_terminal=True)), LiveDisplay)
    assert isinstance(display_for(Console(file=said, force_terminal=False)), PlainDisplay)


def test_lines_say_what_is_there_and_what_was_made(said):
    display = PlainDisplay(Console(file=said, width=40))
    display.begin(TASKS, TASKS[1:])
    display.refresh([(TASKS[1], {"step": 1, "of": 9})])
    display.finished(TASKS[1], "made", 12.34)
    display.finished(TASKS[2], "found", 0.1)
    display.end()
    assert said.getvalue().splitlines() == [
        "1 of 3 artifacts are there",
        "[1/2] RG-Gait [seed 1] in 12.3 s",
        "[2/2] RG-Gait [seed 2], made by another run",
    ]


def test_bars_show_stage_step_loss_and_time_left(said):
    console = Console(file=said, force_terminal=True, width=160)
    display = LiveDisplay(console)
    display.begin(TASKS, TASKS[1:])
    state = {"step": 50, "of": 200, "seconds": 10.0, "loss": 1.2345}
    display.refresh([(TASKS[1], state)])
    display.live.refresh()
    shown = said.getvalue()
    display.finished(TASKS[1], "made", 12.0)
    display.live.refresh()
    display.end()
    assert "RG-Gait [seed 1]" in shown
    assert "50/200  loss 1.234  30 s left" in shown
    assert "0/2" in shown
    assert "1/2" in said.getvalue()


def test_nothing_is_said_of_what_has_not_begun():
    assert describe({}) == ""
    assert describe({"step": 3, "of": 9}) == "3/9"
