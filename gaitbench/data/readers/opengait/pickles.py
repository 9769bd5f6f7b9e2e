"""Reading arrays from pickles without running anything that a file names.

A pickle is a little program, and `pickle.load` runs what it says. Here two walls stand in between:

1. The program is read before it runs. Only the operations that arrays and plain lists need are let
   through, so no objects, dictionaries or sets, and no memory claimed by a number in the file.
2. Every name in it means a stand-in from `_NAMES` or nothing at all. Not even NumPy's own functions are
   called: a stand-in checks what it was given and reads the file's bytes as numbers.

What pickles of protocols 0 to 5 hold was found by taking apart those that NumPy 1 and 2 write.
"""

import math
import pickle
import pickletools
import re
import warnings
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import DataError

AnyArray: TypeAlias = npt.NDArray[Any]

MAX_BYTES = 2**31
"""Largest file that is read: a clip of 64×64 frames has this size after six hours."""

MOST_DIMENSIONS = 8

_OPERATIONS_TEXT = """
    PROTO FRAME STOP MARK POP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1
    STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINBYTES SHORT_BINBYTES
    BINBYTES8 BYTEARRAY8 READONLY_BUFFER EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1
    TUPLE2 TUPLE3 GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE GLOBAL STACK_GLOBAL REDUCE
    BUILD
"""
_OPERATIONS = frozenset(_OPERATIONS_TEXT.split())
_MEMO = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
# What a damaged or hostile program can raise while it runs on the stand-ins.
_FAULTS = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


def read_arrays(data: bytes) -> AnyArray | list[AnyArray]:
    """Return the array, or the plain list of arrays, that a pickle holds.

    Args:
        data: The whole pickle, of any protocol.

    Returns:
        Read-only arrays over the bytes of the pickle.

    Raises:
        DataError: If it holds anything else, is cut short, or would run code; nothing was run.
    """
    with warnings.catch_warnings():
        # Texts of a damaged file may hold escapes that Python warns of.
        warnings.simplefilter("ignore")
        _check_operations(data)
        try:
            content = _Unpickler(BytesIO(data), len(data)).load()
        except _FAULTS as error:
            raise DataError(f"is not a pickle of an array: {error}") from error
    if isinstance(content, _Array):
        return content.finished()
    if not isinstance(content, list) or not all(isinstance(part, _Array) for part in content):
        raise DataError(
            f"holds a {type(content).__name__}, not one array or a plain list of arrays"
        )
    arrays = [part.finished() for part in content]
    if sum(array.nbytes for array in arrays) > len(data):
        # One array named a million times over would fill the memory from a small file.
        raise DataError("names the same frames again and again: its list is larger than the file")
    return arrays


def _check_operations(data: bytes) -> None:
    try:
        for operation, argument, _ in pickletools.genops(data):
            if operation.name not in _OPERATIONS:
                raise DataError(
                    f"was refused, nothing was run: it uses the pickle operation {operation.name}, "
                    "which no array needs; or it is no pickle"
                )
            if operation.name in _MEMO and int(argument or 0) > len(data):
                raise DataError(
                    f"was refused, nothing was run: it asks for {argument} places of memory in a file of "
                    f"{len(data)} bytes"
                )
    except (ValueError, LookupError, MemoryError) as error:
        raise DataError(f"is cut short or is not a pickle: {error}") from error


class _Budget:
    """Bytes that may still be made out of a file's texts: a text that is named often is made often."""

    __slots__ = ("left",)

    def __init__(self, size: int) -> None:
        self.left = size

    def encoded(self, text: str) -> bytes:
        """Return text of the one encoding that Python 2 and protocol 2 write bytes in."""
        self.left -= len(text)
        if self.left < 0:
            raise DataError("names the same bytes again and again: they are more than the file")
        return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, size: int) -> None:
        super().__init__(file, encoding="latin1")
        budget = _Budget(size)
        self._own = {
            ("_codecs", "encode"): _StandIn(partial(_encode, budget)),
            **{
                (module, "_reconstruct"): _StandIn(partial(_begun, budget))
                # NumPy 1 and NumPy 2.
                for module in ("numpy.core.multiarray", "numpy._core.multiarray")
            },
        }

    def find_class(self, module: str, name: str, /) -> "_StandIn":
        if (module, name) in self._own:
            return self._own[module, name]
        try:
            return _NAMES[module, name]
        except KeyError:
            raise DataError(
                f"was refused, nothing was run: it names {module}.{name}, and only arrays are read. "
                "Save the silhouettes as one uint8 array and import again"
            ) from None


