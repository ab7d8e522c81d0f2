"""Conditions of rules: what they are made of, their answer in three values, and the proof of it.

A condition is a tree of `and`, `or`, `not` over tests of single facts. Adding a fact to a world can turn unknown into
yes or no, never yes into no or back: each test is unknown as long as what it asks is, and the connectives are Kleene's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from millwright.law.areas import Areas
from millwright.law.facts import AND_PERHAPS_OTHERS, Fact, FactValue
from millwright.law.kleene import Verdict, conjunction, disjunction, negation, verdict


@dataclass(frozen=True)
class World:
    """What a condition is asked about: the facts, the areas, and the day."""

    facts: Mapping[Fact, FactValue | None]
    areas: Areas
    day: dt.date
    answers: dict[int, tuple[Condition, Verdict]] = field(default_factory=dict, compare=False, repr=False)
    """Answers given so far: many rules ask the same. The condition is kept, so that its id stays its own."""

    def countries(self, names: tuple[str, ...]) -> frozenset[str]:
        """Return the countries (or other words) that a list of areas, countries and words stands for."""
        return self.areas.countries_of(names, self.day)


@dataclass(frozen=True, slots=True)
class Proof:
    """Why a condition has its answer: the statement, the fact behind it, and the proofs of its parts."""

    statement: str
    verdict: Verdict
    fact: Fact = ""
    known: str = ""
    parts: tuple[Proof, ...] = ()

    def lines(self, depth: int = 0) -> Iterator[str]:
        """Yield the proof as indented text, one statement a line."""
        known = f"  [{self.known}]" if self.known else ""
        yield f"{'  ' * depth}{self.verdict}: {self.statement}{known}"
        for part in self.parts:
            yield from part.lines(depth + 1)


class Condition(Protocol):
    """Anything that can be asked in a world."""

    def value(self, world: World) -> Verdict:
        """Return the answer."""
        ...

    def proof(self, world: World) -> Proof:
        """Return the answer with its reasons."""
        ...

    def missing(self, world: World) -> tuple[Fact, ...]:
        """Return the unknown facts on which an unknown answer hangs, in reading order, without repeats."""
        ...

    def facts(self) -> frozenset[Fact]:
        """Return every fact it may look at."""
        ...


class Relation(StrEnum):
    """How a test holds a fact against its operand."""

    HOLDS = "holds"  # the fact is true
    GIVEN = "given"  # the set is not empty
    IS = "is"  # the text or number is that one
    IN = "in"  # the text (a country) is one of those
    HAS = "has"  # the set contains that one
    ANY_IN = "any in"  # the set and those overlap
    ALL_IN = "all in"  # the set lies within those
    ABOVE = "above"  # the number is larger
    AT_LEAST = "at least"  # the number is as large or larger


@dataclass(frozen=True, slots=True)
class Operand:
    """What a fact is held against: words written in the rule, or another fact."""

    words: tuple[str, ...] = ()
    fact: Fact = ""

    def known(self, world: World) -> tuple[str, ...] | None:
        """Return the words, or the other fact as words; None while that is unknown."""
        if not self.fact:
            return self.words
        value = world.facts.get(self.fact)
        if value is None or isinstance(value, tuple):
            return value
        return (str(value),)

    def __str__(self) -> str:
        if self.fact:
            return self.fact
        return _quoted(self.words[0]) if len(self.words) == 1 else f"[{', '.join(map(_quoted, self.words))}]"


@dataclass(frozen=True, slots=True)
class FactTest:
    """A test of one fact."""

    fact: Fact
    relation: Relation
    operand: Operand = Operand()

    def value(self, world: World) -> Verdict:
        """Return the answer; unknown while the fact or what it is held against is."""
        answered = world.answers.get(id(self))
        if answered is None:
            answered = world.answers[id(self)] = (self, self._value(world))
        return answered[1]

    def _value(self, world: World) -> Verdict:
        known = world.facts.get(self.fact)
        if known is None:
            return Verdict.UNKNOWN
        if self.relation is Relation.HOLDS:
            return verdict(bool(known))
        if self.relation is Relation.GIVEN:
            return Verdict.UNKNOWN if known == (AND_PERHAPS_OTHERS,) else verdict(known != ())
        against = self.operand.known(world)
        if against is None:
            return Verdict.UNKNOWN
        if self.relation in (Relation.ABOVE, Relation.AT_LEAST):
            number, limit = float(known), float(against[0])  # type: ignore[arg-type]
            return verdict(number > limit if self.relation is Relation.ABOVE else number >= limit)
        held = known if isinstance(known, tuple) else (str(known),)
        if self.relation in (Relation.IS, Relation.HAS):
            return verdict(True if against[0] in held else None if AND_PERHAPS_OTHERS in held else False)
        return _within(held, world.countries(against), world, every=self.relation is not Relation.ANY_IN)

    def proof(self, world: World) -> Proof:
        """Return the answer with what is known of the fact."""
        known = f"{self.fact} = {show_fact(world.facts.get(self.fact))}"
        return Proof(str(self), self.value(world), self._asked(world), known)

    def missing(self, world: World) -> tuple[Fact, ...]:
        """Return the fact to ask for while the answer is unknown."""
        return (self._asked(world),) if self.value(world) is Verdict.UNKNOWN else ()

    def _asked(self, world: World) -> Fact:
        """The fact that is not known whole: this one, or else the one it is held against."""
        known = world.facts.get(self.fact)
        whole = known is not None and not (isinstance(known, tuple) and AND_PERHAPS_OTHERS in known)
        return self.operand.fact if self.operand.fact and whole else self.fact

    def facts(self) -> frozenset[Fact]:
        """Return the fact, and the one it is held against if any."""
        return frozenset((self.fact, self.operand.fact) if self.operand.fact else (self.fact,))

    def __str__(self) -> str:
        if self.relation is Relation.HOLDS:
            return self.fact
        if self.relation is Relation.GIVEN:
            return f"{self.fact} given"
        return f"{self.fact} {self.relation} {self.operand}"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]

    def value(self, world: World) -> Verdict:
        """Return the conjunction."""
        answered = world.answers.get(id(self))
        if answered is None:
            answered = world.answers[id(self)] = (self, conjunction(part.value(world) for part in self.parts))
        return answered[1]

    def missing(self, world: World) -> tuple[Fact, ...]:
        """Return the unknown facts on which an unknown answer hangs."""
        return _missing(self, self.parts, world)

    def proof(self, world: World) -> Proof:
        """Return the conjunction with the proofs of its parts."""
        proofs = tuple(part.proof(world) for part in self.parts)
        return Proof("all of these", conjunction(each.verdict for each in proofs), parts=proofs)

    def facts(self) -> frozenset[Fact]:
        """Return the facts of all parts."""
        return frozenset().union(*(part.facts() for part in self.parts))

    def __str__(self) -> str:
        return " and ".join(_bracketed(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def value(self, world: World) -> Verdict:
        """Return the disjunction."""
        answered = world.answers.get(id(self))
        if answered is None:
            answered = world.answers[id(self)] = (self, disjunction(part.value(world) for part in self.parts))
        return answered[1]

    def missing(self, world: World) -> tuple[Fact, ...]:
        """Return the unknown facts on which an unknown answer hangs."""
        return _missing(self, self.parts, world)

    def proof(self, world: World) -> Proof:
        """Return the disjunction with the proofs of its parts."""
        proofs = tuple(part.proof(world) for part in self.parts)
        return Proof("one of these", disjunction(each.verdict for each in proofs), parts=proofs)

    def facts(self) -> frozenset[Fact]:
        """Return the facts of all parts."""
        return frozenset().union(*(part.facts() for part in self.parts))

    def __str__(self) -> str:
        return " or ".join(_bracketed(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition

    def value(self, world: World) -> Verdict:
        """Return the negation."""
        return negation(self.part.value(world))

    def missing(self, world: World) -> tuple[Fact, ...]:
        """Return the unknown facts on which an unknown answer hangs."""
        return self.part.missing(world)

    def proof(self, world: World) -> Proof:
        """Return the negation with the proof of its part."""
        proof = self.part.proof(world)
        return Proof("it is not so that", negation(proof.verdict), parts=(proof,))

    def facts(self) -> frozenset[Fact]:
        """Return the facts of the part."""
        return self.part.facts()

    def __str__(self) -> str:
        return f"not {_bracketed(self.part)}"


def _missing(condition: Condition, parts: tuple[Condition, ...], world: World) -> tuple[Fact, ...]:
    if condition.value(world) is not Verdict.UNKNOWN:
        return ()
    return tuple(dict.fromkeys(fact for part in parts for fact in part.missing(world)))


def show_fact(value: FactValue | None) -> str:
    """Return a fact's value as people write it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join("perhaps others" if each == AND_PERHAPS_OTHERS else each for each in value) or "none"
    return str(value)


def _within(held: tuple[str, ...], allowed: frozenset[str], world: World, *, every: bool) -> Verdict:
    """Hold a set against a set of countries; an area in it that lies partly within makes the answer unknown."""
    answers = []
    for name in held:
        if name == AND_PERHAPS_OTHERS:
            answers.append(Verdict.UNKNOWN)
            continue
        countries = world.countries((name,))
        inside = countries & allowed
        some = inside or AND_PERHAPS_OTHERS in allowed
        answers.append(verdict(True if inside == countries else None if some else False))
    return conjunction(answers) if every else disjunction(answers)


def _quoted(word: str) -> str:
    return word if word.replace("-", "").replace("_", "").replace(".", "").isalnum() else f'"{word}"'


def _bracketed(part: Condition) -> str:
    return f"({part})" if isinstance(part, All | AnyOf) else str(part)
