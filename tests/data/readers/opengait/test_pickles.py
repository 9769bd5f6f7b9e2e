"""Arrays come out of pickles as they went in; whatever else a pickle holds is refused and never run."""

import builtins
import copyreg
import os
import pickle
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.errors import DataError
from gaitbench.data.readers.opengait.pickles import read_arrays

CLIP = np.random.default_rng(0).integers(0, 256, (5, 6, 4)).astype(np.uint8)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        CLIP,
        CLIP > 100,
        CLIP.astype("<f4"),
        CLIP.astype(">i8"),
        np.asfortranarray(CLIP),
        CLIP.transpose(1, 0, 2),
        CLIP[:, ::2],
        CLIP[:0],
        CLIP.astype(np.complex64),
        np.zeros(300, np.uint8),
    ],
    ids=str,
)
def test_arrays_of_every_protocol(protocol, array):
    read = read_arrays(pickle.dumps(array, protocol))
    assert isinstance(read, np.ndarray)
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("protocol", range(6))
def test_plain_lists_of_arrays(protocol):
    frames = [CLIP[i] for i in range(len(CLIP))]
    read = read_arrays(pickle.dumps(frames, protocol))
    assert isinstance(read, list)
    np.testing.assert_array_equal(np.stack(read), CLIP)
    assert read_arrays(pickle.dumps([], protocol)) == []


def test_pickles_of_numpy_1_and_of_python_2():
    raw = pickle.dumps(CLIP, 2)
    np.testing.assert_array_equal(read_arrays(raw.replace(b"numpy._core", b"numpy.core")), CLIP)
    old = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        b"(I1\n(I1\nI1\nI2\ntcnumpy\ndtype\n(S'u1'\nI0\nI1\ntR"
        b"(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI00\nU\x02\x07\xfftb."
    )
    np.testing.assert_array_equal(read_arrays(old), [[[7, 255]]])


class Reduced:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Touches:
    """Writes a file when its state is set."""

    def __init__(self, path):
        self.path = path

    def __setstate__(self, state):
        Path(state["path"]).touch()


def touching(marker):
    return f"touch {marker}"


def writing(marker):
    return f"open({str(marker)!r}, 'w').close()"


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def dotted(module, name, marker):
    return b"\x80\x04" + text(module) + text(name) + b"\x93" + text(touching(marker)) + b"\x85R."


def npy(marker):
    path = marker.with_suffix(".npy")
    np.save(path, np.array([Reduced(os.system, touching(marker))], object), allow_pickle=True)
    return Reduced(np.load, str(path), None, True)


def extension(marker):
    if ("posix", "system") not in copyreg._extension_registry:  # type: ignore[attr-defined]
        copyreg.add_extension("posix", "system", 240)
    return b"\x80\x02\x82\xf0" + text(touching(marker)) + b"\x85R."


PAYLOADS = {
    "os.system": lambda m: pickle.dumps(Reduced(os.system, touching(m))),
    "os.system, protocol 0": lambda m: pickle.dumps(Reduced(os.system, touching(m)), 0),
    "eval": lambda m: pickle.dumps(Reduced(builtins.eval, writing(m))),
    "exec": lambda m: pickle.dumps(Reduced(builtins.exec, writing(m))),
    "subprocess": lambda m: pickle.dumps(Reduced(subprocess.call, ["touch", str(m)])),
    "in an object array": lambda m: pickle.dumps(
        np.array([Reduced(os.system, touching(m)), None], object)
    ),
    "in a list after an array": lambda m: pickle.dumps([CLIP, Reduced(os.system, touching(m))]),
    "before the array": lambda m: (
        pickle.dumps(Reduced(os.system, touching(m)), 3)[:-1] + b"0" + pickle.dumps(CLIP, 3)[2:]
    ),
    "__setstate__": lambda m: pickle.dumps(Touches(str(m))),
    "__setstate__ through copyreg": lambda m: pickle.dumps(Touches(str(m)), 0),
    "getattr": lambda m: pickle.dumps(
        Reduced(builtins.eval, "getattr(__import__('os'), 'system')(" + repr(touching(m)) + ")")
    ),
    "dotted name": lambda m: dotted("shutil", "os.system", m),
    "dotted name in numpy": lambda m: dotted("numpy", "testing._private.utils.os.system", m),
    "numpy.load": lambda m: pickle.dumps(npy(m)),
    "numpy.testing": lambda m: pickle.dumps(
        Reduced(np.testing.runstring, writing(m), {"__name__": "x"})
    ),
    "INST": lambda m: b"(S" + repr(touching(m)).encode() + b"\nios\nsystem\n.",
    "OBJ": lambda m: b"(cos\nsystem\nS" + repr(touching(m)).encode() + b"\no.",
    "EXT1": extension,
    "a dictionary's value": lambda m: pickle.dumps({"clip": Reduced(os.system, touching(m))}),
    "in a tuple": lambda m: pickle.dumps((CLIP, Reduced(os.system, touching(m)))),
}


@pytest.fixture
def no_extension_left():
    yield
    if ("posix", "system") in copyreg._extension_registry:  # type: ignore[attr-defined]
        copyreg.remove_extension("posix", "system", 240)


