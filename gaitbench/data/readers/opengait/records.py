"""What every known data set is: how its files are named, and how its probes meet its gallery.

One entry per data set; `gaitbench.data.rules.Rules` is what is kept with the imported data. Where
OpenGait covers a data set, the entry was compared with its public evaluation (github.com/ShiqiYu/OpenGait:
`opengait/evaluation/evaluator.py`, `datasets/*/README.md`, `configs/`).
"""

from dataclasses import dataclass
from typing import Literal

from gaitbench.core.errors import UnknownNameError
from gaitbench.data.rules import Rules, Search

_EVALUATOR = "OpenGait's opengait/evaluation/evaluator.py"


@dataclass(frozen=True)
class Record:
    """A data set in OpenGait's layout.

    Args:
        name: As given to `--dataset`; also the name in tables.
        title: As its authors write it.
        rules: How probes meet the gallery.
        sides: What says of a test clip which side it is on: its condition (the patterns of the rules'
            searches), the partition's PROBE_SET (all others are the gallery), or a table of pairs.
        submission: How a server that keeps the answers compares; None if nothing is submitted.
        submission_identity: Folder in which clips of unknown people lie.
        patterns: Names of the file with aligned silhouettes, where a folder holds several.
        recording: What one walk is: all views of an identity's condition, or every clip by itself.
        camera_before: The view is what stands before the first of these characters; "" for all of it.
        left_out_views: Views in which test clips take part in no search.
    """

    name: str
    title: str
    rules: Rules
    sides: Literal["conditions", "probe-set", "pairs"] = "conditions"
    submission: Rules | None = None
    submission_identity: str = ""
    patterns: tuple[str, ...] = ()
    recording: Literal["condition", "clip"] = "condition"
    camera_before: str = ""
    left_out_views: tuple[str, ...] = ()

    def view(self, folder: str) -> str:
        """Return the camera that a view folder stands for."""
        return folder.split(self.camera_before)[0] if self.camera_before else folder


def _across_views(name: str, probes: str, gallery: tuple[str, ...], **more: object) -> Search:
    """A search as indoor data sets make it: view by view, never in the probe's own view."""
    return Search.model_validate(
        {
            "name": name,
            "probes": probes.split(),
            "gallery": gallery,
            "by_view": True,
            "excluded": "same-view",
            **more,
        }
    )


def _as_reid(search: Search) -> Search:
    """The same search as person re-identification makes it: all views pooled."""
    return Search(
        name=f"{search.name} Re-ID",
        probes=search.probes,
        gallery=search.gallery,
        excluded="same-view-mates",
        headline=False,
        metrics=("rank_1", "map", "minp"),
    )


_CASIA_B = Record(
    name="casia-b",
    title="CASIA-B",
    rules=Rules(
        name="casia-b",
        source="Yu et al., ICPR 2006; galleries and probes of Chao et al., GaitSet, AAAI 2019, as in "
        f"{_EVALUATOR} (single-view gallery)",
        searches=(
            _across_views("NM", "nm-0[56]", ("nm-0[1-4]",)),
            _across_views("BG", "bg-0[12]", ("nm-0[1-4]",)),
            _across_views("CL", "cl-0[12]", ("nm-0[1-4]",)),
        ),
    ),
)

_OU_MVLP = Record(
    name="oumvlp",
    title="OU-MVLP",
    rules=Rules(
        name="oumvlp",
        source=f"Takemura et al., IPSJ TCVA 2018, as in {_EVALUATOR} (single-view gallery)",
        searches=(_across_views("NM", "00", ("01",)),),
    ),
)

_CASIA_E = Record(
    name="casia-e",
    title="CASIA-E",
    rules=Rules(
        name="casia-e",
        source="Song et al., TPAMI 2023; OpenGait's harder division (datasets/CASIA-E/README.md) as in "
        f"{_EVALUATOR}, which leaves out view 270",
        searches=tuple(
            _across_views(
                kind.upper(),
                f"[HL]-scene2-{kind}-[12] [HL]-scene3-{kind}-[12] [HL]-scene3_s-{kind}-[12]",
                ("[HL]-scene1-nm-[12]",),
            )
            for kind in ("nm", "bg", "cl")
        ),
    ),
    left_out_views=("270",),
)

_SUSTECH1K_KINDS = {
    "Normal": "*01-nm*",
    "Bag": "*bg*",
    "Clothing": "*cl*",
    "Carrying": "*cr*",
    "Umbrella": "*ub*",
    "Uniform": "*uf*",
    "Occlusion": "*oc*",
    "Night": "*nt*",
}

