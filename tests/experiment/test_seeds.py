import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitbench.core.errors import ConfigurationError
from gaitbench.experiment.seeds import LARGEST_SEED, MOST_SEEDS, read_seeds, seeds_text
from gaitbench.experiment.spec import Experiment

SEEDS = st.lists(st.integers(0, LARGEST_SEED), min_size=1, max_size=20, unique=True)

BAD = [
    ("-1", "'-1' is neither a seed"),
    ("1-", "'1-' is neither a seed"),
    ("0-2-4", "'0-2-4' is neither a seed"),
    ("a", "'a' is neither a seed"),
    ("0.5", "'0.5' is neither a seed"),
    ("٣", "'٣' is neither a seed"),
    ("0,0", "seed 0 comes twice"),
    ("3,0-4", "seed 3 comes twice"),
    ("5-3", "the range 5-3 runs backwards; write 3-5"),
    ("4294967296", "4294967296 is beyond the largest seed, 4294967295"),
    ("9" * 5000, "is beyond the largest seed"),
    ("0-9999999999999999", "is beyond the largest seed"),
    ("0-100", "more than 100 seeds"),
    ("0-4294967295", "more than 100 seeds"),
    ("", "'' is neither a seed"),
    ([], "there must be a seed"),
    ([True], "'True' is neither a seed"),
    ([0.5], "'0.5' is neither a seed"),
    ([-1], "'-1' is neither a seed"),
    (3, "give a list such as"),
    (None, "give a list such as"),
]


@pytest.mark.parametrize(
    ("written", "seeds"),
    [
        ("0-4", (0, 1, 2, 3, 4)),
        ("0-2,7", (0, 1, 2, 7)),
        ("7, 0-1", (7, 0, 1)),
        ("3-3", (3,)),
        ("007", (7,)),
        (["0-1", 5], (0, 1, 5)),
        ((2, 1), (2, 1)),
        (range(3), (0, 1, 2)),
        (str(LARGEST_SEED), (LARGEST_SEED,)),
        ("1-100", tuple(range(1, MOST_SEEDS + 1))),
    ],
)
def test_numbers_and_ranges_are_read(written, seeds):
    assert read_seeds(written) == seeds
    assert Experiment(seeds=written).seeds == seeds


@pytest.mark.parametrize(("written", "message"), BAD)
def test_bad_seeds_are_told_with_their_option(written, message):
    with pytest.raises(ConfigurationError, match=r"^mine\.toml: seeds = .*") as told:
        Experiment.of({"seeds": written}, "mine.toml")
    assert message in str(told.value)


@given(SEEDS)
def test_what_is_written_is_read_back(seeds):
    text = seeds_text(seeds)
    assert read_seeds(text) == tuple(seeds)
    assert len(text) <= len(",".join(map(str, seeds)))


@pytest.mark.parametrize(
    ("seeds", "text"),
    [((0, 1, 2, 3, 4), "0-4"), ((0, 1), "0,1"), ((7, 0, 1, 2), "7,0-2"), ((2, 1, 0), "2,1,0")],
)
def test_a_command_line_names_ranges(seeds, text):
    command = Experiment(seeds=seeds).command_options()
    assert shlex.join(command) == f"--protocol occluded --seeds {text}"