class _StandIn:
    """What a name in a pickle means: a function of ours that a pickle cannot alter."""

    __slots__ = ("_function",)
    _function: Callable[..., object]

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "_function", function)

    def __call__(self, *arguments: object) -> object:
        return self._function(*arguments)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a stand-in cannot be altered")

    def __setstate__(self, state: object) -> NoReturn:
        raise DataError("was refused, nothing was run: it tries to alter what reads it")


class _Kind:
    """A NumPy dtype as the file states it: a code, then a byte order."""

    __slots__ = ("code", "order")

    def __init__(self, code: str) -> None:
        self.code, self.order = code, "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order, sub, names, fields = state[1:5]
        if (sub, names, fields) != (None, None, None):
            raise DataError("holds records instead of plain numbers")
        self.order = _text(order)
        if self.order not in ("|", "=", "<", ">"):
            raise DataError(f"holds an array of the unknown byte order {self.order!r}")

    @property
    def dtype(self) -> np.dtype[Any]:
        """As NumPy knows it; of numbers only.

        NumPy evaluates texts of other forms, so none but a checked order and code may come here.
        """
        return np.dtype(self.code if self.order == "|" else self.order + self.code)


class _Array:
    """An array that the file has begun; it is filled by `__setstate__` or from a buffer."""

    __slots__ = ("budget", "values")

    def __init__(self, values: AnyArray | None = None, budget: _Budget | None = None) -> None:
        self.values = values
        self.budget = budget or _Budget(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, raw = state
        if isinstance(raw, str):
            # Python 2 wrote bytes as text.
            raw = self.budget.encoded(raw)
        self.values = _values(raw, kind, shape, "F" if fortran else "C")

    def finished(self) -> AnyArray:
        """Return the values."""
        if self.values is None:
            raise DataError("is not a pickle of an array: it begins one and leaves it empty")
        return self.values


def _values(raw: object, kind: object, shape: object, order: str) -> AnyArray:
    if not isinstance(raw, bytes | bytearray) or not isinstance(kind, _Kind):
        raise DataError("holds an array of Python objects instead of numbers")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise DataError("holds an array whose shape is not a tuple of whole numbers")
    # Multiplying long lists of long numbers would take hours.
    if len(shape) > MOST_DIMENSIONS or any(n > MAX_BYTES for n in shape):
        raise DataError(f"claims an array of {len(shape)} dimensions that no file can hold")
    claimed = math.prod(shape) * kind.dtype.itemsize
    if claimed != len(raw):
        raise DataError(
            f"claims an array {list(shape)[:8]} of {kind.dtype}, {claimed} bytes, but holds {len(raw)}"
        )
    flat: AnyArray = np.frombuffer(raw, kind.dtype)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _text(value: object) -> str:
    text = value.decode("latin1") if isinstance(value, bytes) else value
    if not isinstance(text, str) or len(text) > 8:
        raise DataError("holds an array without a usable dtype")
    return text


def _ndarray(*_: object) -> NoReturn:
    raise DataError("is not a pickle of an array: it calls numpy.ndarray itself")


def _begun(budget: _Budget, kind: object, *_: object) -> _Array:
    if kind is not _NDARRAY:
        raise DataError("holds an array of a class of its own")
    return _Array(budget=budget)


def _from_buffer(
    raw: object, kind: object, shape: object, order: object, axes: tuple[int, ...] | None = None
) -> _Array:
    values = _values(raw, kind, shape, "F" if order == "F" else "C")
    return _Array(values if axes is None else values.transpose(axes))


def _dtype(code: object, *_: object) -> _Kind:
    text = _text(code)
    if not re.fullmatch(r"[biufc]\d{1,2}", text):
        what = "Python objects" if text.startswith("O") else f"dtype {text!r}"
        raise DataError(f"holds an array of {what} instead of numbers")
    return _Kind(text)


def _encode(budget: _Budget, text: object, encoding: object) -> bytes:
    # Before protocol 3 bytes were written as text, always in this one encoding.
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise DataError(f"is not a pickle of an array: it encodes text as {str(encoding)[:20]!r}")
    return budget.encoded(text)


def _no_bytes() -> bytes:
    return b""


_NDARRAY = _StandIn(_ndarray)
_NAMES: dict[tuple[str, str], _StandIn] = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _StandIn(_dtype),
    # NumPy 1 and NumPy 2.
    ("numpy.core.numeric", "_frombuffer"): _StandIn(_from_buffer),
    ("numpy._core.numeric", "_frombuffer"): _StandIn(_from_buffer),
    ("__builtin__", "bytes"): _StandIn(_no_bytes),
    ("builtins", "bytes"): _StandIn(_no_bytes),
}