_SUSTECH1K = Record(
    name="sustech1k",
    title="SUSTech1K",
    rules=Rules(
        name="sustech1k",
        source=f"Shen et al., LidarGait, CVPR 2023, as in {_EVALUATOR}: a condition belongs to a search if "
        "it contains the search's letters. The headline is Overall, the paper's own summary over all "
        "probes; a clip under several conditions counts in each of its searches",
        searches=(
            *(
                _across_views(name, kind, ("*00-nm*",), headline=False)
                for name, kind in _SUSTECH1K_KINDS.items()
            ),
            _across_views(
                "Overall", "*01* *02* *03* *04*", ("*00-nm*",), metrics=("rank_1", "rank_5")
            ),
        ),
    ),
    # The folder also holds LiDAR and camera data, and all of it a second time, synchronised.
    patterns=("[0-9][0-9]-[0-9]*-Camera-Sils_aligned.pkl",),
)

_CCPG_GAIT = (
    _across_views("CL", "U0_D0_BG U0_D0", ("U1_D1", "U2_D2", "U3_D3")),
    _across_views("UP", "U3_D3", ("U0_D3",)),
    _across_views("DN", "U1_D0", ("U1_D1",)),
    _across_views("BG", "U0_D0_BG", ("U0_D0",)),
)

_CCPG = Record(
    name="ccpg",
    title="CCPG",
    rules=Rules(
        name="ccpg",
        source=f"Li et al., CVPR 2023, as in {_EVALUATOR}: the gait protocol compares view by view, the "
        "Re-ID protocol in all views but the mates' own; the headline is the gait protocol",
        searches=(*_CCPG_GAIT, *map(_as_reid, _CCPG_GAIT)),
    ),
    patterns=("*-aligned-sils.pkl",),
    camera_before="_",
)

_GAIT3D = Record(
    name="gait3d",
    title="Gait3D",
    rules=Rules(
        name="gait3d",
        source=f"Zheng et al., CVPR 2022, as in {_EVALUATOR}: probes are the partition's PROBE_SET, the "
        "gallery is the rest of the test set; no pair is left out",
        searches=(Search(metrics=("rank_1", "rank_5", "map", "minp")),),
        exclude_same_recording=False,
    ),
    sides="probe-set",
    patterns=("sils-*.pkl",),
    recording="clip",
)

_GREW = Record(
    name="grew",
    title="GREW",
    rules=Rules(
        name="grew-local",
        source="Zhu et al., ICCV 2021; the local protocol of OpenGait (datasets/GREW/README.md), because "
        "the competition's server keeps the official answers: of a test identity's two clips 01 is "
        "gallery and 02 is probe",
        searches=(
            Search(
                probes=("02",),
                gallery=("01",),
                metrics=("rank_1", "rank_5", "rank_10", "rank_20"),
            ),
        ),
        exclude_same_recording=False,
    ),
    submission=Rules(
        name="grew-official",
        source=f"Zhu et al., ICCV 2021, as in {_EVALUATOR} (submission): both clips of every test identity "
        "are the gallery, probes are clips of unknown people, named by their view folder",
        searches=(
            Search(
                probes=("03",),
                gallery=("01", "02"),
                metrics=("rank_1", "rank_5", "rank_10", "rank_20"),
            ),
        ),
        exclude_same_recording=False,
    ),
    submission_identity="probe",
    recording="clip",
)

_BRIAR = Record(
    name="briar",
    title="BRIAR",
    rules=Rules(
        name="briar",
        source="Cornett et al., WACVW 2023; probes and galleries are those of the table that --pairs "
        "names, since the lists are not public",
        searches=(Search(metrics=("tar_far_0.01", "tar_far_0.001", "rank_1", "rank_20")),),
        exclude_same_recording=False,
    ),
    sides="pairs",
    recording="clip",
)

RECORDS = {
    record.name: record
    for record in (
        _CASIA_B,
        _OU_MVLP,
        _GAIT3D,
        _GREW,
        _SUSTECH1K,
        _CCPG,
        _CASIA_E,
        _BRIAR,
    )
}


def get_record(name: str) -> Record:
    """Return the record of a data set; capitals and hyphens in its name do not matter.

    >>> get_record("OU-MVLP").name, get_record("casia-b").name, get_record("CASIAB").name
    ('oumvlp', 'casia-b', 'casia-b')

    Raises:
        UnknownNameError: If there is none of this name.
    """
    plain = {key.replace("-", ""): record for key, record in RECORDS.items()}
    try:
        return plain[name.lower().replace("-", "")]
    except KeyError:
        raise UnknownNameError("OpenGait data set", name, RECORDS) from None
