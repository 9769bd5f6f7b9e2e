from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from gaitbench.reports.drawing.style import looks, save
from gaitbench.reports.figures.base import figures
from tests.made_up_losses import recorded
from tests.making import drawn_by


def panels(figure):
    return {ax.get_title().split("\n")[0]: ax for ax in figure.axes if ax.axison}


def test_methods_keep_their_look_when_others_are_left_out():
    everything = looks(["baseline-1", "mimicgait", "rg-gait", "mine"])
    assert looks(["rg-gait"])["rg-gait"] == everything["rg-gait"]
    assert len({(look.colour, look.marker) for look in everything.values()}) == 4


def test_retention_bars_are_the_tables_values(full, without):
    results = without(full((0, 1)), lambda c: (c.method == "mimicgait") & (c.seed == 1))
    (figure,) = drawn_by("retention", results)
    ax = panels(figure)["walkers, GaitBase"]
    assert [round(bar.get_height(), 3) for bar in ax.patches] == [66.0, 71.0, 81.0]
    assert "missing" in [text.get_text() for text in ax.texts]
    assert ax.get_title() == "walkers, GaitBase\nupper bound 81.0"


def test_severity_curves_have_a_panel_per_generator_and_break_at_gaps(full, without):
    results = without(
        full((0,)), lambda c: (c.method == "rg-gait") & (c.test == "bottom") & (c.severity == 2)
    )
    (figure,) = drawn_by("sweep", results)
    axes = panels(figure)
    assert list(axes) == ["top", "bottom", "middle", "pole"]
    *_, curve, chance = axes["bottom"].lines
    assert np.isnan(curve.get_ydata()).tolist() == [False, False, True, False, False, False]
    # From whole clips on, over what was hidden, not over what was wanted.
    assert curve.get_xdata()[[0, 1, 3, 4, 5]] == pytest.approx([0, 9.5, 29.5, 39.5, 49.5])
    assert curve.get_ydata()[0] == pytest.approx(75)
    assert chance.get_ydata()[0] == pytest.approx(5.0)


def test_severity_curves_keep_the_order_of_severities(full, make_results):
    cells = full((0,)).cells.iloc[::-1]
    (figure,) = drawn_by("sweep", make_results(cells.to_dict("records")))
    for ax in panels(figure).values():
        for line in ax.lines[:-1]:
            assert (np.diff(line.get_xdata()) > 0).all()


def test_alpha_is_drawn_for_methods_that_have_it_by_side(full):
    drawings = list(figures.get("alpha")().drawings(full((0,))))
    assert [drawing.name for drawing in drawings] == [
        "alpha-mimicgait-probe-walkers-gaitbase",
        "alpha-mimicgait-both-walkers-gaitbase",
    ]
    sides = ("probe only", "probe and gallery")
    for drawing, side in zip(drawings, sides, strict=True):
        assert f"setting mimicgait, occluded: {side}, all evaluated seeds" in drawing.caption
        assert list(panels(drawing.draw())) == ["MimicGait", "RG-Gait"]


@pytest.mark.parametrize("name", figures.names())
def test_nothing_measured_nothing_drawn(name, full, without):
    assert drawn_by(name, without(full((0,)), lambda c: c.seed == 0)) == []


def test_saving_is_repeatable_and_leaves_no_state(full, tmp_path):
    before = dict(mpl.rcParams)
    (figure,) = drawn_by("retention", full((0,)))
    files = [save(figure, tmp_path / name) for name in ("a", "b")]
    assert [p.name for p in files[0]] == ["a.png", "a.pdf"]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_training_curves_have_a_panel_per_training_and_a_line_per_seed(full):
    trainings = (
        recorded("extractor", "over", "falls", seeds=(0, 1, 2)),
        recorded("detector", "falls", "nowhere"),
        recorded("extractor adapted", is_further=True),
        recorded("extractor adapted", is_further=True, steps=900),
    )
    first, further = drawn_by("training-curves", replace(full((0,)), trainings=trainings))
    axes = panels(first)
    assert list(axes) == ["extractor, 1800 steps", "detector, 1800 steps"]
    assert [len(ax.lines) for ax in axes.values()] == [6, 1]
    # The middle seed is the mean, which goes from 1 to 0.
    falling = axes["extractor, 1800 steps"].lines[4].get_ydata()
    assert falling == pytest.approx(np.linspace(1, 0, 20))
    assert axes["detector, 1800 steps"].get_title().endswith("1800 steps\ntraining still falls")
    assert list(panels(further)) == ["extractor adapted, 1800 steps"]


def test_panels_of_one_title_say_how_many_clips_were_occluded(full):
    trainings = [recorded("Baseline-2", hidden=share) for share in (0.5, 1.0)]
    (drawn,) = drawn_by("training-curves", replace(full((0,)), trainings=(*trainings,)))
    titles = [" ".join(ax.get_title().split("\n")) for ax in drawn.axes if ax.axison]
    assert [title.split(", 1800")[0] for title in titles] == [
        "Baseline-2 (50% occluded)",
        "Baseline-2 (100% occluded)",
    ]
