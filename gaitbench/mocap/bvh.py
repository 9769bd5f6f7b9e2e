"""Reading BVH motion capture files: hierarchy, motion values, and where the joints are.

Nothing here knows what a joint is called, which way is up or how long a metre is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import DataError

CHANNELS = ("Xposition", "Yposition", "Zposition", "Xrotation", "Yrotation", "Zrotation")
# Writers disagree about capitals ("XROTATION"), never about the words.
_CHANNEL_OF = {name.lower(): name for name in CHANNELS}


@dataclass(frozen=True)
class Joint:
    """One joint or end site of the hierarchy.

    Args:
        name: As in the file; an end site has the name of its joint and " end".
        parent: Index of the parent joint, which comes earlier; -1 for a root.
        offset: Where it sits in the parent's frame, in the file's unit.
        channels: Names from `CHANNELS`, in the order of the file.
        first_channel: Column of its first channel among the motion values.
        is_end: Whether it is an end site.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]
    first_channel: int
    is_end: bool


@dataclass(frozen=True, eq=False)
class Bvh:
    """A motion capture file.

    Args:
        joints: Parents before children.
        values: Float [t, channels], degrees and the file's unit of length.
        frame_time: Seconds from one frame to the next, positive.
    """

    joints: tuple[Joint, ...]
    values: Doubles
    frame_time: float

    def positions(self) -> Doubles:
        """Return where every joint is: [t, joints, 3] in the file's axes and unit.

        Position channels replace the OFFSET. A root's OFFSET is ignored altogether: it says where
        the person stood when the skeleton was made, and the positions are not relative to it.
        """
        frames = len(self.values)
        places = np.empty((frames, len(self.joints), 3))
        turns = np.empty((frames, len(self.joints), 3, 3))
        for index, joint in enumerate(self.joints):
            local = self._local_positions(joint)
            turn = self._local_rotations(joint)
            if joint.parent < 0:
                places[:, index], turns[:, index] = local, turn
                continue
            parent = turns[:, joint.parent]
            places[:, index] = places[:, joint.parent] + np.einsum("tij,tj->ti", parent, local)
            turns[:, index] = parent @ turn
        return places

    def _local_positions(self, joint: Joint) -> Doubles:
        local = np.zeros((len(self.values), 3))
        if joint.parent >= 0:
            local += joint.offset
        for column, channel in enumerate(joint.channels, joint.first_channel):
            if channel.endswith("position"):
                local[:, "XYZ".index(channel[0])] = self.values[:, column]
        return local

    def _local_rotations(self, joint: Joint) -> Doubles:
        turn = np.broadcast_to(np.eye(3), (len(self.values), 3, 3))
        for column, channel in enumerate(joint.channels, joint.first_channel):
            if channel.endswith("rotation"):
                turn = turn @ axis_rotation("XYZ".index(channel[0]), self.values[:, column])
        return turn


