"""A plug-in file that does not import, or whose class or values do not fit, is refused in one message.

The plug-ins are the examples with one text changed.
"""

import re

import pytest

from gaitbench.core.registry import REGISTRIES
from tests.edited_examples import COMMANDS, source, with_line, without

EDITS = [
    ("clip_length", '{"frames": 0}', "{'seed': 0}", r"ClipLength\.coordinates: 'seed' is a column"),
    (
        *("clip_length", 'at={"frames": frames}', "at={'frame': frames}"),
        r"ClipLength\.cells\(\) returned a cell that stands at 'frame', which is no protocol's coordinate",
    ),
    (
        *("clip_length", 'at={"frames": frames}', "at={'frames': [frames]}"),
        r"ClipLength\.cells\(\) returned a cell that stands at frames = \[1\]; it must be a text or a",
    ),
    (
        *("clip_length", "draws=1", "tampering='blanc'"),
        r"ClipLength\.cells\(\): Unknown tampering 'blanc'\. Did you mean 'blank'",
    ),
    (
        "doorway",
        "test: Mix = ",
        "test: Mix = None and ",
        r"Doorway: test = None; it must be a Mix",
    ),
    (
        "doorway",
        '"pole"), (0.2, 0.4), 1.0',
        '"poll"), (0.2, 0.4), 1.0',
        r"Did you mean 'pole'.*\(line",
    ),
    (
        "doorway",
        "(0.2, 0.4), 1.0",
        "(0.2, 0.4), 1.5",
        r"share of the clips must be in .*\(line \d+\)",
    ),
    (
        "doorway",
        'source: str = "an example of gaitbench"',
        "",
        r"Doorway\.__init__\(\) raised TypeError",
    ),
    (
        "blinds",
        " = (0.4, 0.8)",
        "",
        r"Blinds\.__init__\(\) raised TypeError: .* give 'amount' and every",
    ),
    (
        "blinds",
        "(0.4, 0.8)",
        "(0.4, 8)",
        r"Blinds\.__init__\(\): occlusion 'blinds': amount=0\.4–8 is",
    ),
    (
        "gei_net",
        "width: int = 32",
        "width: int = 'wide'",
        r"backbone 'gei-net': width = 'wide': Input",
    ),
    (
        "gei_net",
        "width: int = 32",
        "width: int",
        r"GEINet\.__init__\(\) raised TypeError: .* 'width'",
    ),
    (
        *("gei_net", "width: int = 32", "width: object = torch.zeros(32)"),
        r"GEINet\.width: Tensor cannot be part of a description",
    ),
    (
        "corridor",
        "(30.0, 150.0)",
        "(30.0, np.float32(9))",
        r"Corridor\.views: float32 cannot be part of a descript",
    ),
    (
        *("mirrored", "class MirroredStage(ExtractorStage):", "class MirroredStage(Stage):"),
        r"Mirrored\.stage\(\) raised TypeError: .*abstract.* \(line \d+\)",
    ),
    (
        *("mirrored", "    def embed(", "    role = None\n\n    def embed("),
        r"class MirroredStage must say its role",
    ),
    (
        *("png_folders", "threshold: int = option(", "threshold: list = option("),
        r"PngFolders\.threshold cannot be an option: it must have one of the types",
    ),
]
"""Example, text, what takes its place, and what is said of it."""


@pytest.mark.parametrize(("example", "old", "new", "words"), EDITS)
def test_a_value_that_does_not_fit_is_named(example, old, new, words, refused):
    assert old in source(example)
    text = "import numpy as np\nfrom gaitbench.training.stage import Stage\n" + source(example)
    message = refused(text.replace(old, new), COMMANDS[example])
    assert re.search(words, message), message


KINDS = {
    "blinds": ("occlusion", "Blinds", "steps", ""),
    "doorway": ("setting", "Doorway", "", ""),
    "mirrored": ("method", "Mirrored", "stage", "source"),
    "gei_net": ("backbone", "GEINet", "build", "title"),
    "corridor": ("data set", "Corridor", "", ""),
    "png_folders": ("reader", "PngFolders", "read", "about"),
    "clip_length": ("protocol", "ClipLength", "cells", "about"),
    "equal_error_rate": ("metric", "EqualErrorRate", "per_probe", "title"),
    "median_part": ("distance", "MedianPart", "between", "about"),
    "frozen_walk": ("tampering", "FrozenWalk", "", "about"),
    "text_format": ("report format", "Text", "write", "about"),
    "view_heat_map": ("figure", "ViewHeatMap", "drawings", "title"),
    "serial": ("executor", "Serial", "wait", "about"),
    "csv_logger": ("callback", "CsvLogger", "", "about"),
}
"""Each example with its kind, its class, a method and a fact that it must have, where it must."""

