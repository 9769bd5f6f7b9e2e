"""The occlusion generators, one file per family."""

if __name__ != "gaitbench.occlusions":
    raise ImportError("Import this package as gaitbench.occlusions.")
