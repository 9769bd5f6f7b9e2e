"""Which joint of a motion capture file is which: names in the dialects of the common programs."""

import itertools
import re
from collections.abc import Sequence

from gaitbench.core.errors import DataError
from gaitbench.mocap.bvh import Joint, ancestors

# What the joint at the upper end of a bone is called, the most telling name first: "LeftShoulder"
# is the shoulder where there is no "LeftArm" and the collar bone where there is one, and "LeftFoot"
# is the ankle unless there is a "LeftAnkle".
_MIDDLE_NAMES = {"neck": ("neck", "lowerneck"), "head": ("head",)}
_SIDE_NAMES = {
    "hip": ("upleg", "upperleg", "legupper", "thigh", "femur", "hip", "leg"),
    "knee": ("lowleg", "lowerleg", "leglower", "shin", "shank", "calf", "tibia", "knee", "leg"),
    "ankle": ("ankle", "foot"),
    "toe": ("toebase", "toe", "toes", "ball", "foot"),
    "shoulder": ("uparm", "upperarm", "armupper", "humerus", "shldr", "arm", "shoulder"),
    "elbow": ("forearm", "lowarm", "lowerarm", "armlower", "radius", "elbow"),
    "wrist": ("wrist", "hand"),
}
_CHAINS = (("hip", "knee", "ankle", "toe"), ("shoulder", "elbow", "wrist"))
_OPTIONAL = ("neck", "head", "l_toe", "r_toe", "l_wrist", "r_wrist")
_KNOWN_PREFIXES = re.compile(r"^(mixamorig\d*|(valvebiped)?bip\d+|ccbase|character\d+|jbip)")


def find_joints(joints: Sequence[Joint], *, source: str) -> dict[str, int]:
    """Return which joint is the hip, knee and so on, by its name in any of the common dialects.

    Args:
        joints: The hierarchy.
        source: What to call it in messages.

    Returns:
        Indices by role: "l_hip", "l_knee", "l_ankle", "l_shoulder", "l_elbow", the same with "r_",
        at least one of "neck" and "head"; "l_wrist", "l_toe", "r_wrist", "r_toe" if they exist.

    Raises:
        DataError: If one that is needed has no known name, or a limb is not one chain of joints.
    """
    names = _plain_names(joints)
    indices: dict[str, int] = {}
    for role, words in _MIDDLE_NAMES.items():
        _assign(indices, role, [form for w in words for form in (w, f"c{w}")], names)
    for long, short in (("left", "l"), ("right", "r")):
        # From the far end: a bare "leg" or "foot" belongs to whoever has no better name.
        for part in ("elbow", "shoulder", "wrist", "ankle", "toe", "knee", "hip"):
            forms = [
                form
                for word in _SIDE_NAMES[part]
                for form in (long + word, word + long, short + word, word + short)
            ]
            _assign(indices, f"{short}_{part}", forms, names)
    _check_joints(indices, joints, source)
    return indices


def _plain_names(joints: Sequence[Joint]) -> dict[str, int]:
    """Return joints by the letters and digits of their names, without what all names share."""
    bare = {
        index: re.sub(r"[^a-z0-9]", "", re.split(r"[:|]", joint.name)[-1].lower())
        for index, joint in enumerate(joints)
        if not joint.is_end
    }
    inner = [name for index, name in bare.items() if joints[index].parent >= 0]
    same = itertools.takewhile(lambda column: len(set(column)) == 1, zip(*inner, strict=False))
    shared = len(list(same)) if len(inner) > 1 else 0
    names: dict[str, int] = {}
    for index, name in bare.items():
        cut = name[shared:] if joints[index].parent >= 0 else name
        names.setdefault(_KNOWN_PREFIXES.sub("", cut), index)
    # "LeftShoulder1" counts as "LeftShoulder" where nothing else is called so.
    for name, index in list(names.items()):
        names.setdefault(name.rstrip("0123456789"), index)
    return names


def _assign(indices: dict[str, int], role: str, forms: list[str], names: dict[str, int]) -> None:
    taken = set(indices.values())
    index = next((names[f] for f in forms if f in names and names[f] not in taken), None)
    if index is not None:
        indices[role] = index


def _check_joints(indices: dict[str, int], joints: Sequence[Joint], source: str) -> None:
    sides = [f"{side}_{part}" for part in _SIDE_NAMES for side in "lr"]
    missing = [role for role in sides if role not in indices and role not in _OPTIONAL]
    if "neck" not in indices and "head" not in indices:
        missing.append("neck or head")
    if missing:
        raise DataError(
            f"{source}: no joint is known as {', '.join(missing)}. The file has "
            f"{', '.join(joint.name for joint in joints if not joint.is_end)}. "
            "Rename its joints as in 'LeftUpLeg', 'LeftLeg', 'LeftFoot', 'LeftArm', 'LeftForeArm'."
        )
    for side in "lr":
        for chain in _CHAINS:
            roles = [f"{side}_{part}" for part in chain if f"{side}_{part}" in indices]
            for upper, lower in itertools.pairwise(roles):
                if indices[upper] not in ancestors(joints, indices[lower]):
                    raise DataError(
                        f"{source}: {joints[indices[lower]].name!r} was taken for {lower} and "
                        f"{joints[indices[upper]].name!r} for {upper}, but the one does not hang on "
                        "the other. Rename the joints."
                    )
