"""Partitions and tables of pairs."""

import json

import pytest

from gaitbench.core.errors import DataError
from gaitbench.data.readers.opengait.partition import read_pairs, read_partition


@pytest.fixture
def file(tmp_path):
    def write(content, name="p.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_a_partition(file):
    content = {"TRAIN_SET": ["001", "001", "002"], "TEST_SET": ["003"], "PROBE_SET": ["003-a-b"]}
    partition = read_partition(file(content))
    assert partition.train == ("001", "002")
    assert partition.test == ("003",)
    assert partition.probes == {"003-a-b"}
    assert partition.source == "p.json"
    assert read_partition(file("\ufeff" + json.dumps(content))).train == partition.train
    assert read_partition(file({"TRAIN_SET": [], "TEST_SET": []})).probes is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"p\.json: not JSON"),
        ([], r"holds a list; a partition looks like"),
        ({"TRAIN_SET": []}, r"has no TEST_SET; it has TRAIN_SET"),
        ({}, "has no TRAIN_SET; it has nothing"),
        ({"TRAIN_SET": [1], "TEST_SET": []}, "TRAIN_SET holds '1', which is not a folder's name"),
        ({"TRAIN_SET": "001", "TEST_SET": []}, "TRAIN_SET holds '001'"),
        (
            {"TRAIN_SET": ["a", "b", "c"], "TEST_SET": ["d", "c", "a"]},
            "2 identities are in both the training and the test set: a, c",
        ),
    ],
)
def test_what_is_no_partition(file, content, message):
    with pytest.raises(DataError, match=message):
        read_partition(file(content))


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"none\.json cannot be read"):
        read_partition(tmp_path / "none.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"b\.json cannot be read"):
        read_partition(tmp_path / "b.json")


def test_a_table_of_pairs(file):
    text = (
        "identity,condition, view,role,split\n007,c,v1,gallery,test\n007,d, v2 ,probe,\n\n"
        "007,d,v2,probe,\n008,c,v1,,train\n"
    )
    other = read_partition(file({"TRAIN_SET": ["001"], "TEST_SET": ["002"]}))
    partition = read_pairs(file(text, "pairs.csv"), other)
    assert (partition.train, partition.test) == (("001", "008"), ("007",))
    assert partition.listed == {
        ("007", "c", "v1"): "gallery",
        ("007", "d", "v2"): "probe",
    }
    assert partition.source == "pairs.csv, p.json"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "identity,condition,role\n",
            r"lacks the columns view; its first line is identity, condition, role\. It must name",
        ),
        ("", r"p\.csv lacks .*its first line is empty"),
        (
            "a,b,c,probe\n",
            "lacks the columns identity, condition, view, role; its first line is a, b",
        ),
        ("identity;condition;view;role\na;b;c;probe\n", "with commas between them"),
        ("identity,condition,view,role,view\n", "has the columns view twice"),
        ("identity,condition,view,role\n", "has no rows"),
        (
            "identity,condition,view,role\na,b,c,probe,x\n",
            "line 2: 5 fields, but the first line names 4",
        ),
        ("identity,condition,view,role\n\na,b,probe\n", "line 3: 3 fields, .*shifted"),
        ("identity,condition,view,role\n,a,b,probe\n", r"line 2: no identity\. See whether"),
        ("identity,condition,view,role\na,,,probe\n", "no condition and no view"),
        ('identity,condition,view,role\na,"b"x,c,probe\n', "line 2: no table of comma-separated"),
        (
            "identity,condition,view,role\na,b,c,probe\na,b,d,probe\na,b,c,gallery\n",
            "lines 2 and 4: the clip a/b/c is both probe and gallery",
        ),
        ("identity,condition,view,role\na,b,c,query\n", "line 2: role 'query' in split 'test'"),
        ("identity,condition,view,role,split\na,b,c,probe,val\n", "in split 'val'"),
        (
            "identity,condition,view,role,split\na,b,c,probe,test\na,b,d,,train\n",
            "1 identities are in both",
        ),
    ],
)
def test_what_is_no_table_of_pairs(file, text, message):
    with pytest.raises(DataError, match=message):
        read_pairs(file(text, "p.csv"))
