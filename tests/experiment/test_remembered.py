"""Experiments that stores remember."""

from gaitbench.experiment.remembered import RememberedExperiment, differing


def test_the_order_of_methods_and_plugins_is_no_difference():
    first = {"seeds": [0], "methods": ["a", "b"], "plugins": ["x.py", "y.py"]}
    second = {"seeds": [0], "methods": ["b", "a"], "plugins": ["y.py", "x.py"]}
    assert differing(RememberedExperiment(first, {}), RememberedExperiment(second, {})) == {}


def test_one_extractor_file_with_other_content_is_a_difference():
    records = [{"extractor": {"digest": digest}} for digest in ("12", "34")]
    apart = differing(
        *(RememberedExperiment({"extractor": "file.pt"}, record) for record in records)
    )
    assert apart == {"extractor": "files with the SHA-256 12 and 34"}
