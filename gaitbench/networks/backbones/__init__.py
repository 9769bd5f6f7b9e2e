"""The networks of gaitbench's own backbones; `gaitbench.backbones` describes them."""
