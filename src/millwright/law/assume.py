"""What a person assumes on top of a scenario, as text: facts not yet known, and what-ifs of the rule base."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from millwright.errors import InputError
from millwright.law.case import is_site_fact
from millwright.law.rule import RuleBase


def assuming(rules: RuleBase, assume: Iterable[str]) -> tuple[RuleBase, dict[str, Any]]:
    """Return the rules with the what-ifs thrown, and the facts that were told, from texts KEY=VALUE.

    A key is a what-if of the rule base (`dpf-annulled`, which needs no value) or a fact (`site.baa_signed=true`;
    `site.` or `workload.` may be left out where only one of them has it). Raises InputError for a text that is neither.
    """
    switches = {each.id for each in rules.switches}
    told: dict[str, Any] = {}
    for each in assume:
        key, equals, value = (part.strip() for part in each.partition("="))
        if key in switches:
            if not equals or value.lower() in ("true", "yes"):
                rules = rules.assuming(key)
            elif value.lower() not in ("false", "no"):
                raise InputError(f"'{value}' is neither true nor false", f"--assume {key}")
        elif not equals:
            raise InputError(
                f"'{each}' is no KEY=VALUE", "--assume", f"A what-if is one of {', '.join(sorted(switches))}."
            )
        else:
            told[_full_name(key)] = {"true": True, "false": False}.get(value.lower(), value)
    return rules, told


def _full_name(key: str) -> str:
    """Return a fact's name with `site.` or `workload.`, which may be left out where only one of them has it."""
    if "." in key:
        return key
    return f"site.{key}" if is_site_fact(key) else f"workload.{key}"
