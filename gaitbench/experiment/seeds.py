"""Seeds as they are written: numbers and ranges of them, such as 0-4 or 0-2,7."""

import re
from collections.abc import Iterator, Sequence

LARGEST_SEED = 2**32 - 1
"""The most that every generator in use takes: some libraries seed theirs with 32 bits."""

MOST_SEEDS = 100
"""Each is a complete repetition of a run: more are a slip of the pen."""

_WRITTEN = re.compile(r"([0-9]+)(?:-([0-9]+))?")


def read_seeds(written: object) -> tuple[int, ...]:
    """Return the seeds that numbers and ranges stand for, in their order.

    >>> read_seeds("0-2,7"), read_seeds([3, "5-6"])
    ((0, 1, 2, 7), (3, 5, 6))

    Args:
        written: A text with commas, or several whole numbers and texts. A range holds both its ends.

    Raises:
        ValueError: If one is no seed in [0, 2³² - 1] and no range of them from the smaller to the larger,
            one comes twice, or there are none or more than 100.
    """
    items = written.split(",") if isinstance(written, str) else written
    if not isinstance(items, Sequence | range) or isinstance(items, bytes):
        raise ValueError('give a list such as [0, 1], or a range such as "0-4"')
    seeds: list[int] = []
    for item in items:
        for seed in _seeds_of(item):
            if seed in seeds:
                raise ValueError(f"seed {seed} comes twice; each is a repetition of its own")
            seeds.append(seed)
            if len(seeds) > MOST_SEEDS:
                raise ValueError(
                    f"more than {MOST_SEEDS} seeds, each a complete repetition; give a shorter range"
                )
    if not seeds:
        raise ValueError("there must be a seed; give one or several, such as 0 or 0-4")
    return tuple(seeds)


def _seeds_of(item: object) -> Iterator[int]:
    """Yield the seeds of one number or range, without listing a long one."""
    text = str(item).strip() if isinstance(item, str | int) else repr(item)
    found = _WRITTEN.fullmatch(text)
    if found is None or isinstance(item, bool):
        raise ValueError(
            f"{text!r} is neither a seed, a whole number from 0 to {LARGEST_SEED}, nor a range such as 0-4"
        )
    # Python itself reads no number of thousands of digits.
    digits = [part.lstrip("0") or "0" for part in found.groups() if part is not None]
    if max(map(len, digits)) > len(str(LARGEST_SEED)) or max(map(int, digits)) > LARGEST_SEED:
        raise ValueError(f"{text} is beyond the largest seed, {LARGEST_SEED}")
    first, last = int(digits[0]), int(digits[-1])
    if first > last:
        raise ValueError(f"the range {text} runs backwards; write {last}-{first}")
    yield from range(first, last + 1)


def seeds_text(seeds: Sequence[int]) -> str:
    """Return seeds as a command line takes them, with ranges where these are shorter.

    >>> seeds_text((0, 1, 2, 7)), seeds_text((0, 1))
    ('0-2,7', '0,1')
    """
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    # Two neighbours are as long with a comma.
    parts = [f"{r[0]}-{r[-1]}" if len(r) > 2 else ",".join(map(str, r)) for r in runs]
    return ",".join(parts)
