"""Rule files: one YAML file per instrument, and one for areas, classes of data and what-if switches."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from millwright.errors import InputError
from millwright.law.areas import Area, Areas, Membership
from millwright.law.facts import SiteFacts, WorkloadFacts
from millwright.law.grammar import read_condition
from millwright.law.kleene import Verdict
from millwright.law.rule import Effect, Example, Exemption, Instrument, Rule, RuleBase, Status, Switch, quote_hash

Form = TypeVar("Form", SiteFacts, WorkloadFacts)

DATA = Path(__file__).parent / "data"


class RuleFileError(InputError):
    """A rule file is malformed."""


@cache
def load_rules(folder: Path = DATA) -> RuleBase:
    """Return the rule base in `folder`; raises RuleFileError naming the file and the rule at fault.

    The version is the date of the newest change that the base file states, and a hash over all files.
    """
    base = read_yaml_file(folder / "base.yaml")
    paths = sorted((folder / "rules").glob("*.yaml"))
    digest = hashlib.sha256()
    for path in (folder / "base.yaml", *paths):
        digest.update(path.read_bytes())
    rules = tuple(rule for path in paths for rule in _rules_of(path))
    ids = [rule.id for rule in rules]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise RuleFileError("two rules have this id", id_)
    return RuleBase(
        version=f"{base['version']}+{digest.hexdigest()[:12]}",
        rules=rules,
        areas=Areas({name: _area(name, raw) for name, raw in base["areas"].items()}),
        implied_classes={name: tuple(implied) for name, implied in base["implied_classes"].items()},
        switches=(
            *(_switch(id_, raw) for id_, raw in base["switches"].items()),
            *(_struck_down(rule) for rule in rules if rule.status is Status.CONTESTED),
        ),
    )


@cache
def certificates() -> Mapping[str, str]:
    """Return the short names that a scenario may use for certificates, and what they stand for."""
    return dict(read_yaml_file(DATA / "base.yaml")["certificates"])


def site_facts(values: Mapping[str, Any]) -> SiteFacts:
    """Return site facts from plain values, lists as sets; raises RuleFileError for an unknown fact."""
    return _facts(SiteFacts, values)


def workload_facts(values: Mapping[str, Any]) -> WorkloadFacts:
    """Return workload facts from plain values, lists as sets; raises RuleFileError for an unknown fact."""
    return _facts(WorkloadFacts, values)


def _facts(form: type[Form], values: Mapping[str, Any]) -> Form:
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return form(**plain)
    except TypeError as error:
        raise RuleFileError(str(error)) from None


_RULE_KEYS = {
    "id", "pinpoint", "plain", "effect", "applies", "asks", "unless", "status", "since", "until", "quote", "quote_hash",
    "read_in", "remedy", "evidence", "note", "link", "version", "examples", "review_by", "reviewer",
}  # fmt: skip


def _rules_of(path: Path) -> Iterable[Rule]:
    raw = read_yaml_file(path)
    instrument = Instrument(**raw["instrument"])
    for each in raw["rules"]:
        where = f"{path.name}: {each.get('id', 'a rule without id')}"
        if unknown := set(each) - _RULE_KEYS:
            raise RuleFileError(f"unknown key {', '.join(sorted(unknown))}", where)
        try:
            yield _rule(each, instrument, raw)
        except InputError as error:
            raise RuleFileError(error.what, f"{where}: {error.where}", error.remedy) from None
        except (KeyError, ValueError, TypeError) as error:
            raise RuleFileError(f"cannot be read: {error!r}", where) from None


def _rule(raw: Mapping[str, Any], instrument: Instrument, file: Mapping[str, Any]) -> Rule:
    quote = " ".join(str(raw.get("quote", "")).split())
    if quote and raw.get("quote_hash") != quote_hash(quote):
        raise RuleFileError(f"the quote's hash is {quote_hash(quote)}, not {raw.get('quote_hash')}")
    read_in = raw.get("read_in", file.get("read_in", "")) if quote else ""
    if quote and not read_in:
        raise RuleFileError("has a quote and does not say in which text it was read", remedy="Add read_in.")
    return Rule(
        id=raw["id"],
        instrument=instrument,
        pinpoint=raw["pinpoint"],
        plain=" ".join(raw["plain"].split()),
        effect=Effect(raw["effect"]),
        applies=read_condition(raw["applies"]),
        asks=read_condition(raw["asks"]),
        exemptions=tuple(_exemption(each) for each in raw.get("unless", ())),
        status=Status(raw.get("status", "in_force")),
        since=_day(raw.get("since", file.get("since"))),
        until=_day(raw.get("until")),
        quote=quote,
        read_in=" ".join(read_in.split()),
        unverified=not quote and not file.get("own", False),
        remedy=" ".join(raw.get("remedy", "").split()),
        evidence=tuple(raw.get("evidence", ())),
        note=" ".join(raw.get("note", "").split()),
        link=raw.get("link", instrument.link),
        version=int(raw.get("version", 1)),
        reviewer=raw.get("reviewer", file.get("reviewer", "")),
        review_by=_day(raw.get("review_by", file.get("review_by"))),
        examples=tuple(_example(each) for each in raw.get("examples", ())),
    )


def _exemption(raw: Mapping[str, Any]) -> Exemption:
    return Exemption(raw["pinpoint"], read_condition(raw["when"]), " ".join(raw.get("plain", "").split()))


def _example(raw: Mapping[str, Any]) -> Example:
    answer = raw["gives"]
    return Example(
        name=raw["name"],
        verdict=None if answer == "not applicable" else Verdict(answer),
        workload=raw.get("workload", {}),
        site=raw.get("site", {}),
        as_of=_day(raw.get("as_of")),
    )


def _area(name: str, raw: Mapping[str, Any]) -> Area:
    members = tuple(
        Membership(
            country, _day((each or {}).get("since")), _day((each or {}).get("until")), (each or {}).get("by", "")
        )
        for country, each in raw.get("members", {}).items()
    )
    return Area(name, raw["title"], members, tuple(raw.get("includes", ())))


def _switch(id_: str, raw: Mapping[str, Any]) -> Switch:
    return Switch(id_, raw["plain"], raw.get("area", ""), raw.get("country", ""), tuple(raw.get("rules", ())))


def _struck_down(rule: Rule) -> Switch:
    """Return the what-if that comes with every contested rule."""
    plain = f"{rule.instrument.id} {rule.pinpoint}, which is contested, is struck down"
    return Switch(f"{rule.id}-struck-down", plain, rules=(rule.id,))


def _day(raw: Any) -> dt.date | None:
    if raw is None or isinstance(raw, dt.date):
        return raw
    return dt.date.fromisoformat(str(raw))


def read_yaml_file(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, in which only `true` and `false` are booleans; raises RuleFileError."""
    import yaml

    loader = _strict_loader(yaml)
    try:
        return dict(yaml.load(path.read_bytes(), Loader=loader))
    except yaml.YAMLError as error:
        raise RuleFileError(f"is no YAML: {error}", str(path)) from None


@cache
def _strict_loader(yaml: Any) -> Any:
    """A safe YAML loader that keeps `no`, `on` and the like as words: `NO` is Norway, and answers are yes and no."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader = type("RuleLoader", (base,), {})
    resolvers = base.yaml_implicit_resolvers.items()
    loader.yaml_implicit_resolvers = {  # type: ignore[attr-defined]
        first: [(tag, pattern) for tag, pattern in each if tag != _BOOLEAN] for first, each in resolvers
    }
    loader.add_implicit_resolver(_BOOLEAN, re.compile(r"^(?:true|false)$"), list("tf"))  # type: ignore[attr-defined]
    return loader


_BOOLEAN = "tag:yaml.org,2002:bool"
