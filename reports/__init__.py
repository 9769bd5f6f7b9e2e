"""Tables, figures and published numbers, made from a store."""

if __name__ != "gaitbench.reports":
    raise ImportError("Import this package as gaitbench.reports.")
