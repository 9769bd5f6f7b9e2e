"""A data set's rules in words, for footers and for the list of conditions."""

from gaitbench.data.rules import Rules
from gaitbench.evaluation.pairs import excluded_words


def rules_title(rules: Rules) -> str:
    """Return name and version.

    >>> rules_title(Rules(name="casia-b"))
    'casia-b, version 1'
    """
    return f"{rules.name}, version {rules.version}"


def never_compared(rules: Rules) -> str:
    """Return which pairs each search leaves out; searches that leave out the same are named together."""
    by_words: dict[str, list[str]] = {}
    for search in rules.searches:
        words = excluded_words(search.excluded, exclude_same_recording=rules.exclude_same_recording)
        by_words.setdefault(words, []).append(search.name)
    if len(by_words) == 1:
        return next(iter(by_words))
    return "; ".join(f"{words} ({', '.join(names)})" for words, names in by_words.items())


def averaging(rules: Rules) -> str:
    """Return how a comparison table's one number comes about; "" for one pooled search.

    >>> averaging(Rules())
    ''
    """
    headline = [search for search in rules.searches if search.headline]
    by_view = [search.name for search in headline if search.by_view]
    parts = []
    if len(rules.searches) > 1:
        of = "mean over the searches" if len(headline) > 1 else "search"
        parts.append(f"{of} {', '.join(search.name for search in headline)}")
    if by_view:
        which = "" if len(by_view) == len(headline) else f" in {', '.join(by_view)}"
        parts.append(
            f"each gallery view searched by itself{which}, mean over the pairs of a probe view and a "
            "gallery view"
        )
    return "; ".join(parts)
