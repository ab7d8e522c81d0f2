"""Is the catalogue sound? Form, units, sources, dates, links between entries, conflicts, and prices grown old."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from millwright.catalog.catalog import KINDS, ShippedCatalog
from millwright.catalog.device import DEVICE_FACTS, DEVICE_IDENTITY
from millwright.catalog.facts import Fact, Source, read_facts
from millwright.catalog.host import HOST_FACTS, HOST_IDENTITY
from millwright.catalog.load import DATA, FILES_OF_KIND, Entry, read_data_file
from millwright.catalog.model_check import faults_of_model
from millwright.catalog.overrides import SCENARIO
from millwright.catalog.shelf import Shelf, UnknownNameError
from millwright.catalog.units import Measure, measure_of
from millwright.errors import InputError


class Severity(StrEnum):
    """A fault makes the check fail; a warning and a note do not."""

    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"


class Topic(StrEnum):
    """What a finding is about."""

    FORM = "form"
    DATE = "date"
    SOURCE = "source"
    LINK = "link"
    CONFLICT = "conflict"
    STALE = "stale price"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the check has to say: about which entry (`kind/id`, or a file) and which field of it."""

    severity: Severity
    topic: Topic
    entry: str
    field: str
    message: str


_FACT_FORMS: Mapping[str, Mapping[str, Measure]] = {"devices": DEVICE_FACTS, "hosts": HOST_FACTS}
_PLAIN_FORMS: Mapping[str, frozenset[str]] = {"devices": DEVICE_IDENTITY, "hosts": HOST_IDENTITY}
_PRICES = (Measure.MONEY, Measure.MONEY_PER_HOUR, Measure.MONEY_PER_MTOK, Measure.MONEY_PER_ENERGY)
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def check_catalog(as_of: dt.date, max_price_age_months: float = 12.0, folder: Path = DATA) -> list[Finding]:
    """Return everything worth saying about the data files in `folder`, faults first.

    `as_of` is the day the check is made for: it warns of later dates, and of prices older than `max_price_age_months`
    [months].
    """
    findings = list(_check_files(folder))
    if any(finding.severity is Severity.FAULT for finding in findings):
        return findings
    catalog = ShippedCatalog(folder)
    used: set[str] = {SCENARIO}
    for kind in KINDS:
        findings += _check_names(kind, catalog)
        for entry in catalog.shelf(kind).entries.values():
            findings += _check_entry(kind, entry, catalog.sources, as_of, max_price_age_months, used)
            findings += _check_built(kind, entry["id"], catalog)
    findings += (
        Finding(Severity.WARNING, Topic.SOURCE, f"sources/{id_}", "", "no fact uses this source")
        for id_ in catalog.sources.keys() - used
    )
    return sorted(findings, key=lambda each: (tuple(Severity).index(each.severity), each.entry, each.field))


def _check_files(folder: Path) -> Iterator[Finding]:
    """Every file is of a known kind, lies where that kind is looked for, and repeats no id."""
    owners: dict[tuple[str, str], str] = {}
    looked_for = {path: kind for kind, pattern in FILES_OF_KIND.items() for path in folder.glob(pattern)}
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            contents = read_data_file(path)
        except InputError as error:
            yield Finding(Severity.FAULT, Topic.FORM, name, "", str(error))
            continue
        kind = contents["kind"]
        if path not in folder.glob(FILES_OF_KIND[kind]):
            yield Finding(
                Severity.FAULT, Topic.FORM, name, "kind", f"{kind} are looked for in {FILES_OF_KIND[kind]} only"
            )
        for entry in contents["entries"]:
            key = (kind, entry["id"])
            if key in owners:
                message = f"stands in {owners[key]} and again in {name}"
                yield Finding(Severity.FAULT, Topic.FORM, f"{kind}/{entry['id']}", "id", message)
            owners.setdefault(key, name)
    if not looked_for:
        yield Finding(Severity.FAULT, Topic.FORM, str(folder), "", "no data files")


def _check_names(kind: str, catalog: ShippedCatalog) -> Iterator[Finding]:
    """No name leads to two entries."""
    owners: dict[str, set[str]] = defaultdict(set)
    shelf = catalog.shelf(kind)
    for id_, entry in shelf.entries.items():
        for name in (id_, entry.get("name", id_), *entry.get("aliases", ())):
            owners[shelf.fold(name)].add(id_)
    for name, ids in owners.items():
        if len(ids) > 1:
            yield Finding(
                Severity.FAULT, Topic.FORM, f"{kind}/{min(ids)}", "aliases", f"'{name}' also names {', '.join(ids)}"
            )


