"""What errors say, also after a way from one process to another."""

import pickle

from gaitbench.core.errors import DataError, GaitbenchError, UnknownNameError


class TwoPartsError(GaitbenchError):
    """An error whose constructor asks for something else than a text."""

    def __init__(self, what, *, where):
        super().__init__(f"{what} in {where}")
        self.where = where


def test_context_stands_in_front_from_the_outside_in():
    error = DataError("no frames")
    error.add_context("clip 3")
    error.add_context("Baseline-1, seed 0")
    assert str(error) == "Baseline-1, seed 0: clip 3: no frames"
    assert error.message() == "no frames"


def test_errors_with_other_arguments_keep_type_message_and_context():
    for error in (
        UnknownNameError("occlusion", "midle", ["middle", "top"]),
        TwoPartsError("dust", where="the lens"),
    ):
        plain = str(error)
        error.add_context("RG-Gait, seed 0")
        back = pickle.loads(pickle.dumps(error))
        assert type(back) is type(error)
        assert str(back) == f"RG-Gait, seed 0: {plain}"
        assert vars(back) == vars(error)
