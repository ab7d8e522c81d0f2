"""What every worker needs, loaded once in the process that workers are forked from."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from millwright.catalog.catalog import ShippedCatalog


@cache
def shipped() -> ShippedCatalog:
    """Return the shipped catalogue, its files read once for all work that is done in this process."""
    from millwright.catalog.catalog import KINDS, load_catalog

    catalog = load_catalog()
    for kind in KINDS:
        catalog.shelf(kind)
    return catalog


def warm_up() -> None:
    """Load the code, the catalogue and the rules."""
    import millwright.plan.make
    import millwright.simulate  # noqa: F401
    from millwright.law.load import load_rules

    shipped()
    load_rules()


warm_up()
