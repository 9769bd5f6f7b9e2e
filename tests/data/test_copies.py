"""Finding probes that meet their own frames."""

from hypothesis import given
from hypothesis import strategies as st

from gaitbench.data.copies import copies

ROWS = st.lists(st.integers(0, 12), unique=True)


@given(st.dictionaries(st.integers(0, 12), st.sampled_from("abc")), ROWS, ROWS)
def test_as_a_search_clip_by_clip(digests, probes, gallery):
    wanted = {}
    for probe in probes:
        for row in reversed(gallery):
            if probe in digests and row in digests and digests[probe] == digests[row]:
                wanted[probe] = row
    assert copies(digests, probes, gallery) == wanted
