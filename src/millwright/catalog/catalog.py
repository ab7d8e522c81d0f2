"""The catalogue: every device, host, model, offer and place by name, built on demand from the shipped data files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from millwright.catalog.device import Device, device_from_entry
from millwright.catalog.facts import FactError, Source, number, read_facts
from millwright.catalog.host import Host, host_from_entry
from millwright.catalog.load import (
    DATA,
    FILES_OF_KIND,
    DataFileError,
    Entry,
    read_data_file,
    read_entries,
    read_json,
    read_sources,
)
from millwright.catalog.models import find_model, names_of
from millwright.catalog.overrides import SCENARIO, overridden
from millwright.catalog.shelf import Shelf, UnknownNameError
from millwright.catalog.units import Measure
from millwright.errors import InputError

if TYPE_CHECKING:
    from millwright.catalog.architecture import Architecture
    from millwright.catalog.offer import ApiOffer, CloudOffer, Provider
    from millwright.catalog.place import Country

__all__ = ["KINDS", "Catalog", "ShippedCatalog", "UnknownNameError", "load_catalog"]


class Catalog(Protocol):
    """What the rest of Millwright may ask of a catalogue. Lookups take ids, names and aliases; case does not count.

    A lookup of a name that is not known raises UnknownNameError.
    """

    def device(self, name: str) -> Device:
        """Return the device of that name."""
        ...

    def host(self, name: str) -> Host:
        """Return the host of that name."""
        ...

    def model(self, name: str) -> Architecture:
        """Return the model of that name."""
        ...

    def provider(self, name: str) -> Provider:
        """Return the provider of that name."""
        ...

    def country(self, name: str) -> Country:
        """Return the country of that ISO code or name."""
        ...

    def devices(self) -> Iterable[Device]:
        """Return every device."""
        ...

    def hosts(self) -> Iterable[Host]:
        """Return every host."""
        ...

    def models(self) -> Iterable[Architecture]:
        """Return every model."""
        ...

    def cloud_offers(self) -> Iterable[CloudOffer]:
        """Return every cloud offer."""
        ...

    def api_offers(self) -> Iterable[ApiOffer]:
        """Return every API offer."""
        ...

    def countries(self) -> Iterable[Country]:
        """Return every country."""
        ...

    def usd_per(self, currency: str) -> float:
        """Return what one unit of the currency (ISO 4217 code) costs in USD."""
        ...


KINDS = tuple(kind for kind in FILES_OF_KIND if kind != "sources")
"""The kinds of entry that a catalogue holds."""

_BUILDERS: Mapping[str, str] = {
    "models": "millwright.catalog.huggingface:architecture_from_entry",
    "providers": "millwright.catalog.offers_data:provider_from_entry",
    "cloud": "millwright.catalog.offers_data:cloud_offer_from_entry",
    "api": "millwright.catalog.offers_data:api_offer_from_entry",
    "countries": "millwright.catalog.offers_data:country_from_entry",
}
"""What builds a kind's dataclass; imported only when that kind is asked for."""


def load_catalog(
    extra_devices: Sequence[Path] = (),
    extra_models: Sequence[Path] = (),
    overrides: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    folder: Path = DATA,
) -> ShippedCatalog:
    """Return the shipped catalogue, with the user's devices, models and overrides on top.

    `extra_devices` are data files of kind `devices` (or any other kind); `extra_models` are folders of
    `NAME/config.json` as Hugging Face lays them out, or one `config.json`. See `ShippedCatalog.with_overrides` for
    `overrides`. Raises DataFileError, FactError, UnitError or UnknownNameError, all of them InputError.
    """
    catalog = ShippedCatalog(folder)
    for path in extra_devices:
        contents = read_data_file(path)
        catalog = catalog.with_entries(contents["kind"], contents["entries"])
    for path in extra_models:
        catalog = catalog.with_entries("models", _entries_of_configs(path))
    return catalog.with_overrides(overrides) if overrides else catalog