def axis_rotation(axis: int, degrees: Doubles) -> Doubles:
    """Return right-handed rotations about axis 0, 1 or 2 by angles [t], as matrices [t, 3, 3]."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.zeros((len(degrees), 3, 3))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn[:, axis, axis] = 1.0
    turn[:, first, first] = turn[:, second, second] = cos
    turn[:, first, second], turn[:, second, first] = -sin, sin
    return turn


def read_bvh(path: Path, *, source: str = "") -> Bvh:
    """Read a BVH file.

    Args:
        path: The file.
        source: What to call it in messages; the path if empty.

    Raises:
        DataError: If it cannot be read or is not a whole BVH file.
    """
    try:
        # Bytes that are not UTF-8 can only be in joint names; they do not spoil a recording.
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise DataError(f"{source or path} cannot be read: {error.strerror or error}.") from error
    return parse_bvh(text, source=source or str(path))


def parse_bvh(text: str, *, source: str) -> Bvh:
    """Parse the text of a BVH file.

    Args:
        text: The whole file, with any line ends.
        source: What to call it in messages.

    Raises:
        DataError: If it is empty, has no hierarchy or motion, names an unknown channel, holds a
            malformed number, a frame time that is not positive, or more or fewer values than its
            header announces.
    """
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise DataError(f"{source} is empty. Export or download the recording again.")
    start = next((n for n, line in enumerate(lines) if line.strip().upper() == "MOTION"), None)
    if start is None:
        raise DataError(
            f"{source} has no MOTION part: it is not a BVH file, or it is cut short after "
            f"{len(lines)} lines. Export or download the recording again."
        )
    joints = _HierarchyReader(lines[:start], source).read()
    values, frame_time = _read_motion(lines, start + 1, joints, source)
    return Bvh(joints, values, frame_time)


class _HierarchyReader:
    """Reads the part before MOTION token by token, because braces stand where the writer likes."""

    def __init__(self, lines: list[str], source: str) -> None:
        self.source = source
        # A brace may touch the word beside it.
        self.tokens: list[tuple[str, int]] = [
            (token, number)
            for number, line in enumerate(lines, 1)
            for token in re.findall(r"[{}]|[^\s{}]+", line)
        ]
        self.at = 0
        self.joints: list[Joint] = []
        self.columns = 0

    def read(self) -> tuple[Joint, ...]:
        if not self.tokens or self._take().upper() != "HIERARCHY":
            raise DataError(f"{self.source} does not start with HIERARCHY: it is not a BVH file.")
        open_joints: list[int] = []
        while self.at < len(self.tokens):
            word = self._take()
            if word == "}":
                if not open_joints:
                    raise self._error("a '}' closes nothing")
                open_joints.pop()
            elif word.upper() in ("ROOT", "JOINT", "END"):
                open_joints.append(self._read_joint(word.upper(), open_joints))
            else:
                raise self._error(f"{word!r} stands where ROOT, JOINT, End Site or '}}' should")
        if open_joints:
            raise self._error(f"the joint {self.joints[open_joints[-1]].name!r} is never closed")
        if not self.columns:
            raise self._error("no joint has channels")
        return tuple(self.joints)

    def _read_joint(self, kind: str, open_joints: list[int]) -> int:
        parent = open_joints[-1] if open_joints else -1
        name = self._read_name()
        if (parent < 0) != (kind == "ROOT"):
            raise self._error(
                f"{kind} {name} stands {'outside' if parent < 0 else 'inside'} a joint"
            )
        if kind == "END":
            name = f"{self.joints[parent].name} end"
        offset: tuple[float, float, float] | None = None
        channels: tuple[str, ...] = ()
        while self.at < len(self.tokens) and self._peek() in ("OFFSET", "CHANNELS"):
            if self._take().upper() == "OFFSET":
                offset = (self._number(), self._number(), self._number())
            else:
                channels = self._read_channels(name)
        if offset is None:
            raise self._error(f"the joint {name!r} has no OFFSET")
        self.joints.append(
            Joint(name, parent, offset, channels, self.columns, is_end=kind == "END")
        )
        self.columns += len(channels)
        return len(self.joints) - 1

    def _read_name(self) -> str:
        # 3ds Max writes names with spaces ("Bip01 L Thigh").
        words = []
        while (word := self._take()) != "{":
            words.append(word)
        return " ".join(words)

    def _read_channels(self, joint: str) -> tuple[str, ...]:
        count = self._number()
        if count != int(count) or not 0 <= count <= len(CHANNELS):
            raise self._error(f"the joint {joint!r} announces {count:g} channels")
        channels = []
        for _ in range(int(count)):
            word = self._take()
            if word.lower() not in _CHANNEL_OF:
                raise self._error(
                    f"the joint {joint!r} has an unknown channel {word!r}; "
                    f"known: {', '.join(CHANNELS)}"
                )
            channels.append(_CHANNEL_OF[word.lower()])
        return tuple(channels)

    def _number(self) -> float:
        word = self._take()
        try:
            return _finite(word)
        except ValueError:
            raise self._error(f"{word!r} is not a number") from None

    def _peek(self) -> str:
        return self.tokens[self.at][0].upper()

    def _take(self) -> str:
        if self.at >= len(self.tokens):
            raise self._error("the hierarchy is cut short")
        self.at += 1
        return self.tokens[self.at - 1][0]

    def _error(self, what: str) -> DataError:
        line = self.tokens[self.at - 1][1]
        return DataError(
            f"{self.source}, line {line}: {what}. Export or download the recording again."
        )


def _read_motion(
    lines: list[str], first: int, joints: tuple[Joint, ...], source: str
) -> tuple[Doubles, float]:
    rows = ((n, line) for n, line in enumerate(lines[first:], first + 1) if line.strip())
    frames = _header_number(rows, "Frames", source)
    frame_time = _header_number(rows, "Frame Time", source)
    if frames != int(frames) or frames < 1:
        raise DataError(f"{source}: Frames is {frames:g}, but a recording has at least one frame.")
    if frame_time <= 0:
        raise DataError(
            f"{source}: Frame Time is {frame_time:g} s, but it must be positive. "
            "Write the seconds between two frames, such as 0.0333333 for 30 frames per second."
        )
    flat = _numbers(rows, source)
    channels = sum(len(joint.channels) for joint in joints)
    n_values = int(frames) * channels
    if len(flat) != n_values:
        problem = "is cut short" if len(flat) < n_values else "holds too much"
        raise DataError(
            f"{source} {problem}: its header announces {int(frames)} frames of {channels} values, "
            f"{n_values} in all, but it has {len(flat)} ({len(flat) / channels:g} frames). "
            "Export or download the recording again."
        )
    return flat.reshape(int(frames), channels), frame_time


def _header_number(rows: Iterator[tuple[int, str]], name: str, source: str) -> float:
    number, line = next(rows, (0, ""))
    before, _, after = line.partition(":")
    if " ".join(before.split()).lower() != name.lower():
        where = f"line {number}" if number else "its end"
        raise DataError(f"{source}: {where} should be '{name}: …', but is {line.strip()[:40]!r}.")
    try:
        return _finite(after.strip())
    except ValueError:
        raise DataError(f"{source}, line {number}: {after.strip()!r} is not a number.") from None


def _numbers(rows: Iterator[tuple[int, str]], source: str) -> Doubles:
    """Return all motion values in one row; a line may hold less or more than one frame."""
    parts = []
    for number, line in rows:
        words = line.split()
        try:
            part = np.array(words, np.float64)
            if not np.isfinite(part).all():
                raise ValueError
        except ValueError:
            word = next(word for word in words if not _is_number(word))
            raise DataError(
                f"{source}, line {number}: {word!r} is not a number. Motion values are written "
                "like -12.5, with a point."
            ) from None
        parts.append(part)
    return np.concatenate(parts) if parts else np.empty(0)


def _is_number(word: str) -> bool:
    try:
        _finite(word)
    except ValueError:
        return False
    return True


def _finite(word: str) -> float:
    number = float(word)
    if not np.isfinite(number):
        raise ValueError(word)
    return number


def ancestors(joints: Sequence[Joint], index: int) -> list[int]:
    """Return the joints from the parent of one up to its root."""
    line = []
    while (index := joints[index].parent) >= 0:
        line.append(index)
    return line


def descendants(joints: Sequence[Joint], index: int) -> list[int]:
    """Return the joints and end sites below one, in the order of the file."""
    return [lower for lower in range(len(joints)) if index in ancestors(joints, lower)]
