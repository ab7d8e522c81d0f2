"""Check the names in a scenario against the catalogue: models, devices, hosts, providers, countries, currencies.

Names are checked on the values as they stand in the file, so that a wrong name is found although another key is wrong.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.catalog.catalog import KINDS, UnknownNameError
from millwright.errors import InputError
from millwright.money import Money, Price
from millwright.scenario.faults import Fault, KeyPath
from millwright.scenario.folder import beside
from millwright.scenario.model import Scenario
from millwright.scenario.workload import WorkloadKind

if TYPE_CHECKING:
    from millwright.catalog.catalog import ShippedCatalog


@dataclass
class Checker:
    """The catalogue as a scenario sees it (with its own models, devices and figures), and the faults found so far."""

    catalog: ShippedCatalog
    folder: Path
    faults: list[Fault] = field(default_factory=list)

    def note(self, path: KeyPath, what: str, remedy: str = "") -> None:
        """Note a fault at `path`."""
        self.faults.append(Fault(what, remedy, path))

    # --- the scenario's own figures ---

    def own_figures(self, scenario: Scenario) -> None:
        """Put overrides and own devices into the catalogue, entry by entry, and note each that does not fit."""
        for number, device in enumerate(scenario.devices):
            figures = device.model_dump(exclude={"name"}, exclude_none=True)
            self._override("devices", device.name, figures, ("devices", number))
        for kind, entries in sorted(scenario.overrides.items()):  # devices come before the hosts that hold them
            if kind not in KINDS:
                near = difflib.get_close_matches(kind, KINDS, n=1)
                hint = f"Did you mean '{near[0]}'?" if near else f"Use one of {', '.join(KINDS)}."
                self.note(("overrides", kind), f"the catalogue has no '{kind}'", hint)
                continue
            for name, fields in entries.items():
                self._override(kind, name, fields, ("overrides", kind, name))

    def _override(self, kind: str, name: str, fields: Mapping[str, Any], path: KeyPath) -> None:
        try:
            self.catalog = self.catalog.with_overrides({kind: {name: fields}})
            self.catalog.shelf(kind).get(name)
        except InputError as error:
            last = error.where.rsplit(".", 1)[-1]
            self.note((*path, last) if last in fields else path, error.what, error.remedy)

    def currencies(self, scenario: Scenario) -> None:
        """Note each currency in use for which the catalogue has no rate."""
        for path, currency in _currencies(scenario):
            self.known(path, currency, self.catalog.usd_per)

    def kinds(self, scenario: Scenario) -> None:
        """Note each workload whose model cannot do what is asked of it, and each that asks more texts of a chat."""
        for number, workload in enumerate(scenario.workloads):
            try:
                model = self.catalog.model(workload.model)
            except InputError:
                continue  # an unknown name is a fault of its own
            scores_items = workload.kind is WorkloadKind.RECOMMEND
            if model.recommender is not None and not scores_items:
                what = f"{model.name} is a recommender: it scores candidates and reads no text"
                self.note(("workloads", number, "model"), what, "Say `kind: recommend`.")
            elif model.recommender is None and scores_items:
                what = f"{model.name} is no recommender: it has no embedding tables of users and items"
                self.note(("workloads", number, "model"), what, "Name one, such as dlrm-dcnv2, or give its config.")
            elif model.one_pass and not workload.kind.one_pass:
                self.note(
                    ("workloads", number, "model"),
                    f"{model.name} is an encoder: it gives a vector or a score and generates no text",
                    "Say `kind: embedding` or `kind: rerank`.",
                )
            elif not model.one_pass and workload.kind.one_pass:
                self.note(
                    ("workloads", number, "model"),
                    f"{model.name} is no encoder, and {workload.kind} work is reckoned for encoders only",
                    "Name an encoder, such as bge-m3 or bge-reranker-v2-m3.",
                )
            if workload.traffic.items > 1 and not workload.kind.one_pass:
                self.note(("workloads", number, "traffic", "items"), "a chat has one text per request", "Remove it.")

    def jobs(self, scenario: Scenario) -> None:
        """Note each job whose model is none that fine-tuning is reckoned for."""
        models = {workload.name: workload.model for workload in scenario.workloads}
        for number, job in enumerate(scenario.jobs):
            try:
                model = self.catalog.model(models[job.workload])
            except InputError:
                continue  # an unknown name is a fault of its own
            if model.one_pass:
                what = f"{model.name} generates no text, and fine-tuning is reckoned for models that do"
                self.note(("jobs", number, "workload"), what, "Leave the job out, or name a workload of kind chat.")

    # --- names ---

    def names(self, value: Any) -> None:
        """Note each name in the file's values that the catalogue does not know."""
        checks: tuple[tuple[KeyPath, Callable[[KeyPath, str], None]], ...] = (
            (("organisation", "country"), self.country),
            (("workloads", EACH, "model"), self.model),
            (("workloads", EACH, "alternatives", EACH), self.model),
            (("workloads", EACH, "speculation", EACH, "draft"), self.model),
            (("workloads", EACH, "data", "subjects", EACH), self.area),
            (("workloads", EACH, "data", "residency", EACH), self.area),
            (("sites", EACH, "country"), self.country),
            (("sites", EACH, "devices", EACH), lambda path, name: self.known(path, name, self.catalog.device)),
            (("sites", EACH, "hosts", EACH), lambda path, name: self.known(path, name, self.catalog.host)),
            (("sites", EACH, "existing", EACH, "host"), lambda path, name: self.known(path, name, self.catalog.host)),
            (("sites", EACH, "providers", EACH), lambda path, name: self.known(path, name, self.catalog.provider)),
            (("sites", EACH, "operator"), self.operator),
            (("sites", EACH, "countries", EACH), self.area),
            (("sites", EACH, "regions", EACH), lambda path, name: self.offered(path, name, "region")),
            (("sites", EACH, "instances", EACH), lambda path, name: self.offered(path, name, "instance_type")),
            (("law", "allowed_jurisdictions", EACH), self.area),
            (("limits", "devices", EACH), lambda path, name: self.known(path, name, self.catalog.device)),
            (("limits", "vendors", EACH), self.vendor),
            (("limits", "exclude", EACH), self.anything),
        )
        for pattern, check in checks:
            for path, name in _texts(value, pattern):
                check(path, name)

    def known(self, path: KeyPath, name: str, find: Callable[[str], object]) -> None:
        """Note a fault when `find` does not know `name`."""
        try:
            find(name)
        except InputError as error:
            self.note(path, error.what, error.remedy)

    def model(self, path: KeyPath, name: str) -> None:
        """Note a fault unless `name` is a model, or the path of a `config.json`, which then joins the catalogue."""
        try:
            given = beside(self.folder, name)
        except InputError as error:
            self.note(path, error.what, error.remedy)
            return
        config = given / "config.json" if isfile(given / "config.json") else given
        if not name.endswith(".json") and config == given:
            self.known(path, name, self.catalog.model)
        elif not isfile(config):
            self.note(path, f"there is no file '{name}'", "Give its path relative to the scenario file.")
        else:
            entry = {"id": name, "name": name, "aliases": [], "config_path": str(config)}
            self.catalog = self.catalog.with_entries("models", [entry])
            self.known(path, name, self.catalog.model)

    def country(self, path: KeyPath, name: str) -> None:
        """Note a fault unless the catalogue has figures for the country."""
        code = name.strip().upper() if len(name.strip()) <= 3 else name.strip()
        try:
            found = self.catalog.country(code).id
        except UnknownNameError as error:
            if code in ISO_COUNTRIES:
                what = f"the catalogue has no electricity price and carbon intensity for {code}"
                self.note(path, what, "Plan for a neighbouring country first, and say so to the project.")
            else:
                near = f"Did you mean {' or '.join(error.nearest)}? " if error.nearest else ""
                self.note(path, f"'{code}' is no country code", f"{near}Write two letters (ISO 3166-1), such as DE.")
        else:
            if found != code:
                self.note(path, f"'{code}' is no country code", f"Write {found}.")

    def area(self, path: KeyPath, name: str) -> None:
        """Note a fault unless `name` is the code of a country or of a legal area."""
        code = name.strip().upper() if len(name.strip()) <= 3 else name.strip()
        areas = {area for country in self.catalog.countries() for area in country.legal_areas}
        if code in areas or code in ISO_COUNTRIES:
            return
        try:
            hint = f"Write {self.catalog.country(code).id}."
        except UnknownNameError:
            hint = f"Write two letters (ISO 3166-1), or one of {', '.join(sorted(areas))}."
        self.note(path, f"'{code}' is no country or legal area", hint)

    def offered(self, path: KeyPath, name: str, part: str) -> None:
        """Note a fault unless a cloud offer has that `region` or `instance_type`."""
        names = {
            str(getattr(offer, part)).casefold(): str(getattr(offer, part)) for offer in self.catalog.cloud_offers()
        }
        if name.casefold() not in names:
            near = [names[each] for each in difflib.get_close_matches(name.casefold(), names, n=2)]
            hint = f"Did you mean {' or '.join(near)}?" if near else "See `millwright catalog list cloud`."
            self.note(path, f"no offer of the catalogue has the {part.replace('_', ' ')} '{name}'", hint)

    def vendor(self, path: KeyPath, name: str) -> None:
        """Note a fault unless a device is made by `name`."""
        vendors = self._vendors()
        if name.casefold() not in vendors:
            near = difflib.get_close_matches(name.casefold(), vendors, n=1)
            hint = f"Did you mean {vendors[near[0]]}?" if near else f"Use one of {', '.join(sorted(vendors.values()))}."
            self.note(path, f"no device of the catalogue is made by '{name}'", hint)

    def operator(self, path: KeyPath, name: str) -> None:
        """Note a fault unless `name` is a provider: of anybody else the catalogue knows no certificate."""
        try:
            self.catalog.provider(name)
        except InputError as error:
            remedy = "Or leave `operator` out and say what it holds: `facts: {iso_27001: true}`."
            self.note(path, error.what, f"{error.remedy} {remedy}".strip())

    def anything(self, path: KeyPath, name: str) -> None:
        """Note a fault when `name` is neither a device, a host, a vendor nor a provider."""
        if name.casefold() in self._vendors():
            return
        nearest: list[str] = []
        for find in (self.catalog.device, self.catalog.host, self.catalog.provider):
            try:
                find(name)
            except UnknownNameError as error:
                nearest.extend(error.nearest)
            else:
                return
        best = difflib.get_close_matches(name, nearest, n=2, cutoff=0.0)
        hint = f"Did you mean {' or '.join(best)}?" if best else "See `millwright catalog list`."
        self.note(path, f"no device, host, vendor or provider is called '{name}'", hint)

    def _vendors(self) -> dict[str, str]:
        return {device.vendor.casefold(): device.vendor for device in self.catalog.devices()}


