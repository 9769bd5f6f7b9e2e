"""Methods by name: classes, their variants, and options that are written out."""

import pytest

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.plugins import load_plugin
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.methods.base import (
    get_method,
    method_names,
    methods,
    methods_of_kind,
    options_of,
)
from gaitbench.methods.rg_gait import RGGait

PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar
from gaitbench import register
from gaitbench.baselines.plain import Baseline2
from gaitbench.methods.base import Variant

@register("own")
@dataclass(frozen=True)
class Own(Baseline2):
    strength: float = 1.0
    title = "Own"
    variants: ClassVar = (
        Variant("NAME", "Own, strong", about="variant: strong", options={OPTIONS}),
    )
"""


@pytest.fixture
def plugin(tmp_path):
    def write(name="own-strong", options='"strength": 3.0'):
        path = tmp_path / "own.py"
        path.write_text(PLUGIN.replace("NAME", name).replace("OPTIONS", options))
        load_plugin(path)
        return path

    return write


def test_a_variant_is_its_class_with_other_options():
    method = get_method("vanilla-residual")
    assert method == RGGait(alpha="one", aware=False)
    assert (method.name, method.title, method.kind) == (
        "vanilla-residual",
        "vanilla residual",
        "ablation",
    )
    assert method.source == RGGait.source
    assert (RGGait.title, RGGait().title) == ("RG-Gait", "RG-Gait")


def test_compared_methods_come_first_in_the_order_of_the_papers():
    compared = ["baseline-1", "baseline-2", "occ-aware", "mimicgait", "rg-gait"]
    references = ["gei-lda-whole", "gei-lda", "oracle-type", "oracle-window"]
    assert methods_of_kind("compared") == compared
    assert methods_of_kind("reference") == references
    own = [*compared, *references, "aligned-lda", "aligned"]
    assert methods.names() == own
    assert method_names() == [*own, *sorted(method_names()[len(own) :])]
    kinds = ("compared", "reference", "ablation", "control", "variant")
    assert sorted(n for k in kinds for n in methods_of_kind(k)) == sorted(method_names())


@pytest.mark.parametrize("name", method_names())
def test_every_name_leads_to_its_own_method(name):
    method = get_method(name)
    assert method.name == name
    assert [n for n in method_names() if get_method(n) == method] == [name]


def test_options_can_be_written_out():
    method = get_method("rg-gait[alpha=constant, aware=false]")
    assert method == RGGait(alpha="constant", aware=False)
    assert method.name == "rg-gait[alpha=constant,aware=false]"
    assert method.title == "RG-Gait (alpha=constant, aware=false)"
    assert method.kind == "variant"
    assert get_method(method.name) == method


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("rg-gait[]", "rg-gait"),
        ("rg-gait[alpha=detected]", "rg-gait"),
        ("rg-gait[aware=false,alpha=one]", "vanilla-residual"),
        ("vanilla-residual[aware=true]", "aware-only"),
        ("mimicgait[margin=0.2]", "mimicgait-released-margin"),
    ],
)
def test_options_that_come_to_a_named_method_are_that_method(written, name):
    assert get_method(written).name == name


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "rg-gait[aplha=one]",
            r"'rg-gait\[aplha=one\]': Unknown option 'aplha'\. Did you mean 'alp",
        ),
        ("rg-gait[alpha=two]", "alpha = 'two': Input should be 'detected', 'mean-feature', 'one'"),
        ("rg-gait[alpha]", "'alpha' has no value. Write options like"),
        ("rg-gait[occluded_share=7]", "occluded_share = '7': Input should be less than or equal"),
        ("mimicgait[margin=wide]", "margin = 'wide': Input should be a valid number"),
        ("rg-gait[alpha=one", r"Unknown method 'rg-gait\[alpha=one'\. Did you mean 'rg-gait"),
        ("vanila-residual", "Did you mean 'vanilla-residual'"),
        ("rgait[alpha=one]", "Unknown method 'rgait'. Did you mean"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(written, message):
    with pytest.raises((UnknownNameError, ConfigurationError), match=message):
        get_method(written)


def test_written_out_options_are_a_row_of_a_protocol():
    asked = ("rg-gait[aware=false,constant=0.25,alpha=constant]", "rg-gait[alpha=detected]")
    bench = Bench.resolve(Experiment(preset="smoke", methods=asked))
    written = "rg-gait[alpha=constant,constant=0.25,aware=false]"
    assert bench.compared_methods() == ["baseline-1", written, "rg-gait"]
    stage = bench.stage(written, "gaitbase", 0)
    assert (stage.alpha, stage.constant, stage.aware, stage.detector) == (
        *("constant", 0.25, False),
        None,
    )


def test_variants_of_a_plugin_are_known(plugin):
    before = method_names()
    plugin()
    assert method_names() == [*before, "own", "own-strong"]
    assert options_of(get_method("own-strong")) == {"occluded_share": None, "strength": 3.0}
    # Those of the class that it derives from stay that class's.
    assert get_method("vanilla-residual").title == "vanilla residual"


@pytest.mark.parametrize("name", ["rg-gait", "vanilla-residual", "own"])
def test_a_variant_with_a_name_that_is_taken_is_refused(plugin, name):
    with pytest.raises(ConfigurationError, match=f"own.py: the method name '{name}' is taken by"):
        plugin(name)
    assert "own" not in method_names()


def test_a_class_with_the_name_of_a_variant_is_refused(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(PLUGIN.replace('"own"', '"aware-only"').replace("OPTIONS", ""))
    with pytest.raises(
        ConfigurationError, match=r"'aware-only' is taken by RGGait of gaitbench\.m"
    ):
        load_plugin(path)


@pytest.mark.parametrize("options", ['"strenght": 3.0', '"strength": "much"'])
def test_a_variant_with_options_that_do_not_fit_is_refused(plugin, options):
    with pytest.raises(
        ConfigurationError, match=r"own\.py: method 'own-strong': |strength = 'much"
    ):
        plugin(options=options)
