"""Which devices and models of a table nobody knows: a typical one stands in for them, and that is worth a warning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from millwright.catalog.catalog import Catalog
from millwright.measure.points import ServingPoint
from millwright.measure.resolve import Resolver
from millwright.measure.rigs import model_word

_GUESS = "guess:"
"""What the id of a device or model begins with that was made up from its name and size."""


def guessed_names(points: Sequence[ServingPoint], catalog: Catalog) -> tuple[str, ...]:
    """Return a sentence for each device and model that was guessed: how many points it is about, and what helps."""
    resolver = Resolver(catalog)
    devices = Counter(point.accelerator for point in points)
    models = Counter((model_word(point), point.parameters_billion) for point in points)
    found = [
        _told("device", name, count, "accelerator=h100-sxm")
        for name, count in devices.items()
        if resolver.device(name)[0].id.startswith(_GUESS)
    ]
    unknown = Counter[str]()
    for (name, billions), count in models.items():
        if resolver.model(name, billions)[0].id.startswith(_GUESS):
            unknown[name] += count
    return (*found, *(_told("model", name, count, "model=llama-3.1-8b") for name, count in unknown.items()))


def _told(what: str, name: str, count: int, example: str) -> str:
    of = f"{count:,} point{'s' if count > 1 else ''}"
    if not name:
        return f"Mind: {of} without a {what}: a typical one is assumed. State it, with --set {example} for instance."
    return f"Mind: {of} on a {what} '{name}' that the catalogue does not have: a typical one is assumed."
