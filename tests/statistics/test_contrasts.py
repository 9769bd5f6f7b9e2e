from gaitbench.protocols.base import METHOD_CONTRASTS
from gaitbench.statistics.contrasts import Contrast, PlannedContrasts

OCC_AWARE = Contrast("occ-aware", "baseline-2")
RESTORED = Contrast("rg-gait", "baseline-1")
METHODS = ("baseline-1", "baseline-2", "occ-aware", "mimicgait", "rg-gait")


def test_the_protocols_that_compare_methods_declare_four():
    assert METHOD_CONTRASTS.among(METHODS) == list(METHOD_CONTRASTS.declared)
    assert len(METHOD_CONTRASTS.declared) == 4


def test_absent_methods_drop_out():
    assert METHOD_CONTRASTS.among(("occ-aware", "baseline-2")) == [OCC_AWARE]
    assert METHOD_CONTRASTS.among(("occ-aware", "mimicgait")) == []


def test_a_reference_may_stand_outside():
    assert METHOD_CONTRASTS.among(("rg-gait",), ("baseline-1",)) == [RESTORED]
    # But what does not compete itself is compared with nothing.
    assert METHOD_CONTRASTS.among(("baseline-2",), ("occ-aware",)) == []


def test_a_further_method_is_compared_with_the_common_reference():
    among = METHOD_CONTRASTS.among((*METHODS, "mirrored"))
    assert among[-1] == Contrast("mirrored", "baseline-2")
    assert METHOD_CONTRASTS.among(("rg-gait", "mirrored")) == []
    assert PlannedContrasts("rank_1", (OCC_AWARE,)).among(("mirrored", "baseline-2")) == []
