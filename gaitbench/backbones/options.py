"""Checks of what a backbone's constructor is given, in one wording."""

from collections.abc import Collection, Sequence

from gaitbench.core.errors import ConfigurationError

LARGEST = 2**16
"""What an option's whole numbers add up to at most: those of published networks stay below 1,000."""


def check_sizes(backbone: str, **options: int | Sequence[int]) -> None:
    """Check that options are whole numbers of at least 1, or sequences of such, and not beyond reason.

    Raises:
        ConfigurationError: Which option of the backbone is not.
    """
    for name, value in options.items():
        numbers = [value] if isinstance(value, int) else list(value)
        if not numbers or any(not isinstance(n, int) or n < 1 for n in numbers):
            raise ConfigurationError(
                f"backbone {backbone!r}: {name} must be whole numbers of at least 1. "
                f"Got {value if isinstance(value, int) else numbers} instead."
            )
        if sum(numbers) > LARGEST:
            raise ConfigurationError(
                f"backbone {backbone!r}: {name} must come to at most {LARGEST} together. "
                f"Got {sum(numbers)} instead."
            )


def check_choice(backbone: str, option: str, value: str, choices: Collection[str]) -> None:
    """Check that an option is one of its choices.

    Raises:
        ConfigurationError: Which choices there are.
    """
    if value not in choices:
        raise ConfigurationError(
            f"backbone {backbone!r}: {option} must be one of {', '.join(choices)}. "
            f"Got {value!r} instead."
        )


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
