"""A plug-in whose method does something wrong is named with its file, class and method, in one message.

Every kind and each of its methods: it raises, returns nothing, or something else than it must. The plug-ins
are the examples with one method changed.
"""

import re

import numpy as np
import pytest
from PIL import Image

from tests.edited_examples import COMMANDS, RAISES, with_method

NONE = "return None"
WRONG: dict[str, dict[str, dict[str, str]]] = {
    "blinds": {
        "Blinds.__post_init__": {},
        "Blinds.steps": {
            NONE: r"returned None; it must return a Step or several",
            "return [1, 2]": r"returned 1; it must return a Step or several",
            "return Step(mask=np.zeros((1, 2, 3), bool))": r"returned mask = ndarray of shape 1×2×3 and",
            "return Step(boxes=[[1, 2]])": r"returned boxes = \[\[1, 2\]\]; .* must be an array of",
            "return Step.keep(args[3], (5, 5))": r"returned window outside 0 ≤ first < last",
            "return Step(parameters=[1])": r"returned parameters = \[1\]; give them by name",
        },
    },
    "doorway": {"Doorway.__post_init__": {}},
    "mirrored": {
        "Mirrored.__post_init__": {},
        "Mirrored.stage": {
            NONE: r"returned None; it must return a Stage",
            "return [1]": r"returned \[1\]; it must return a Stage",
        },
        "Mirrored.ticks": {NONE: r"returned None; it must return True or False by column"},
        "MirroredStage.described": {},
        "MirroredStage.adapted": {NONE: r"returned None; it must return a Stage"},
        "MirroredStage.build": {
            NONE: r"returned None; it must return a torch\.nn\.Module",
            "return nn.ReLU()": r"returned ReLU\(\), which has no weights to train",
        },
        "MirroredStage.start": {},
        "MirroredStage.resume": {},
        "MirroredStage.losses": {
            NONE: r"returned None; it must return a dictionary of named terms",
            "return {}": r"returned no terms; it must return at least one",
            "return {'a': 1.0}": r"returned 1\.0 as 'a'; every term must be a tensor of one value",
            "return {'a': args[3].clips}": r"returned a tensor of shape .* as 'a'; every term",
            "return {'a': args[3].clips.mean()}": r"returned terms that depend on no weight",
        },
        "MirroredStage.embed": {
            NONE: r"returned None; it must return an Embedded",
            "return Embedded(None)": r"returned embeddings = None for 4 clips of",
            "return Embedded(args[3].clips)": r"returned embeddings = Tensor of shape 4×2×16×11",
            "return Embedded(args[1](args[3].clips), 1.0)": r"returned alpha = 1\.0 for 4 clips",
            "return Embedded(args[1](args[3].clips), visibility=args[3].hidden_share)": (
                r"returned visibility = Tensor of shape 4 .*for 4 clips of .* in \d+ parts; it must be None"
            ),
            "e = args[1](args[3].clips); return Embedded(e, visibility=e[:, 0] * 0 + 2)": (
                r"returned visibility = .* with values in \[0, 1\]"
            ),
        },
    },
    "gei_net": {
        "GEINet.__post_init__": {},
        "GEINet.build": {
            NONE: r"returned None; it must return a gaitbench\.networks\.base\.BackboneNetwork",
            "return nn.ReLU()": r"returned ReLU\(\); it must return a gaitbench",
        },
        "GEINetwork.__init__": {
            "nn.Module.__init__(args[0])": r"must set parts, feature_channels, channels to whole",
        },
        "GEINetwork.encode": {
            NONE: r"returned None; it must return a tensor of shape 4×32×8: clips, channels, parts",
            "return args[1]": r"returned Tensor of shape 4×2×16×11 .*; it must .* of shape 4×32×8",
        },
        "GEINetwork.project": {
            NONE: r"returned None; it must return a tensor of shape 4×32×8",
            "return args[1].mean(-1)": r"returned Tensor of shape 4×32 and type",
        },
        "GEINetwork.forward": {},
    },
    "corridor": {
        "Corridor.__post_init__": {},
        "Corridor.build": {
            NONE: r"wrote no data set \(.*\)\. Write one with",
            "(args[1] / 'meta.json').write_text('[1]')": r"wrote no data set",
            "(args[1] / 'splits.json').write_text('{}')": r"wrote no data set",
        },
    },
    "png_folders": {
        "PngFolders.__post_init__": {},
        "PngFolders.read": {
            NONE: r"returned None; it must return a report with a method text\(\)",
            "return 3": r"returned 3; it must return a report",
            "return Counts(3)": r"wrote no data set",
        },
        "Counts.text": {
            NONE: r"returned None; it must return a text",
            "return 3": r"returned 3; it must return a text",
        },
    },
    "clip_length": {
        "ClipLength.__post_init__": {},
        "ClipLength.cells": {
            NONE: r"returned None; it must return a list of cells",
            "return [1]": r"returned 1; it must return cells alone",
            "return args[1].cells(*'abc', None, None, 'd')": r"raised AttributeError: .*share.* \(line",
            "return args[1].stage('baselin-1', 'gaitbase', 0)": r"Unknown method .* 'baseline-1'",
        },
        "ClipLength.setting": {
            NONE: r"returned None; it must return a Setting",
            "return 'doorway'": r"returned 'doorway'; it must return a Setting",
        },
        "ClipLength.sections": {
            NONE: r"returned None; it must return a list of sections",
            "return [1]": r"returned 1; it must return sections alone",
            "return [Section('A', tables=[1])]": r"'A': tables must be a tuple of Table\. Got \[1\]",
            "return [Section('A', paragraphs='abc')]": r"'A': paragraphs must be a tuple of str",
            "return [Section('A', tables=(Table('a', 'A', (), (Row((1,)),)),))]": r"must be Entry",
        },
        "_curves": {
            NONE: r"in the figure 'clip-length': draw\(\) returned None; it must return a matplotlib",
        },
    },
    "equal_error_rate": {
        "EqualErrorRate.__init__": {},
        "EqualErrorRate.per_probe": {
            NONE: r"returned None; it must return 6 numbers, one per row of scores",
            "return ['x'] * len(args[1])": r"returned \['x', .*; it must return 6 numbers",
            "return np.ones(2)": r"returned ndarray of shape 2 and type float64; it must return 6",
            "return np.full(len(args[1]), np.nan)": r"returned nan for a probe with a mate and impostors",
            "return np.full(len(args[1]), 7)": r"returned 7\.0 for a probe .* or is_share be False",
            "return [[1], [2, 3]]": r"raised ValueError: setting an array element",
        },
        "EqualErrorRate.chance": {
            "return np.full(len(args[1]), np.nan)": r"returned nan for a probe with a mate",
            "return 0.5": r"returned 0\.5; it must return 6 numbers",
        },
    },
    "median_part": {
        "MedianPart.__init__": {},
        "MedianPart.between": {
            NONE: r"returned None; it must return 2×3 numbers, probes × gallery",
            "return np.zeros((3, 2))": r"returned ndarray of shape 3×2 and .*; it must return 2×3",
            "return np.full((2, 3), np.nan)": r"returned nan for 6 of 6 pairs; distances must be finite",
            "return [['a'] * 3] * 2": r"returned \[\['a', .*; it must return 2×3 numbers",
        },
    },
    "frozen_walk": {
        "FrozenWalk.__init__": {},
        "FrozenWalk.frames": {
            NONE: r"returned None; it must return clips of shape 2×4×64×44 and type uint8",
            "return args[1][:, :1]": r"returned ndarray of shape 2×1×64×44 and type uint8; it must",
            "return args[1] / 2": r"returned ndarray of shape 2×4×64×44 and type float64; it must",
        },
        "FrozenWalk.draw_names": {
            NONE: r"returned None; it must return a list of 2 names, one per clip",
            "return ['a']": r"returned \['a'\]; it must return a list of 2 names",
            "return [1, 2]": r"returned \[1, 2\]; it must return a list of 2 names",
        },
        "FrozenWalk.networks": {
            NONE: r"returned None; it must return the networks by their names: none",
            "return {'detector': 1}": r"returned \{'detector': 1\}; it must return the networks",
        },
        "FrozenWalk.concerns": {
            NONE: r"returned None; it must return True or False",
            "return 'yes'": r"returned 'yes'; it must return True or False",
        },
    },
    "text_format": {
        "Text.write": {
            NONE: r"returned None; it must return the list of the files that it has written to",
            "return []": r"returned \[\]; it must return the list of the files",
            "return ['report.txt']": r"returned 'report\.txt'; it must return the list of the files",
            "return [Path('gone.txt')]": r"returned PosixPath\('gone\.txt'\); it must return the list",
        },
    },
    "view_heat_map": {
        "ViewHeatMap.__init__": {},
        "ViewHeatMap.drawings": {
            NONE: r"returned None; it must return drawings, or yield them",
            "return [1]": r"returned 1; it must return drawings alone",
        },
        "_heat_map": {
            NONE: r"in the figure 'view-heat-map': draw\(\) returned None; it must return a matplotlib",
            "return 'plot.png'": r"draw\(\) returned 'plot\.png'; it must return a matplotlib Figure",
        },
    },
    "serial": {
        "Serial.__init__": {},
        "Serial.start": {
            "args[0].slots = 0": r"set slots to 0; it must be at least 1",
            "args[0].slots = None": r"set slots to None; it must be at least 1",
        },
        "Serial.submit": {
            NONE: r"returned None; it must return a handle that can be hashed and names this task alone",
            "return [1]": r"returned \[1\]; it must return a handle that can be hashed",
        },
        "Serial.wait": {
            NONE: r"returned None; it must return a list of Finished",
            "return [1]": r"returned 1; it must return a list of Finished",
            "return [Finished('x', 'made')]": r"returned the handle 'x'; it must return each handle",
            "return [Finished(args[0].waiting[0].key)]": r"returned the outcome None for .* must be what",
            "return [Finished(args[0].waiting[0].key, 'done')]": r"'done' for .*: 'made', 'found', 'busy'",
        },
        "Serial.stop": {},
    },
    "csv_logger": {
        "CsvLogger.__init__": {},
        "CsvLogger.on_start": {},
        "CsvLogger.on_step": {},
        "CsvLogger.on_check": {},
        "CsvLogger.on_end": {},
    },
}
"""By example and method: what the method does instead, with what is said of it. Each also raises."""

