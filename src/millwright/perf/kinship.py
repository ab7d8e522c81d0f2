"""Which models and devices are alike to a fit: models of the same blocks, devices of one family.

Names tell versions of weights apart, but a step takes as long whatever the weights are: Llama 3.3 70B is Llama 3.1 70B,
DeepSeek V3 is R1, and a fine-tune is the model that it was made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from millwright.catalog.architecture import Architecture


@lru_cache(maxsize=4096)
def blocks_id(model: Architecture) -> str:
    """Return the id of the first model of the catalogue whose layers have the same sizes; else the model's own.

    The vocabulary does not count: what it changes, the equations know.
    """
    return _first_by_blocks().get(_blocks(model), model.id) if model.layers else model.id


@lru_cache(maxsize=1)
def _first_by_blocks() -> Mapping[tuple[object, ...], str]:
    from millwright.catalog.catalog import load_catalog

    found: dict[tuple[object, ...], str] = {}
    for model in load_catalog().models():
        if model.layers:
            found.setdefault(_blocks(model), model.id)
    return found


def _blocks(model: Architecture) -> tuple[object, ...]:
    return model.hidden_size, model.one_pass, model.layers


@lru_cache(maxsize=1)
def device_families() -> Mapping[str, str]:
    """Return the family of every device of the catalogue, by id."""
    from millwright.catalog.catalog import load_catalog

    return {device.id: device.family for device in load_catalog().devices()}
