"""What can be known of data and occlusions to fail before any work starts."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from gaitbench.core.errors import ProtocolError
from gaitbench.core.random_streams import stream
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.evaluation.pairs import check_mates
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell
from gaitbench.methods.extractor import ImportedExtractorStage
from gaitbench.occlusion.mix import Mix
from gaitbench.training.closed_form import ClosedFormStage
from gaitbench.training.stage import Stage


def check_data(bench: Bench, cells: Iterable[Cell], folders: Mapping[str, Path]) -> None:
    """Check the data sets that are there already; one that has to be built is checked after that.

    Raises:
        DataError: If a split is missing or frames cannot be brought to the preset's size.
        ConfigurationError: If there are too few identities for a batch.
        ProtocolError: If no probe can be found in the gallery, or training identities are tested.
    """
    from gaitbench.training.batches import IdentitySampler

    presets = [bench.preset_of(name) for name in bench.backbone_names()]
    opened = {
        source.key: Silhouettes.open(folders[source.key])
        for source in (bench.train, bench.test)
        if (folders[source.key] / "meta.json").is_file()
    }
    for data in opened.values():
        for preset in presets:
            data.check_size(preset.height, preset.width)
    if bench.train.key in opened:
        data = opened[bench.train.key]
        for stage in _made_here(cells):
            IdentitySampler(data, data.split("train"), stage.recipe)
            if isinstance(stage, ClosedFormStage):
                stage.check(data)
    if bench.test.key in opened:
        check_searches(opened[bench.test.key])
    if bench.train.key == bench.test.key and bench.train.key in opened:
        check_strangers(opened[bench.train.key])


def _made_here(cells: Iterable[Cell]) -> list[Stage]:
    """Return the stages that learn from the training split, one of each recipe; imported ones need none."""
    stages = [stage for cell in cells for stage in cell.evaluation.stage.all_stages()]
    learning = [s for s in stages if not isinstance(s, ImportedExtractorStage)]
    return list({(type(stage), stage.recipe): stage for stage in learning}.values())


def check_searches(data: Silhouettes) -> None:
    """Check that every search of the data set's own rules can recognise somebody.

    Raises:
        DataError: If a split is missing or the rules are not valid.
        ProtocolError: If a search has no probes, no gallery, or no probe with a mate.
    """
    probes, gallery = (data.table.iloc[data.split(f"test.{s}")] for s in ("probe", "gallery"))
    try:
        check_mates(probes, gallery, Rules.of(data.meta, data.name))
    except ProtocolError as error:
        raise ProtocolError(
            f"Data set {data.name!r}: {error} Look at it with 'gaitbench data check'."
        ) from error


def check_strangers(data: Silhouettes) -> None:
    """Check that nobody is trained on and tested.

    Raises:
        ProtocolError: If somebody is.
    """
    trained = set(data.table["identity"].iloc[data.split("train")])
    for name in ("test.probe", "test.gallery", "validation.probe", "validation.gallery"):
        shared = sorted(trained & set(data.table["identity"].iloc[data.splits.get(name, [])]))
        if shared:
            raise ProtocolError(
                f"Data set {data.name!r}: {len(shared)} identities are in both 'train' and {name!r}, "
                f"the first being {shared[0]!r}. Nobody may be trained on and tested; change splits.json."
            )


def check_occlusions(cells: Iterable[Cell]) -> None:
    """Draw every occlusion once, at the size of the clips that it will meet.

    Raises:
        PluginError: If a generator fails or returns a wrong shape.
    """
    for mix, frames, (height, width) in {
        occasion for cell in cells for occasion in _meetings(cell)
    }:
        for generator in mix.generators:
            generator.draw(stream(0, "check"), frames, height, width)


Occasion = tuple[Mix, int, tuple[int, int]]


def _meetings(cell: Cell) -> list[Occasion]:
    evaluation = cell.evaluation
    size = (evaluation.data.height, evaluation.data.width)
    tested = [(mix, evaluation.frames, size) for mix in (evaluation.probe, evaluation.gallery)]
    trained = [(s.mix, s.recipe.frames, size) for s in evaluation.stage.all_stages()]
    return tested + trained
