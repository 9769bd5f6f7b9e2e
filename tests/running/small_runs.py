"""The experiment that the tests of running run: few methods, smoke size."""

import hashlib

from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment

METHODS = ("baseline-1", "rg-gait")
# The data set, three networks, and for two methods whole clips, and top+bottom on one side and on both.
ARTIFACTS = 10


def bench(**changes):
    # Without repetitions and panel, which add more of the same kinds of work.
    bare = {"sanity": False, "test_draws": 1}
    values = {"preset": "smoke", "protocol": "occluded", "methods": METHODS} | bare | changes
    return Bench.resolve(Experiment(**values))


def contents(folder):
    """Return a hash of every file whose bytes must not depend on how a run went."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for kind in ("datasets", "stages", "scores")
        for path in sorted((folder / kind).rglob("*"))
        if path.is_file() and path.name != "record.json" and ".making-" not in str(path)
    }
