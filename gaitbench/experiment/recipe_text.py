"""Recipes in words, for `gaitbench run --dry-run` and for docs/recipes.md.

`python -m gaitbench.experiment.recipe_text > docs/recipes.md` writes the document anew.
"""

import sys
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gaitbench.experiment.recipes import FURTHER_STEPS, Book, RecipeEntry, book_names
from gaitbench.training.augmentations import Augmentation
from gaitbench.training.recipe import Recipe

if TYPE_CHECKING:
    from gaitbench.experiment.bench import Bench
    from gaitbench.experiment.cells import Cell
    from gaitbench.training.stage import Stage

COLUMNS = 100
MARGIN = 16

_TITLES = {
    "extractor": "extractor on whole clips",
    "occluded": "stages on occluded clips",
    "detector": "occlusion detectors",
    "adaptation": "further training on a new type",
    "detector_adaptation": "further training of detectors",
}
_OWN_LOSSES = ("detector", "detector_adaptation")


def plan_text(bench: "Bench", cells: "Iterable[Cell]") -> list[str]:
    """Return what every stage of a run trains with, and where the numbers come from."""
    used: dict[tuple[str, str], Stage] = {}
    for cell in cells:
        for stage in cell.evaluation.stage.all_stages():
            used.setdefault((cell.backbone, _kind(stage)), stage)
    lines: list[str] = []
    for (backbone, kind), stage in sorted(used.items(), key=_order):
        lines.append(f"{backbone}: {_TITLES[kind]}")
        if stage.steps:
            sources = bench.preset_of(backbone).sources
            lines += _recipe_rows(stage.recipe, stage.data.height, stage.data.width, kind)
            lines += _rows("source", sources.get(kind, (f"preset {bench.experiment.preset}",)))
        else:
            lines += _row("weights", "from a file; nothing is trained")
        lines.append("")
    return lines


def _kind(stage: "Stage") -> str:
    """Return which of the preset's recipes a stage has."""
    if stage.learns_types:
        return "detector" if stage.initial is None else "detector_adaptation"
    if stage.initial is not None:
        return "adaptation"
    return "occluded" if stage.mix.share else "extractor"


def _order(used: "tuple[tuple[str, str], Stage]") -> tuple[str, int]:
    (backbone, kind), _ = used
    return backbone, list(_TITLES).index(kind)


def _recipe_rows(recipe: Recipe, height: int, width: int, field: str) -> list[str]:
    losses_said = "the detector's own" if field in _OWN_LOSSES else losses(recipe)
    if field in ("occluded", "adaptation"):
        losses_said += "; MimicGait: its distillation instead"
    return [
        *_row("optimiser", optimiser(recipe)),
        *_row("schedule", schedule(recipe)),
        *_row("batch", f"{batch(recipe)}, {height}×{width} pixels"),
        *_row("augmentation", augmentation(recipe)),
        *_row("losses", losses_said),
    ]


def _row(name: str, text: str) -> list[str]:
    lines = textwrap.wrap(text, COLUMNS - MARGIN, break_long_words=False, break_on_hyphens=False)
    return [f"  {name if i == 0 else '':{MARGIN - 2}}{line}" for i, line in enumerate(lines)]


def _rows(name: str, texts: Iterable[str]) -> list[str]:
    rows: list[str] = []
    for text in texts:
        rows += _row("" if rows else name, text)
    return rows


def optimiser(recipe: Recipe) -> str:
    """Return the optimiser with its numbers."""
    text = f"{recipe.optimiser} {recipe.learning_rate:g}"
    if recipe.optimiser == "sgd":
        text += f", momentum {recipe.momentum:g}"
    text += f", weight decay {recipe.weight_decay:g}" if recipe.weight_decay else ""
    paces = [
        f"{g.match or 'other weights'}: learning rate × {g.learning_rate:g}, decay × {g.weight_decay:g}"
        for g in recipe.weight_groups
        if (g.learning_rate, g.weight_decay) != (1, 1)
    ]
    return "; ".join([text, *paces])


def schedule(recipe: Recipe) -> str:
    """Return the number of steps and what the learning rate does."""
    text = f"{recipe.steps:,} steps, "
    if recipe.schedule == "milestones" and recipe.milestones:
        after = ", ".join(f"{m:,}" for m in recipe.milestones)
        return f"{text}× {recipe.gamma:g} after {after}"
    if recipe.schedule == "cosine":
        end = recipe.cosine_steps or recipe.steps
        held = f", every {recipe.hold:,} steps" if recipe.hold > 1 else ""
        return f"{text}cosine to {recipe.final_learning_rate:g} at {end:,}{held}"
    if recipe.schedule == "one-cycle":
        return f"{text}warm-up over a tenth, then cosine to 0"
    return f"{text}constant"


def batch(recipe: Recipe) -> str:
    """Return identities, clips and frames."""
    return f"{recipe.identities} identities × {recipe.clips} clips × {frames(recipe)}"


def frames(recipe: Recipe) -> str:
    """Return how many frames of a clip, and which."""
    low, high = recipe.lengths or (recipe.frames, recipe.frames)
    count = f"{low}" if low == high else f"{low}–{high}"
    skip = f" of {recipe.frames + recipe.skip}" if recipe.skip else ""
    return f"{count} {recipe.sampler} frames{skip}" if high > 1 else f"1 frame{skip}"


def augmentation(recipe: Recipe) -> str:
    """Return the augmentations with their probabilities."""
    return ", ".join(_augmentation(step) for step in recipe.augment) or "none"


