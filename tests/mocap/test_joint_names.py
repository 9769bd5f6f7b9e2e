from collections.abc import Sequence

import pytest

from gaitbench.core.errors import DataError
from gaitbench.mocap.bvh import Joint
from gaitbench.mocap.joint_names import find_joints

ROLES = ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist")
# Per dialect: root, the spine up to the shoulders, neck and head, then per side the leg from hip to
# toe and the arm from collar bone to wrist; "!" marks what is not the joint that its name suggests.
DIALECTS = {
    "MotionBuilder": (
        "Hips, Spine, Spine1, Neck, Head",
        "LeftUpLeg, LeftLeg, LeftFoot, LeftToeBase",
        "LeftShoulder!, LeftArm, LeftForeArm, LeftHand",
    ),
    "MotionBuilder with a slip": (
        "Hips, Spine, Spine1, , HEad",
        "LeftUpLeg, LeftLeg, LeftFoot, LeftToes",
        "LeftShoulder1!, LeftArm, LeftForeArm, LeftHand",
    ),
    "Mixamo": (
        "mixamorig:Hips, mixamorig:Spine, mixamorig:Spine1, mixamorig:Neck, mixamorig:Head",
        "mixamorig:LeftUpLeg, mixamorig:LeftLeg, mixamorig:LeftFoot, mixamorig:LeftToeBase",
        "mixamorig:LeftShoulder!, mixamorig:LeftArm, mixamorig:LeftForeArm, mixamorig:LeftHand",
    ),
    "Mixamo without colons": (
        "Armature, mixamorigSpine, mixamorigSpine1, mixamorigNeck, mixamorigHead",
        "mixamorigLeftUpLeg, mixamorigLeftLeg, mixamorigLeftFoot, mixamorigLeftToeBase",
        "mixamorigLeftShoulder!, mixamorigLeftArm, mixamorigLeftForeArm, mixamorigLeftHand",
    ),
    "joints of the body": (
        "Hips, Chest, Chest2, Neck, Head",
        "LeftHip, LeftKnee, LeftAnkle, LeftToe",
        "LeftCollar!, LeftShoulder, LeftElbow, LeftWrist",
    ),
    "Poser": (
        "hip, abdomen, chest, neck, head",
        "lThigh, lShin, lFoot, lToe",
        "lCollar!, lShldr, lForeArm, lHand",
    ),
    "Biped": (
        "Bip01, Bip01 Spine, Bip01 Spine1, Bip01 Neck, Bip01 Head",
        "Bip01 L Thigh, Bip01 L Calf, Bip01 L Foot, Bip01 L Toe0",
        "Bip01 L Clavicle!, Bip01 L UpperArm, Bip01 L Forearm, Bip01 L Hand",
    ),
    "game engine": (
        "pelvis, spine_01, spine_02, neck_01, head",
        "thigh_l, calf_l, foot_l, ball_l",
        "clavicle_l!, upperarm_l, lowerarm_l, hand_l",
    ),
    "Blender": (
        "spine, spine.001, spine.002, neck, head",
        "thigh.L, shin.L, foot.L, toe.L",
        "shoulder.L!, upper_arm.L, forearm.L, hand.L",
    ),
    "VRM": (
        "J_Bip_C_Hips, J_Bip_C_Spine, J_Bip_C_Chest, J_Bip_C_Neck, J_Bip_C_Head",
        "J_Bip_L_UpperLeg, J_Bip_L_LowerLeg, J_Bip_L_Foot, J_Bip_L_ToeBase",
        "J_Bip_L_Shoulder!, J_Bip_L_UpperArm, J_Bip_L_LowerArm, J_Bip_L_Hand",
    ),
    "ASF/AMC": (
        "root, lowerback, upperback, lowerneck, head",
        "lfemur, ltibia, lfoot, ltoes",
        "lclavicle!, lhumerus, lradius, lwrist",
    ),
    "SMPL": (
        "Pelvis, Spine1, Spine2, Neck, Head",
        "L_Hip, L_Knee, L_Ankle, L_Foot",
        "L_Collar!, L_Shoulder, L_Elbow, L_Wrist",
    ),
    "virtual world": (
        "mPelvis, mTorso, mChest, mNeck, mHead",
        "mHipLeft, mKneeLeft, mAnkleLeft, mFootLeft",
        "mCollarLeft!, mShoulderLeft, mElbowLeft, mWristLeft",
    ),
    "leg and shin": (
        "Root, Back, Chest, Neck, Head",
        "LeftLeg, LeftShin, LeftFoot, LeftToe",
        "LeftClavicle!, LeftUpperArm, LeftLowerArm, LeftHand",
    ),
}


