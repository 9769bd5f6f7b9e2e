"""The methods that RG-Gait is compared with."""

if __name__ != "gaitbench.baselines":
    raise ImportError("Import this package as gaitbench.baselines.")