class ShippedCatalog:
    """A catalogue of data files. Kinds are read when first asked for, dataclasses built when first asked for."""

    def __init__(self, folder: Path = DATA, shelves: Mapping[str, Shelf[Any]] | None = None) -> None:
        self._folder = folder
        self._shelves: dict[str, Shelf[Any]] = dict(shelves or {})

    def device(self, name: str) -> Device:
        """Return the device of that id, name or alias; raises UnknownNameError."""
        return cast(Device, self.shelf("devices").get(name))

    def host(self, name: str) -> Host:
        """Return the host of that id, name or alias; raises UnknownNameError."""
        return cast(Host, self.shelf("hosts").get(name))

    def model(self, name: str) -> Architecture:
        """Return the model of that id, name or alias, or of a looser spelling; raises UnknownNameError.

        What does not change the layers does not count: paths, quantisation, `Instruct` (see `catalog.models`).
        """
        shelf = self.shelf("models")
        try:
            return cast("Architecture", shelf.get(name))
        except UnknownNameError:
            found = find_model(name, self._model_names)
            if found is None:
                raise
            return cast("Architecture", shelf.get(found))

    def provider(self, name: str) -> Provider:
        """Return the provider of that id, name or alias; raises UnknownNameError."""
        return cast("Provider", self.shelf("providers").get(name))

    def country(self, name: str) -> Country:
        """Return the country of that ISO code or name; raises UnknownNameError."""
        return cast("Country", self.shelf("countries").get(name))

    def devices(self) -> Iterable[Device]:
        """Return every device."""
        return self.shelf("devices")

    def hosts(self) -> Iterable[Host]:
        """Return every host."""
        return self.shelf("hosts")

    def models(self) -> Iterable[Architecture]:
        """Return every model."""
        return self.shelf("models")

    def providers(self) -> Iterable[Provider]:
        """Return every provider."""
        return self.shelf("providers")

    def cloud_offers(self) -> Iterable[CloudOffer]:
        """Return every cloud offer."""
        return self.shelf("cloud")

    def api_offers(self) -> Iterable[ApiOffer]:
        """Return every API offer."""
        return self.shelf("api")

    def countries(self) -> Iterable[Country]:
        """Return every country."""
        return self.shelf("countries")

    def usd_per(self, currency: str) -> float:
        """Return what one unit of the currency (ISO 4217 code) costs in USD; raises UnknownNameError."""
        return cast(float, self.shelf("currencies").get(currency))

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Every source by id, the user's scenario among them."""
        return {SCENARIO: Source(SCENARIO, "Stated in the scenario", "", ""), **read_sources(self._folder)}

    @cached_property
    def _model_names(self) -> Mapping[str, str]:
        return names_of(self.shelf("models").entries.values())

    def shelf(self, kind: str) -> Shelf[Any]:
        """Return the shelf of one kind (`devices`, `hosts`, `models`, `cloud`, …), reading its files if need be.

        Raises InputError for a kind that there is not.
        """
        if kind not in self._shelves:
            if kind not in KINDS:
                raise InputError(f"'{kind}' is no kind of entry", remedy=f"Use one of {', '.join(KINDS)}.")
            self._shelves[kind] = Shelf(kind, read_entries(kind, self._folder), _builder(kind))
        return self._shelves[kind]

    def with_entries(self, kind: str, entries: Iterable[Entry]) -> ShippedCatalog:
        """Return a catalogue with these raw entries too; one with a known id replaces the shipped one."""
        shelf = self.shelf(kind).with_entries(entries)
        return ShippedCatalog(self._folder, {**self._shelves, kind: shelf})

    def with_overrides(self, overrides: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> ShippedCatalog:
        """Return a catalogue in which a scenario's own figures stand in place of the shipped ones.

        `overrides` is kind -> name -> field -> value: `{"devices": {"h100-sxm": {"price": "25 kUSD"}}}`. A name that
        is not known adds a whole entry, for which a device needs `memory`, `bandwidth`, `bf16` and `tdp`, a host
        `device`, `device_count`, `price` and `power_peak`. Overridden facts have the source `scenario`.
        """
        catalog = self
        for kind in sorted(overrides):  # devices come before the hosts that hold them
            entries = list(overridden(kind, overrides[kind], catalog.shelf(kind), self._rates()))
            if kind == "hosts":
                entries = [{**entry, "device": catalog.device(entry["device"]).id} for entry in entries]
            catalog = catalog.with_entries(kind, entries)
        return catalog

    def _rates(self) -> dict[str, float]:
        shelf = self.shelf("currencies")
        return {id_: shelf.get(id_) for id_ in shelf.entries}


def _builder(kind: str) -> Callable[[Entry], Any]:
    at_hand = {"devices": device_from_entry, "hosts": host_from_entry, "currencies": _usd_per_unit}
    return at_hand.get(kind) or partial(_build, kind)


def _build(kind: str, entry: Entry) -> Any:
    if kind == "models" and "config_path" in entry:
        return _architecture_of_config(entry)
    module, function = _BUILDERS[kind].split(":")
    return getattr(import_module(module), function)(entry)


def _usd_per_unit(entry: Entry) -> float:
    rate = number(read_facts(entry), "usd_per", Measure.MONEY)
    if rate is None:
        raise FactError("the currency has no `usd_per`", entry["id"])
    return rate


def _entries_of_configs(path: Path) -> Iterable[Entry]:
    """Yield one entry per model in a folder of `NAME/config.json` (or `OWNER/NAME/config.json`), or of one config."""
    if path.is_file():
        found = [(path.resolve().parent.name, path)]
    elif (path / "config.json").is_file():
        found = [(path.resolve().name, path / "config.json")]
    else:
        configs = sorted({*path.glob("*/config.json"), *path.glob("*/*/config.json")})
        found = [(config.parent.relative_to(path).as_posix(), config) for config in configs]
    if not found:
        raise DataFileError(
            "holds no model", str(path), "Expected NAME/config.json in it, as Hugging Face lays it out."
        )
    for name, config in found:
        yield {"id": name, "name": name, "aliases": [name.rsplit("/", 1)[-1]], "config_path": str(config)}


def _architecture_of_config(entry: Entry) -> Architecture:
    config = read_json(Path(entry["config_path"]))
    if not isinstance(config, dict):
        raise DataFileError("is no model configuration", entry["config_path"], "Expected a JSON object.")
    build = import_module("millwright.catalog.huggingface").architecture_from_config
    try:
        return cast("Architecture", build(config, entry["id"]))
    except InputError as error:
        raise DataFileError(error.what, entry["config_path"], error.remedy) from None
