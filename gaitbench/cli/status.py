"""`gaitbench status`: what a store holds."""

from gaitbench.cli.options import out
from gaitbench.cli.stores import StoreOption, open_store


def status(store: StoreOption = None) -> None:
    """Say for every experiment of a store what is done, missing, being made, or stale, and why."""
    from gaitbench.running.status import print_status

    print_status(open_store(store), out)