def _check_entry(
    kind: str,
    entry: Entry,
    sources: Mapping[str, Source],
    as_of: dt.date,
    max_price_age_months: float,
    used: set[str],
) -> Iterator[Finding]:
    """Every field is known, every fact has a unit that fits, a source that exists and a date that has been."""
    where = f"{kind}/{entry['id']}"
    plain = _PLAIN_FORMS.get(kind)
    for key in entry.keys() - plain if plain else ():
        yield Finding(Severity.FAULT, Topic.FORM, where, key, "unknown field")
    if kind == "models":
        for field, message in faults_of_model(entry):
            yield Finding(Severity.FAULT, Topic.FORM, where, field, message)
    try:
        facts = read_facts(entry)
    except InputError as error:
        yield Finding(Severity.FAULT, Topic.FORM, where, "facts", str(error))
        return
    form = _FACT_FORMS.get(kind)
    for name, fact in facts.items():
        used.add(fact.source)
        if form is not None and name not in form:
            yield Finding(Severity.FAULT, Topic.FORM, where, name, "unknown fact")
        if fact.source not in sources:
            yield Finding(Severity.FAULT, Topic.SOURCE, where, name, f"source '{fact.source}' is not listed")
        if not _DATE.fullmatch(fact.date):
            message = f"date '{fact.date}' is not a year, month or day (ISO 8601)"
            yield Finding(Severity.FAULT, Topic.DATE, where, name, message)
        elif fact.date > as_of.isoformat()[: len(fact.date)]:
            # Not a fault: the clock of the machine may be behind.
            yield Finding(Severity.WARNING, Topic.DATE, where, name, f"date {fact.date} is after {as_of}")
        for message in _faults_of(fact, form.get(name) if form else None):
            yield Finding(Severity.FAULT, Topic.FORM, where, name, message)
        for conflict in fact.conflicts:
            yield Finding(Severity.NOTE, Topic.CONFLICT, where, name, f"{fact.value} {fact.unit} taken, but {conflict}")
        age = _age_months(fact.date, as_of)
        if _is_price(fact) and age is not None and age > max_price_age_months:
            yield Finding(Severity.WARNING, Topic.STALE, where, name, f"{fact.date}, {age:.0f} months old")


def _faults_of(fact: Fact, expected: Measure | None) -> Iterator[str]:
    try:
        measure = measure_of(fact.unit)
    except InputError as error:
        yield str(error)
        return
    if expected is not None and measure is not expected:
        yield f"'{fact.unit}' is not a unit of {expected.name.lower().replace('_', ' ')}"
    if isinstance(fact.value, int | float) and not isinstance(fact.value, bool) and fact.value < 0:
        yield f"{fact.value} is negative"


def _check_built(kind: str, id_: str, catalog: ShippedCatalog) -> Iterator[Finding]:
    """The entry becomes its dataclass, and what it points to exists."""
    where = f"{kind}/{id_}"
    try:
        built = catalog.shelf(kind).get(id_)
    except (InputError, KeyError, ValueError, TypeError) as error:
        yield Finding(Severity.FAULT, Topic.FORM, where, "", f"cannot be built: {error!r}")
        return
    for field, target in _LINKS.items():
        linked = getattr(built, field, None)
        if linked is not None and not _resolves(linked, catalog.shelf(target)):
            # Offers may lie in countries that we have no figures for; everything else must resolve.
            severity = Severity.WARNING if target == "countries" else Severity.FAULT
            yield Finding(severity, Topic.LINK, where, field, f"'{linked}' is not among the {target}")
    yield from (
        Finding(Severity.FAULT, Topic.FORM, where, field, message) for field, message in _contradictions(kind, built)
    )


_LINKS = {"device_id": "devices", "provider_id": "providers", "model_id": "models", "country": "countries"}


def _resolves(name: str, shelf: Shelf[Any]) -> bool:
    try:
        shelf.id_of(name)
    except UnknownNameError:
        return False
    return True


def _contradictions(kind: str, built: Any) -> Iterator[tuple[str, str]]:
    if kind == "hosts":
        if not built.price_low_usd <= built.price_usd <= built.price_high_usd:
            yield "price", "not between price_low and price_high"
        if not 0 < built.power_idle_w < built.power_peak_w:
            yield "power_idle", "not between 0 and power_peak"
        if built.device_count < 1:
            yield "device_count", "not positive"
    if kind == "devices":
        if built.idle_w is not None and built.tdp_w is not None and built.idle_w >= built.tdp_w:
            yield "idle", "not below the TDP"
        if not built.peak_flop_per_s:
            yield "bf16", "no peak rate at all: nothing could be predicted"


def _is_price(fact: Fact) -> bool:
    try:
        return measure_of(fact.unit) in _PRICES
    except InputError:
        return False


def _age_months(date: str, as_of: dt.date) -> float | None:
    """Return the age of a date [months], taking the latest day that a year or month alone may mean."""
    if not _DATE.fullmatch(date):
        return None
    year, month = int(date[:4]), int(date[5:7] or 12)
    return max(0.0, (as_of.year - year) * 12.0 + as_of.month - month)
