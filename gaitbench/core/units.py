"""In which unit a number is printed, and which way it is better."""

from enum import StrEnum


class Unit(StrEnum):
    """What a column's cells hold, and so how a value is printed."""

    TEXT = "text"
    MARK = "mark"
    """A tick or a cross, centred."""
    PERCENT = "percent"
    """Values are shares and are printed times 100 with one decimal."""
    RATIO = "ratio"
    """Values are printed as they are, with two decimals."""
    P_VALUE = "p"
    """Values are printed with three decimals, and as "<0.001" below."""


class Better(StrEnum):
    """Which of two values in a column is the better one."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"
