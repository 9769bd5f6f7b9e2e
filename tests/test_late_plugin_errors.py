"""What a plug-in does wrong after the first hours of a run: what is finished is kept, and it is named."""

import re
import shutil

from tests.edited_examples import COMMANDS, RAISES, RUN, SERIAL, SMALL, source, with_method


def test_what_fails_on_real_data_alone_is_named_with_its_traceback(refused, data_store):
    text = source("median_part").replace("axis=0)", "axis=0) + (np.nan if len(probe) > 2 else 0)")
    command = (*RUN, *SERIAL, "--distance", "median-part")
    message = refused(text, command)
    # A whole gallery, both sides occluded, and whole clips.
    assert "3 artifacts could not be made; everything else is kept" in message
    assert re.search(r"bad\.py: MedianPart\.between\(\) returned nan for \d+ of", message)
    assert len(list(data_store.glob("stages/*"))) == 1


def test_a_tampering_is_tried_when_the_data_are_made(refused, data_store):
    shutil.rmtree(data_store / "datasets")
    text = with_method("frozen_walk", "FrozenWalk.frames", "return None")
    message = refused(text, (*RUN, *SERIAL, "--sanity"))
    assert "FrozenWalk.frames() returned None" in message
    assert list(data_store.glob("datasets/*"))
    assert not list(data_store.glob("stages/*"))


def test_of_two_errors_the_first_is_told(refused):
    text = with_method("serial", "Serial.wait", "return None").replace("self.waiting = []", "1 / 0")
    assert "Serial.wait() returned None" in refused(text, COMMANDS["serial"])


def test_a_report_that_lacks_something_is_written_anew(refused, tmp_path):
    text = with_method("view_heat_map", "_heat_map", RAISES)
    for _ in range(2):
        refused(text, COMMANDS["view_heat_map"])
    assert "Occluded recognition" in (tmp_path / "out/report.md").read_text()


def test_several_failures_of_a_report_are_one_message(refused, tmp_path):
    text = with_method("clip_length", "ClipLength.sections", RAISES)
    text += "\n" + with_method("text_format", "Text.write", "return None")
    command = (*COMMANDS["ClipLength.sections"], "--format", "text,markdown,csv")
    message = refused(text, command)
    assert "ClipLength.sections() raised ValueError: no luck" in message
    assert "Text.write() returned None" in message
    assert (tmp_path / "out/tables/all-evaluations.csv").is_file()


def test_a_metric_that_fails_is_named_by_diff(refused, full_store):
    text = with_method("equal_error_rate", "EqualErrorRate.per_probe", RAISES)
    message = refused(text, ("diff", full_store, full_store, *SMALL))
    assert "EqualErrorRate.per_probe() raised ValueError: no luck" in message
