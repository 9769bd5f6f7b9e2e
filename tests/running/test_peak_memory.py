"""The memory that records state."""

import sys

from gaitbench.running.make import peak_memory_mib


def test_a_process_with_torch_takes_a_few_hundred_mebibytes():
    assert 50 < peak_memory_mib() < 50_000


def test_a_system_that_does_not_tell_is_no_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory_mib() == 0
