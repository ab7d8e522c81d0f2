"""Models whose weights are not published: what to say to someone who asks for one by name."""

from __future__ import annotations

from functools import cache
from typing import Any

from millwright.catalog.load import DATA

_FILE = "closed-models.yaml"


def instead_of_closed(name: str) -> str:
    """Return what to do where `name` is a model that only its maker can run; empty for any other."""
    plain = name.rsplit("/", 1)[-1].strip().casefold().replace(" ", "-")
    known = _closed()
    maker = next((maker for start, maker in known["beginnings"].items() if plain.startswith(start)), "")
    if not maker:
        return ""
    open_ones = " or ".join(known["instead"])
    return (
        f"{maker} does not publish the weights of its models of that name, so that nobody else can run them: "
        f"name an open model that would do, such as {open_ones}."
    )


@cache
def _closed() -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load((DATA / _FILE).read_text(encoding="utf-8"))
    return found