EACH = "*"
"""In a pattern of keys: every item of a list, or a text that stands for a list of one."""


def _texts(value: Any, pattern: KeyPath, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Yield every text whose key path fits `pattern`, with its path."""
    if not pattern:
        if isinstance(value, str) and value.strip():
            yield path, value
    elif pattern[0] == EACH and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, pattern[1:], (*path, number))
    elif pattern == (EACH,):
        yield from _texts(value, (), path)
    elif isinstance(value, dict) and pattern[0] in value:
        yield from _texts(value[pattern[0]], pattern[1:], (*path, pattern[0]))


def _currencies(scenario: Scenario) -> Iterator[tuple[KeyPath, str]]:
    """Yield every currency the scenario uses, with the key that names it."""
    yield ("organisation", "currency"), scenario.organisation.currency
    sections: list[tuple[KeyPath, Any]] = [
        (("finance",), scenario.finance),
        (("finance", "staff"), scenario.finance.staff),
        (("limits",), scenario.limits),
        *((("sites", number), site) for number, site in enumerate(scenario.sites)),
    ]
    for path, section in sections:
        for name, info in type(section).model_fields.items():
            value = getattr(section, name)
            if isinstance(value, Money | Price) and name in section.model_fields_set:
                yield (*path, info.alias or name), value.currency


_COUNTRY_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""

ISO_COUNTRIES = frozenset(_COUNTRY_CODES.split())
"""Countries and territories, by ISO 3166-1 alpha-2 code."""
