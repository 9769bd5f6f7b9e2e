"""The one container for silhouettes: a table of sequences over bit-packed, memory-mapped frames.

A data set is a folder:

    meta.json       format version, name, frame size, hash of the frames, rules, source and licence
    sequences.csv   one row per sequence: sequence, identity, condition, view, recording, frames, offset
    splits.json     named index arrays into that table
    frames.npy      uint8 [all frames, ceil(h·w / 8)], rows packed with numpy.packbits

Opening reads the table and maps the frames; no frame is read before it is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import pd
from gaitbench.core.errors import DataError

FORMAT_VERSION = 2
COLUMNS = ("sequence", "identity", "condition", "view", "recording", "frames", "offset")
Representation = Literal["silhouettes", "energy-image"]
"""What networks see of a clip: every frame, or the mean of its frames as one grey frame, which says how
often the body covers a pixel (gait energy image: Han and Bhanu, TPAMI 2006)."""

Frames = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Silhouettes:
    """Binary silhouettes of many sequences.

    Args:
        name: Name of the data set, for tables and random streams.
        height: Rows of a frame as `unpack` gives it, in pixels.
        width: Columns of such a frame.
        table: One row per sequence, in order; columns `COLUMNS`. `identity` is "" where nobody but an
            official server knows who walks; `view` names the camera ("090" for 90 degrees where angles are
            known), `recording` the walk that was recorded: sequences of one walk seen by several cameras
            share it; `offset` is the row of the first frame in `packed`.
        packed: uint8 [all frames, ceil(h·w / 8)], of frames with all their columns.
        splits: Named index arrays into the table. Names with a meaning: "train", "validation.gallery",
            "validation.probe", "test.gallery", "test.probe", "submission.gallery", "submission.probe".
        meta: "fingerprint" (of the content), "rules" (how probes meet the gallery; "submission" for an
            official server), "source", "licence".
        cut: Columns that are left out on each side of the frames that are kept.
        shrink: By how much networks see frames reduced, after anything has hidden parts of them.
        averaged: Whether they see the mean of a clip's frames, one grey frame, see `Representation`.
    """

    name: str
    height: int
    width: int
    table: pd.DataFrame
    packed: Frames
    splits: Mapping[str, Indices]
    meta: Mapping[str, Any] = field(default_factory=dict)
    cut: int = 0
    shrink: int = 1
    averaged: bool = False

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a data set folder without reading frames.

        Raises:
            DataError: If it is not one, was made by another version, or is cut short.
        """
        try:
            meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise DataError(
                f"{folder}: not a gaitbench data set (no meta.json). Make one with "
                "'gaitbench data import-opengait', 'gaitbench data import-bvh' or 'gaitbench data walkers'."
            ) from error
        except (OSError, ValueError) as error:
            raise DataError(
                f"{folder}/meta.json cannot be read: {error}. Import it again."
            ) from error
        if not isinstance(meta, dict) or meta.get("format") != FORMAT_VERSION:
            version = meta.get("format") if isinstance(meta, dict) else meta
            raise DataError(
                f"{folder}: data format {version!r}, this gaitbench reads {FORMAT_VERSION}. "
                "Import it again with this version."
            )
        try:
            csv = (folder / "sequences.csv").read_text(encoding="utf-8")
            text = (folder / "splits.json").read_text(encoding="utf-8")
            table = pd.read_csv(
                StringIO(csv),
                dtype={
                    "sequence": str,
                    "identity": str,
                    "condition": str,
                    "recording": str,
                    "view": str,
                },
                keep_default_na=False,
            )
            splits = json.loads(text)
            packed = np.load(folder / "frames.npy", mmap_mode="r", allow_pickle=False)
            data = cls(
                name=meta["name"],
                height=meta["height"],
                width=meta["width"],
                table=table,
                packed=packed,
                splits={k: np.asarray(v, np.int64) for k, v in splits.items()},
                # Whoever edits the table or the splits makes another data set, so they are hashed anew.
                meta=meta | {"fingerprint": _fingerprint(meta, csv, text)},
            )
            data._check_size(folder)
        except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError) as error:
            text = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise DataError(f"{folder} is damaged: {text}. Import it again.") from error
        return data

    def _check_size(self, folder: Path) -> None:
        missing = [c for c in COLUMNS if c not in self.table]
        if missing:
            raise DataError(f"{folder}/sequences.csv lacks the columns {', '.join(missing)}.")
        frames = int(self.table["frames"].sum())
        shape = (frames, packed_bytes(self.height, self.width))
        if self.packed.shape != shape:
            raise DataError(
                f"{folder}/frames.npy holds {self.packed.shape}, but the table of sequences needs "
                f"{shape}: one of the two files is cut short or from another data set. Import it again."
            )
        for name, indices in self.splits.items():
            wrong = indices[(indices < 0) | (indices >= len(self.table))]
            if len(wrong):
                raise DataError(
                    f"{folder}/splits.json: split {name!r} names sequence {wrong[0]}, but the table has "
                    f"{len(self.table)}, counted from 0."
                )
        last = self.table["offset"] + self.table["frames"]
        if len(self.table) and (int(last.max()) > frames or int(self.table["frames"].min()) < 1):
            raise DataError(
                f"{folder}/sequences.csv: some sequence is empty or ends after the {frames} frames that "
                "there are. Import it again."
            )

    @property
    def fingerprint(self) -> str:
        """Hash of everything in the data set, independent of where it lies."""
        return str(self.meta["fingerprint"])

    def split(self, name: str) -> Indices:
        """Return the index array of a split.

        Raises:
            DataError: If there is no such split.
        """
        try:
            return self.splits[name]
        except KeyError:
            raise DataError(
                f"Data set {self.name!r} has no split {name!r}; it has {', '.join(self.splits) or 'none'}. "
                "A data set without a training split can be tested on with --test-dataset."
            ) from None

    def frames(self, index: int) -> Frames:
        """Return all frames of one sequence as {0, 1}, [t, h, w]."""
        row = self.table.iloc[index]
        start = int(row["offset"])
        return self.unpack(np.arange(start, start + int(row["frames"])))

    def unpack(self, rows: Indices) -> Frames:
        """Return the frames at these rows of `packed` as {0, 1}, shape [*rows.shape, h, w]."""
        columns = self.width + 2 * self.cut
        bits = np.unpackbits(self.packed[rows], axis=-1, count=self.height * columns)
        frames = bits.reshape(*rows.shape, self.height, columns)
        return frames[..., self.cut : columns - self.cut] if self.cut else frames

    def check_size(self, height: int, width: int) -> tuple[int, int]:
        """Return by how much frames shrink, and how many columns are cut before, to reach a size.

        Raises:
            DataError: If the size does not divide.
        """
        factor = self.height // height
        cut = self.width - width * factor
        if height * factor != self.height or cut < 0 or cut % 2:
            raise DataError(
                f"Data set {self.name!r}: frames of {self.height}×{self.width} cannot be reduced to the "
                f"{height}×{width} of the preset; the height must divide {self.height}, and the width fit."
            )
        return factor, cut

    def seen(
        self, height: int, width: int, representation: Representation = "silhouettes"
    ) -> Silhouettes:
        """Return the data set for networks that see it in this size and form.

        Columns are cut equally on both sides to the new proportions, as OpenGait cuts 64×64 to 64×44. The
        frames keep their resolution: they are reduced by `shrink` after anything has hidden parts of them,
        so that what hides a body does so in the data's own pixels.

        Raises:
            DataError: If the size does not divide.
        """
        factor, cut = self.check_size(height, width)
        averaged = representation == "energy-image"
        return replace(self, width=width * factor, cut=cut // 2, shrink=factor, averaged=averaged)


def _fingerprint(meta: Mapping[str, Any], csv: str, splits: str) -> str:
    """Return the hash of everything in a data set that a result can depend on."""
    facts = {k: meta.get(k) for k in ("name", "height", "width", "frames_hash", "rules")}
    text = json.dumps([facts, csv, json.loads(splits)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def packed_bytes(height: int, width: int) -> int:
    """Return how many bytes one packed frame takes."""
    return -(-height * width // 8)


def pack(frames: npt.NDArray[Any]) -> Frames:
    """Pack frames [..., h, w] (non-zero is body) into rows of bits."""
    return np.packbits(np.asarray(frames).reshape(*frames.shape[:-2], -1) > 0, axis=-1)


class SilhouettesWriter:
    """Writes a data set folder, sequence by sequence, without holding it in memory.

    Used as a context manager; nothing valid is left behind if the block fails, because `meta.json` is
    written last.

        with SilhouettesWriter(folder, name="walkers", height=64, width=64) as writer:
            writer.add(frames, identity="0001", condition="nm", view="090", recording="0001-nm-01")
            writer.splits["train"] = [0]
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        height: int,
        width: int,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder, self.name, self.height, self.width = folder, name, height, width
        self.meta = dict(meta or {})
        self.splits: dict[str, Sequence[int]] = {}
        self._rows: list[dict[str, Any]] = []
        self._offset = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "meta.json").unlink(missing_ok=True)
        self._raw = (self.folder / "frames.raw").open("wb")
        self._hash = hashlib.sha256()
        return self

    def add(
        self, frames: Frames, *, identity: str, condition: str, view: str, recording: str
    ) -> int:
        """Append one sequence [t, h, w] and return its index."""
        if frames.ndim != 3 or frames.shape[1:] != (self.height, self.width) or not len(frames):
            raise DataError(
                f"{identity}/{condition}/{view}: frames of shape {frames.shape}, but the data set holds "
                f"[t ≥ 1, {self.height}, {self.width}]."
            )
        return self.add_packed(
            pack(frames), identity=identity, condition=condition, view=view, recording=recording
        )

    def add_packed(
        self,
        packed: Frames,
        *,
        identity: str,
        condition: str,
        view: str,
        recording: str,
        sequence: str = "",
    ) -> int:
        """Append one sequence that is packed already (see `pack`) and return its index.

        It is named after recording and view unless `sequence` says otherwise.
        """
        payload = np.ascontiguousarray(packed).tobytes()
        self._raw.write(payload)
        self._hash.update(payload)
        self._rows.append(
            {
                "sequence": sequence or f"{recording}-{view}",
                "identity": identity,
                "condition": condition,
                "view": view,
                "recording": recording,
                "frames": len(packed),
                "offset": self._offset,
            }
        )
        self._offset += len(packed)
        return len(self._rows) - 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._raw.close()
        raw = self.folder / "frames.raw"
        if kind is None:
            self._finish(raw)
        raw.unlink(missing_ok=True)

    def _finish(self, raw: Path) -> None:
        shape = (self._offset, packed_bytes(self.height, self.width))
        target = np.lib.format.open_memmap(
            self.folder / "frames.npy", mode="w+", dtype=np.uint8, shape=shape
        )
        if self._offset:
            target[:] = np.memmap(raw, np.uint8, "r", shape=shape)
        target.flush()
        del target
        table = pd.DataFrame(self._rows, columns=list(COLUMNS))
        csv = table.to_csv(index=False, lineterminator="\n")
        splits = json.dumps({k: [int(i) for i in v] for k, v in self.splits.items()})
        (self.folder / "sequences.csv").write_text(csv, encoding="utf-8")
        (self.folder / "splits.json").write_text(splits, encoding="utf-8")
        meta = {
            "format": FORMAT_VERSION,
            "name": self.name,
            "height": self.height,
            "width": self.width,
            **self.meta,
            "frames_hash": self._hash.hexdigest(),
        }
        (self.folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
