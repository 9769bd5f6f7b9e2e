"""Importing made-up trees, and changing what lies in them."""

import pickle

from gaitbench.data.readers.opengait.importer import import_opengait
from gaitbench.data.readers.opengait.reader import OpenGaitReader
from gaitbench.data.silhouettes import Silhouettes


def imported(tree, out, dataset="oumvlp", **more):
    jobs = more.pop("jobs", 1)
    choices = OpenGaitReader(dataset, **{**tree.options, **more})
    report = import_opengait(tree.root, out, choices, jobs=jobs)
    return Silhouettes.open(out), report


def sequences(data, split):
    return sorted(data.table["sequence"].iloc[data.split(split)])


def clip_file(tree, name):
    (file,) = tree.root.joinpath(*name.split("-")).iterdir()
    return file


def save(tree, name, found):
    clip_file(tree, name).write_bytes(pickle.dumps(found))