FACTS = {
    "blinds": "amount_of = 3",
    "mirrored": "kind = 'best'",
    "gei_net": "title = None",
    "corridor": "about = ['walkers']",
    "png_folders": "title = 3",
    "clip_length": "coordinates = ['frames']",
    "equal_error_rate": "better = 'lower'",
    "median_part": "about = b'median'",
    "frozen_walk": "place = 'first'",
    "text_format": "shows_figures = 'yes'",
    "view_heat_map": "section = None",
    "serial": "title = 1.5",
    "csv_logger": "about = object()",
}
"""Facts of a wrong type."""


def registering(test):
    return pytest.mark.parametrize("example", KINDS)(test)


@registering
def test_one_that_does_not_import_is_named_with_the_line(example, refused):
    text = source(example) + "\n\nimport no_such_module\n"
    message = refused(text, COMMANDS[example])
    line = text.count("\n")
    assert (
        f"does not import: ModuleNotFoundError: No module named 'no_such_module' (line {line})"
        in (message)
    )


@registering
def test_a_taken_name_is_refused(example, refused):
    kind = KINDS[example][0]
    taken = next(registry.names()[0] for registry in REGISTRIES if registry.kind == kind)
    text = re.sub(r'@register\(".*"\)', f'@register("{taken}")', source(example))
    message = refused(text, ("occlusions", "list"))
    assert f"the {kind} name '{taken}' is taken by" in message


@pytest.mark.parametrize("example", [example for example in KINDS if KINDS[example][2]])
def test_one_that_lacks_a_method_is_refused(example, refused):
    kind, name, method, _ = KINDS[example]
    message = refused(without(example, method), COMMANDS[example])
    assert re.search(rf"class {name}, registered as the {kind} '.*', lacks {method}\(\)", message)


@pytest.mark.parametrize("example", [example for example in KINDS if KINDS[example][3]])
def test_one_that_lacks_a_fact_is_refused(example, refused):
    kind, name, _, fact = KINDS[example]
    message = refused(without(example, fact), COMMANDS[example])
    assert re.search(rf"class {name}, registered as the {kind} '.*', must say its {fact}", message)


@pytest.mark.parametrize("example", FACTS)
def test_a_fact_of_a_wrong_type_is_refused(example, refused):
    _, name, _, _ = KINDS[example]
    message = refused(with_line(example, FACTS[example]), COMMANDS[example])
    fact = FACTS[example].split(" = ")[0]
    assert re.search(rf"class {name}, registered as .*: {fact}.* = .*: Input should be", message)


@pytest.mark.parametrize("example", ["blinds", "doorway", "gei_net", "corridor", "png_folders"])
def test_fields_without_a_dataclass_are_refused(example, refused):
    message = refused(without(example, "dataclass"), COMMANDS[example])
    assert re.search(rf"class {KINDS[example][1]}, .* has the fields .*: decorate it with", message)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def x(): ...", r"@register\('x'\) is for classes\. Got <function x"),
        ("class X: ...", r"class X, registered as 'x', derives from none of the classes"),
        ("class X(Occlusion: ...", r"does not import: SyntaxError: .* line 3\)"),
    ],
)
def test_what_is_no_class_of_a_kind_is_refused(text, words, refused):
    message = refused(f"from gaitbench import *\n@register('x')\n{text}", ("occlusions", "list"))
    assert re.search(words, message)


@pytest.mark.parametrize("given", ["", "()", "(3)", "('')", "('two words')", "('a,b')"])
def test_a_class_without_a_name_that_can_be_given_is_refused(given, refused):
    text = source("blinds").replace('("blinds")', given)
    message = refused(text, ("occlusions", "list"))
    assert "does not import" in message
    assert "register" in message
    assert "(line " in message


def test_a_misspelt_option_of_an_occlusion_is_refused_with_the_nearest(refused):
    text = source("doorway").replace(
        "test: Mix = ", "test: Mix = make_occlusion('top', amont=1) or "
    )
    message = refused(text.replace("import Mix", "import Mix, make_occlusion"), COMMANDS["doorway"])
    assert re.search(
        r"occlusion 'top' has no option 'amont'\. Did you mean 'amount'.*\(line", message
    )