@pytest.mark.usefixtures("no_extension_left")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_code_is_refused_and_not_run(payload, tmp_path):
    marker = tmp_path / "ran"
    data = PAYLOADS[payload](marker)
    # The payload works: an ordinary reader runs it.
    pickle.loads(data)
    assert marker.exists()
    marker.unlink()
    with pytest.raises(DataError, match=r"nothing was run|instead of numbers|not one array"):
        read_arrays(data)
    assert not marker.exists()


def test_the_refusal_names_what_was_asked_for():
    data = pickle.dumps(Reduced(os.system, "true"), 4)
    with pytest.raises(DataError, match=r"names \w+\.system, and only arrays are read"):
        read_arrays(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pickle.dumps(CLIP)[:-20], "is cut short"),
        (pickle.dumps(CLIP)[:7], "is cut short"),
        (b"", "is cut short or is not a pickle"),
        (b"\x89PNG\r\n", "operation PERSID, which no array needs; or it is no pickle"),
        (pickle.dumps("text"), "holds a str"),
        (pickle.dumps(3), "holds a int"),
        (pickle.dumps([CLIP, 3]), "holds a list, not one array"),
        (pickle.dumps([[CLIP]]), "holds a list, not one array"),
        (pickle.dumps(np.array([None])), "Python objects instead of numbers"),
        (pickle.dumps(np.array(["a"])), "dtype 'U1' instead of numbers"),
        (pickle.dumps(np.zeros(2, [("a", "u1")])), "operation EMPTY_DICT"),
        (pickle.dumps(np.zeros(2, "M8[s]")), "dtype 'M8' instead of numbers"),
        (pickle.dumps({"a": CLIP}), "operation EMPTY_DICT"),
        (pickle.dumps({1, 2}), "operation EMPTY_SET"),
        (pickle.dumps(np.ma.masked_array(CLIP)), "names numpy.ma"),
        (b"\x80\x04cnumpy\nndarray\n.", "holds a _StandIn"),
        (b"cnumpy\nndarray\n(I3\ntR.", "calls numpy.ndarray itself"),
        (
            b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR.",
            "leaves it empty",
        ),
        (
            b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I0\ntS'b'\ntR.",
            "a class of its own",
        ),
        (b"cnumpy\nndarray\n(I1\ntb.", "tries to alter what reads it"),
        (b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.", "encodes text as 'rot13'"),
        (b"c__builtin__\nbytes\n(I1000000000000\ntR.", "is not a pickle of an array"),
        (b"\x80\x02]r\xff\xff\xff\x7f.", "asks for 2147483647 places of memory"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"x.", "is cut short"),
        (b"\x80\x05\x96" + struct.pack("<Q", 2**60) + b"x.", "is cut short"),
        (b"(" * 100_000 + b"t" * 100_000 + b".", "holds a tuple"),
    ],
)
def test_what_is_no_array_of_numbers(data, message):
    with pytest.raises(DataError, match=message):
        read_arrays(data)


def test_a_claimed_shape_is_compared_with_the_bytes_that_are_there():
    data = pickle.dumps(CLIP, 2)
    claimed = data.replace(b"K\x05K\x06K\x04", b"J\xff\xff\xff\x7fK\x06K\x04")
    assert claimed != data
    with pytest.raises(DataError, match=r"claims an array \[2147483647, 6, 4\].* but holds 120"):
        read_arrays(claimed)


def test_odd_escapes_in_a_text_warn_nobody():
    with pytest.raises(DataError, match="holds a str"):
        read_arrays(b"S'\\q'\n.")


def test_a_byte_order_is_one_of_four():
    data = pickle.dumps(CLIP.astype("<u2"), 2)
    odd = data.replace(b"X\x01\x00\x00\x00<", b"X\x01\x00\x00\x00,")
    assert odd != data
    with pytest.raises(DataError, match="unknown byte order ','"):
        read_arrays(odd)


def test_one_array_named_many_times_is_refused():
    with pytest.raises(DataError, match="again and again"):
        read_arrays(pickle.dumps([CLIP] * 10_000))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_pickles_give_the_one_error_or_an_array(data):
    whole = pickle.dumps(CLIP[:1], data.draw(st.integers(0, 5)))
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=4)) + whole[at + 1 :]
    try:
        read = read_arrays(damaged)
    except DataError:
        return
    assert isinstance(read, np.ndarray | list)


def test_texts_that_are_named_again_and_again_do_not_fill_the_memory():
    text = b"x" * 1000
    encode = b"c_codecs\nencode\n"
    once = encode + b"(h\x00X\x06\x00\x00\x00latin1tR"
    program = b"\x80\x02X" + len(text).to_bytes(4, "little") + text + b"q\x000]" + b"("
    program += once * 50 + b"e."
    with pytest.raises(DataError, match="again and again"):
        read_arrays(program)


@pytest.mark.parametrize("shape", [(1,) * 9, (2**40, 1)])
def test_shapes_that_no_file_can_hold_are_refused_before_they_are_multiplied(shape):
    array = np.zeros(4, np.uint8)
    function, (kind, _, code), (version, _, dtype, fortran, raw) = array.__reduce__()  # type: ignore[str-unpack]

    class Claims:
        def __reduce__(self):
            return function, (kind, (0,), code), (version, shape, dtype, fortran, raw)

    with pytest.raises(DataError, match="that no file can hold"):
        read_arrays(pickle.dumps(Claims(), protocol=2))