CALLERS = {
    "_curves": "ClipLength.sections",
    "_heat_map": "ViewHeatMap.drawings",
    "GEINetwork.__init__": "GEINet.build",
}
"""What is named as well by the method that gaitbench calls."""

KNOWN_AFTER_TRAINING = {"Serial.stop", "CsvLogger.on_end"}

CASES = [
    pytest.param(example, method, body, words, id=f"{method}: {body}")
    for example, methods in WRONG.items()
    for method, bodies in methods.items()
    for body, words in {
        RAISES: r"raised ValueError: no luck \(line \d+\)",
        'raise SystemExit("no luck")': r"raised SystemExit: no luck \(line \d+\)",
        **bodies,
    }.items()
]


@pytest.mark.parametrize(("example", "method", "body", "words"), CASES)
def test_a_method_that_fails_is_named_before_training(
    example, method, body, words, refused, data_store, tmp_path
):
    if example == "png_folders":
        (tmp_path / "images/anna/1").mkdir(parents=True)
        Image.fromarray(np.full((16, 11), 255, np.uint8)).save(tmp_path / "images/anna/1/0.png")
    command = COMMANDS.get(method, COMMANDS[example])
    message = refused(with_method(example, method, body), command)
    method = method.replace("__post_init__", "__init__")
    named = "|".join(map(re.escape, {method, CALLERS.get(method, method)}))
    assert re.search(rf"bad\.py: ({named})\(\).* ?{words}", message), message
    if method not in KNOWN_AFTER_TRAINING:
        assert not list(data_store.glob("stages/*"))
    if command[0] == "report":
        assert "Everything else of the report is written." in message
        assert (tmp_path / "out/report.md").is_file()
    if example == "corridor":
        assert len(list((data_store / "datasets").iterdir())) == 1