def joints_of(*chains: Sequence[str]) -> tuple[Joint, ...]:
    """Joints from chains of names; a chain hangs on the joint that its first name repeats."""
    joints: list[Joint] = []
    for chain in chains:
        parent = -1
        for name in chain:
            known = [i for i, joint in enumerate(joints) if joint.name == name]
            if known and name == chain[0]:
                parent = known[0]
                continue
            joints.append(Joint(name, parent, (0.0, 1.0, 0.0), (), 0, is_end=False))
            parent = len(joints) - 1
    return tuple(joints)


def right(name: str) -> str:
    for left, other in (("Left", "Right"), ("left", "right"), ("_L_", "_R_"), (" L ", " R ")):
        if left in name:
            return name.replace(left, other)
    if name.endswith(("_l", ".L")):
        return name[:-1] + {"l": "r", "L": "R"}[name[-1]]
    return {"l": "r", "L": "R"}[name[0]] + name[1:]


def skeleton(dialect: str) -> tuple[tuple[Joint, ...], list[str], list[str]]:
    middle, leg, arm = ([n.strip() for n in part.split(",")] for part in DIALECTS[dialect])
    arm = [name.removesuffix("!") for name in arm]
    spine = [name for name in middle if name]
    sides = [
        [start, *map(side, chain)]
        for side in (str, right)
        for start, chain in ((middle[0], leg), (middle[2], arm))
    ]
    return joints_of(spine, *sides), leg + arm[1:], middle


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects(dialect):
    joints, names, middle = skeleton(dialect)
    found = {role: joints[i].name for role, i in find_joints(joints, source="a.bvh").items()}
    wanted = {f"l_{role}": name for role, name in zip(ROLES, names, strict=True)}
    wanted |= {f"r_{role}": right(name) for role, name in zip(ROLES, names, strict=True)}
    wanted |= {role: name for role, name in zip(("neck", "head"), middle[3:], strict=True) if name}
    assert found == wanted


def test_clavicle_and_shoulder_by_the_company_they_keep():
    middle = ("Hips", "Neck", "Head")
    legs = [("Hips", f"{s}Hip", f"{s}Knee", f"{s}Ankle") for s in ("Left", "Right")]
    arms = [("Hips", f"{s}Shoulder", f"{s}Elbow") for s in ("Left", "Right")]
    joints = joints_of(middle, *legs, *arms)
    found = find_joints(joints, source="a.bvh")
    assert joints[found["l_shoulder"]].name == "LeftShoulder"
    assert "l_toe" not in found
    assert "l_wrist" not in found


def test_what_is_missing_is_named():
    joints = joints_of(
        ("Hips", "Spine", "Skull"),
        ("Hips", "LeftUpLeg", "LeftLeg", "LeftFoot"),
        ("Spine", "LeftArm", "LeftForeArm"),
        ("Spine", "RightArm", "RightForeArm"),
    )
    message = (
        "a.bvh: no joint is known as r_hip, r_knee, r_ankle, neck or head. "
        "The file has Hips, Spine, Skull, LeftUpLeg"
    )
    with pytest.raises(DataError, match=message):
        find_joints(joints, source="a.bvh")


def test_a_file_of_something_else():
    with pytest.raises(DataError, match=r"l_hip, r_hip, l_knee.*The file has Camera"):
        find_joints(joints_of(("Camera",)), source="a.bvh")


def test_limbs_must_be_chains():
    joints = joints_of(
        ("Hips", "Neck"),
        *[("Hips", f"{s}Knee", f"{s}Hip", f"{s}Ankle") for s in ("Left", "Right")],
        *[("Neck", f"{s}Shoulder", f"{s}Elbow") for s in ("Left", "Right")],
    )
    with pytest.raises(DataError, match="'LeftKnee' was taken for l_knee and 'LeftHip' for l_hip"):
        find_joints(joints, source="a.bvh")
