"""Types of backbones' options, and checks of several at once."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from gaitbench.core.errors import ConfigurationError

LARGEST = 2**16
"""What an option's whole numbers add up to at most: those of published networks stay below 1,000."""


def _within_reason(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if sum(numbers) > LARGEST:
        raise ValueError(f"must come to at most {LARGEST} together, not {sum(numbers)}")
    return numbers


Size = Annotated[int, Field(ge=1, le=LARGEST)]
Sizes = Annotated[tuple[Size, ...], Field(min_length=1), AfterValidator(_within_reason)]


def check_count(backbone: str, option: str, value: Sequence[int], count: int, of: str) -> None:
    """Check that a sequence has as many entries as the backbone has of something.

    Raises:
        ConfigurationError: How many there must be.
    """
    if len(value) != count:
        raise ConfigurationError(
            f"backbone {backbone!r}: it has {count} {of}, so {option} must be as many. "
            f"Got {len(value)} instead."
        )
