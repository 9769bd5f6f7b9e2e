"""What an experiment's options add to its protocol: draws and the sanity panel."""

import dataclasses

import pytest

from gaitbench.core.errors import ConfigurationError, PluginError
from gaitbench.core.registry import register
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.protocols.base import Protocol, protocols
from gaitbench.protocols.expansion import ALL, expand, protocol_names
from gaitbench.protocols.sanity import panel
from tests.protocols.experiments import bench, cells_of, whereabouts


@pytest.mark.parametrize("protocol", ["occluded", "generalizability", "adaptability", "audit"])
def test_every_draw_is_another_evaluation_of_the_same_test(protocol):
    once = cells_of(protocol=protocol, sanity=False, test_draws=1)
    cells = cells_of(protocol=protocol, sanity=False, test_draws=3)
    first = [c for c in cells if c.evaluation.draw == 0]
    assert first == once
    by_draw = {d: [c for c in cells if c.evaluation.draw == d] for d in range(3)}
    assert sum(map(len, by_draw.values())) == len(cells)
    occluded = [c for c in once if c.test != "holistic"]
    for draw in (1, 2):
        wanted = [dataclasses.replace(c.evaluation, draw=draw) for c in occluded]
        assert [c.evaluation for c in by_draw[draw]] == wanted
    # Draws of one test have keys of their own, and follow each other from the first.
    keys = {d: {c.evaluation.key for c in found} for d, found in by_draw.items()}
    assert not keys[0] & keys[1]
    assert not keys[1] & keys[2]
    assert not keys[0] & keys[2]
    shown = [c.evaluation.draw for c in cells if c.test != "holistic"]
    assert shown == [0, 1, 2] * len(occluded)


@pytest.mark.parametrize("protocol", protocols.names())
def test_whole_clips_are_tested_once(protocol):
    cells = cells_of(protocol=protocol, test_draws=3)
    for cell in cells:
        if cell.evaluation.probe == cell.evaluation.gallery == HOLISTIC:
            assert cell.evaluation.draw == 0
    assert len({(c.evaluation.key, whereabouts(c), c.backbone) for c in cells}) == len(cells)


def test_three_draws_are_the_default():
    b = bench()
    assert {c.evaluation.draw for c in expand(b).cells if c.test == "top+bottom"} == {0, 1, 2}


@pytest.mark.parametrize("protocol", [n for n in protocols.names() if n != "sanity"])
def test_the_panel_stands_behind_every_protocol_and_trains_nothing(protocol):
    bare = cells_of(protocol=protocol, sanity=False)
    cells = cells_of(protocol=protocol)
    checks = cells[len(bare) :]
    assert cells == bare + checks
    assert checks == panel(bench(protocol=protocol), bare)
    assert checks
    assert {c.protocol for c in checks} == {"sanity"}
    assert all(c.at.get("check", "") for c in checks)
    assert not any(c.at.get("check", "") for c in bare)
    trained = {s.key for c in bare for s in c.evaluation.stage.all_stages()}
    assert {s.key for c in checks for s in c.evaluation.stage.all_stages()} <= trained


def test_the_panel_stands_in_all_protocols_once():
    cells = cells_of(protocol=ALL)
    checks = [whereabouts(c) for c in cells if c.at.get("check", "")]
    assert len(set(checks)) == len(checks)
    assert checks == [whereabouts(c) for c in cells_of(protocol="sanity")]
    assert not any(c.at.get("check", "") for c in cells_of(protocol=ALL, sanity=False))


def test_sanity_that_is_asked_for_by_name_comes_whatever_the_option():
    assert cells_of(protocol="sanity", sanity=False) == cells_of(protocol="sanity")


def test_all_comes_last():
    assert protocol_names() == [*protocols.names(), "all"]


def test_coordinates_are_those_of_every_protocol_whichever_is_run():
    found = expand(bench(protocol="occluded")).coordinates
    assert set(found) == {"adapted_to", "adapted_steps", "severity", "check"}
    for cell in cells_of(protocol=ALL):
        assert set(cell.at) <= set(protocols.get(cell.protocol).coordinates)


@pytest.mark.parametrize(
    ("error", "message", "cells"),
    [
        (ConfigurationError, "stands at 'lamps', which is no protocol's", lambda c: [c("lamps")]),
        (PluginError, r"Dark\.cells\(\) returned \(\); it must return a list", lambda c: ()),
        (PluginError, r"Dark\.cells\(\) raised ZeroDivisionError", lambda c: [1 / 0]),
    ],
)
def test_a_protocol_that_gives_no_cells_is_named(error, message, cells):
    first = cells_of()[0]

    @register("dark")
    @dataclasses.dataclass(frozen=True)
    class Dark(Protocol):
        about = "in the dark"

        def cells(self, bench):
            return cells(lambda name: dataclasses.replace(first, at={name: 1}))

    with pytest.raises(error, match=message):
        expand(bench(protocol="dark"))
