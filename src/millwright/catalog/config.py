"""Reading a Hugging Face `config.json` field by field: each value checked, each fault told once and clearly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from millwright.catalog.dialects import FIELD_NAMES
from millwright.errors import InputError

_LARGEST = 2**31
_MOST_LAYERS = 4096
_NAME_EVERY_LAYER = ("layers_block_type", "layer_types", "hybrid_override_pattern")
_SECTIONS = ("attn_config", "ffn_config")
_NESTED = ("text_config", "llm_config", "language_config", "language_model_config", "thinker_config", "lang_config")


class ConfigError(InputError):
    """A model's config cannot be read: the message says which field, what is wrong with it and what to do."""


class ModelConfig:
    """The text decoder's part of a config. Fields of the outer config count where the inner one is silent."""

    def __init__(self, fields: Mapping[str, Any], name: str) -> None:
        if not isinstance(fields, Mapping):
            raise ConfigError(f"a model's config is an object, not {_shown(fields)}", name, _GIVE_A_CONFIG)
        self.name = name
        self.outer = fields
        text = _text_part(fields)
        self.fields = {**_sections(text), **text}

    @property
    def model_type(self) -> str:
        """The text decoder's `model_type` (empty when the config has none)."""
        found = self.fields.get("model_type", self.outer.get("model_type", ""))
        return found if isinstance(found, str) else ""

    def get(self, field: str, default: Any = None) -> Any:
        """Return a field as it stands, or the default where it is absent or null."""
        value = self.fields.get(field)
        if value is None:
            value = self.outer.get(field)
        return default if value is None else value

    def size(self, what: str, default: int | None = None, smallest: int = 1) -> int:
        """Return a whole number under one of the names that `what` goes by (see FIELD_NAMES).

        Raises ConfigError when it is absent and there is no default, or is no whole number of at least `smallest`.
        """
        names = FIELD_NAMES.get(what, (what,))
        for field in names:
            value = self._single(field)
            if value is not None:
                return self._whole(field, value, smallest)
        if default is None:
            raise ConfigError(f"`{names[0]}` is missing", self.name, _GIVE_A_CONFIG)
        return default

    def optional_size(self, what: str) -> int:
        """Return a whole number, or 0 where it is absent, null, false or not positive."""
        for field in FIELD_NAMES.get(what, (what,)):
            value = self._single(field)
            if value is not None and value is not False:
                return max(0, self._whole(field, value, -_LARGEST))
        return 0

    def flag(self, field: str, default: bool = False) -> bool:
        """Return a yes-or-no field; raises ConfigError when it is something else."""
        value = self.get(field)
        if value is None:
            return default
        if isinstance(value, bool) or value in (0, 1):
            return bool(value)
        raise ConfigError(f"`{field}` must be true or false, not {_shown(value)}", self.name)

    def per_layer(self, field: str, layers: int) -> tuple[Any, ...] | None:
        """Return a list with one item per layer, or None where the config has no such list.

        A longer list is cut (the rest belongs to multi-token prediction); raises ConfigError on a shorter one.
        """
        value = self.get(field)
        if not isinstance(value, Sequence) or isinstance(value, str):
            return None
        if len(value) < layers:
            raise ConfigError(
                f"`{field}` has {len(value)} items for {layers} layers",
                self.name,
                "Give one item per layer, or correct `num_hidden_layers`.",
            )
        return tuple(value[:layers])

    def section(self, field: str) -> ModelConfig:
        """Return a nested object as a config of its own (empty where it is absent)."""
        value = self.get(field)
        return ModelConfig(value if isinstance(value, Mapping) else {}, self.name)

    def numbers(self, field: str) -> frozenset[int]:
        """Return a list of whole numbers, or a text of them with commas, as a set (empty where it is absent)."""
        value = self.get(field, ())
        items = value.split(",") if isinstance(value, str) else value
        try:
            return frozenset(int(each) for each in items)
        except (TypeError, ValueError, OverflowError):
            raise ConfigError(f"`{field}` must list whole numbers, not {_shown(value)}", self.name) from None

    def layers(self) -> int:
        """Return the number of layers, within reason: as stated, else the length of a list that names each one."""
        lists = [self.get(field) for field in _NAME_EVERY_LAYER]
        count = self.size("layers", max((len(each) for each in lists if isinstance(each, list | str)), default=None))
        if count > _MOST_LAYERS:
            raise ConfigError(
                f"`num_hidden_layers` is {count}, more than any model's ({_MOST_LAYERS} at most)", self.name
            )
        return count

    def _single(self, field: str) -> Any:
        """Return a field; of a list that repeats one value, that value; None for an object or another list."""
        value = self.get(field)
        if isinstance(value, Mapping):
            return None
        if isinstance(value, Sequence) and not isinstance(value, str):
            return value[0] if value and all(each == value[0] for each in value) else None
        return value

    def _whole(self, field: str, value: Any, smallest: int) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value) and value == int(value))
        if isinstance(value, bool) or not whole:
            raise ConfigError(f"`{field}` must be a whole number, not {_shown(value)}", self.name, _GIVE_A_CONFIG)
        if not smallest <= value < _LARGEST:
            raise ConfigError(f"`{field}` is {_shown(value)}, out of range", self.name, f"It is {smallest} or more.")
        return int(value)


_GIVE_A_CONFIG = "Give the model's own `config.json`, as the hub serves it."


def _text_part(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    for nested in _NESTED:
        inner = fields.get(nested)
        if isinstance(inner, Mapping) and inner:
            return _text_part(inner)
    return fields


def _sections(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands in the sections that some configs keep attention and feed-forward sizes in (DBRX, MPT)."""
    inner = (fields.get(section) for section in _SECTIONS)
    return {field: value for each in inner if isinstance(each, Mapping) for field, value in each.items()}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