def _augmentation(step: Augmentation) -> str:
    detail = ""
    if step.name == "rotate":
        detail = f" (± {step.degrees:g}°)"
    elif step.name == "erase":
        detail = f" ({step.area[0]:.0%}–{step.area[1]:.0%} of the frame)"
    return f"{step.name} {step.probability:.0%}{detail}"


def losses(recipe: Recipe) -> str:
    """Return the losses with their weights."""
    terms = []
    if recipe.triplet_weight:
        own = ", self too" if recipe.self_positive else ""
        terms.append(f"{_weight(recipe.triplet_weight)}triplet (margin {recipe.margin:g}{own})")
    if recipe.cross_entropy_weight:
        smooth = f", smoothing {recipe.label_smoothing:g}" if recipe.label_smoothing else ""
        scale = f"scale {recipe.cross_entropy_scale:g}"
        terms.append(f"{_weight(recipe.cross_entropy_weight)}cross-entropy ({scale}{smooth})")
    return " + ".join(terms)


def _weight(weight: float) -> str:
    return "" if weight == 1 else f"{weight:g} × "


INTRODUCTION = f"""# Training recipes

`--preset paper` trains every backbone as published for the data set. The numbers are data:
`gaitbench/experiment/presets/recipes/<backbone>.toml`, with the source of each one. This page shows them
all; it is written by `python -m gaitbench.experiment.recipe_text > docs/recipes.md`, and a test compares
the two.
`gaitbench run --preset paper --backbone NAME --dataset FOLDER --dry-run` shows what a run would use.

- A data set is known by its rules (see its `meta.json`), then by its name. One without a recipe gets the
  backbone's default, at the preset's 64×44 pixels, and the plan says so.
- All methods of a run share one recipe on occluded clips: the backbone's. How the released code of the
  papers trains them stands below each table as a fact; none of those numbers is used.
- Further training on a new type takes {FURTHER_STEPS:.0%} of the steps (MimicGait, WACV 2025, section 4)
  at a tenth of the learning rate.

What is different from OpenGait, whatever the recipe:

- bfloat16 instead of float16 with loss scaling (`precision` in a recipe; "fp32" for none).
- Variable lengths are drawn once for a batch; OpenGait draws them for each clip.
- Silhouettes are binary: augmented clips are cut off at one half again, and all that moves a clip is
  sampled once. OpenGait samples after each augmentation and keeps grey levels.
- Rotation is about the middle of the frame; OpenGait exchanges rows and columns of the centre.
- A triplet's anchor is not its own positive (`--positives self-too` for OpenGait's reading).
- A sequence that is too short for a clip is walked through again from its first frame; OpenGait starts
  anywhere in its repetitions.
"""


def document() -> str:
    """Return docs/recipes.md."""
    parts = [INTRODUCTION, *(_chapter(name, Book.load(name)) for name in book_names())]
    return "\n".join(parts)


def _chapter(name: str, book: Book) -> str:
    lines = [f"## {book.title} (`{name}`)", ""]
    lines.append(f"Default: the recipe for {book.data[book.default].title}, {book.default_reason}.")
    lines += [
        "",
        "| data set | optimiser | schedule | batch | augmentation | losses | frames | network |",
    ]
    lines += ["|---|---|---|---|---|---|---|---|"]
    lines += [_table_row(entry) for entry in book.data.values()]
    lines += ["", "Sources:", ""]
    shared = _shared_sources(book)
    for entry in book.data.values():
        lines += _source_lines(entry, shared)
    lines += [f"- For all that say no other: {line}" for line in shared]
    lines += ["", "No recipe:", ""]
    lines += [f"- {name}: {why}." for name, why in book.missing.items()]
    facts = [(entry, fact) for entry in book.data.values() for fact in entry.released]
    if facts:
        lines += ["", "Released code for methods under occlusion:", ""]
        lines += ["| data set | method | steps | optimiser | P × K | other differences | source |"]
        lines += ["|---|---|---|---|---|---|---|"]
    for entry, fact in facts:
        lines.append(
            f"| {entry.title} | {fact.method} | {fact.steps:,} | {fact.optimiser} "
            f"{fact.learning_rate:g} | {fact.identities} × {fact.clips} | {fact.note or '–'} | "
            f"{fact.source} |"
        )
    return "\n".join(lines) + "\n"


def _table_row(entry: RecipeEntry) -> str:
    recipe = entry.recipe
    network = ", ".join(f"{k} = {_plain(v)}" for k, v in entry.options.items()) or "defaults"
    cells = [
        entry.title,
        optimiser(recipe),
        schedule(recipe),
        batch(recipe),
        augmentation(recipe),
        losses(recipe),
        f"{entry.frame[0]}×{entry.frame[1]}",
        network,
    ]
    # A weight group's expression may hold the bar that ends a cell.
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _shared_sources(book: Book) -> list[str]:
    """Return what several data sets say of their sources, each once."""
    lines = [line for entry in book.data.values() for line in _field_sources(entry)]
    return [line for line in dict.fromkeys(lines) if lines.count(line) > 1]


def _field_sources(entry: RecipeEntry) -> list[str]:
    return [f"`{field}`: {source}" for field, source in entry.sources.items()]


def _source_lines(entry: RecipeEntry, shared: list[str]) -> list[str]:
    lines = [f"- {entry.title}: {entry.source}"]
    lines += [f"  - {line}" for line in _field_sources(entry) if line not in shared]
    lines += [f"  - Differs: {note}" for note in entry.notes]
    return lines


if __name__ == "__main__":
    sys.stdout.write(document())
