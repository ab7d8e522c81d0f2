"""May this workload run at this site on that day? Every rule that applies, its answer, its proof, what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial

from millwright.law.contradictions import Contradiction, contradictions_among
from millwright.law.expression import Proof, World, show_fact
from millwright.law.facts import Fact, FactValue, SiteFacts, WorkloadFacts, question_of, values_of
from millwright.law.kleene import Verdict, conjunction
from millwright.law.rule import Effect, Exemption, Rule, RuleBase, Status

__all__ = ["DISCLAIMER", "LawFinding", "RuleFinding", "Verdict", "evaluate", "world_of"]

DISCLAIMER = (
    "This is what the rules in this rule base say of the facts given. It is not legal advice. "
    "Rules marked unverified were not checked against the primary text."
)


@dataclass(frozen=True)
class RuleFinding:
    """What one applicable rule says. `verdict` is yes where it is met, no where it is broken."""

    rule_id: str
    instrument: str
    pinpoint: str
    verdict: Verdict
    reason: str
    missing_facts: tuple[Fact, ...]
    prove: Callable[[], Proof] = field(repr=False, compare=False)
    effect: Effect = Effect.REQUIRE
    status: Status = Status.IN_FORCE
    binds: bool = True
    unverified: bool = True
    plain: str = ""
    quote: str = ""
    read_in: str = ""
    note: str = ""
    link: str = ""
    remedy: str = ""
    exemption: str = ""
    evidence: tuple[str, ...] = ()

    @cached_property
    def proof(self) -> Proof:
        """Why the verdict is what it is, down to each fact; worked out when first asked for."""
        return self.prove()


@dataclass(frozen=True)
class LawFinding:
    """What all rules say together.

    The verdict is over the rules that bind: no if one is broken, unknown if one may be, else yes. Duties and warnings
    are listed apart and do not enter it.
    """

    verdict: Verdict
    findings: tuple[RuleFinding, ...]
    missing_facts: tuple[Fact, ...]
    as_of: dt.date
    rule_base_version: str
    disclaimer: str = DISCLAIMER
    contradictions: tuple[Contradiction, ...] = ()
    assumed: tuple[str, ...] = ()
    past_review: tuple[str, ...] = ()

    @property
    def deciding(self) -> tuple[RuleFinding, ...]:
        """The binding findings that make the verdict what it is."""
        return tuple(each for each in self.findings if each.binds and each.verdict is self.verdict)

    @property
    def duties(self) -> tuple[RuleFinding, ...]:
        """What must be done before going live and is not known to be done."""
        return self._open(Effect.DUTY)

    @property
    def warnings(self) -> tuple[RuleFinding, ...]:
        """The risks that rules warn of, or may."""
        return self._open(Effect.WARN)

    @property
    def risks(self) -> tuple[RuleFinding, ...]:
        """The risks that are known to be there."""
        return tuple(each for each in self.warnings if each.verdict is Verdict.NO)

    @property
    def questions(self) -> dict[Fact, str]:
        """What to answer, by missing fact, to turn unknown into yes or no."""
        return {fact: question_of(fact) for fact in self.missing_facts}

    def _open(self, effect: Effect) -> tuple[RuleFinding, ...]:
        return tuple(each for each in self.findings if each.effect is effect and each.verdict is not Verdict.YES)


def evaluate(rules: RuleBase, workload: WorkloadFacts, site: SiteFacts, as_of: dt.date) -> LawFinding:
    """Return what the rules in force on `as_of` say of a workload at a site.

    The same question is answered from memory. The answer obeys Kleene: it is never yes while a fact is missing on which
    a binding rule hangs, and further facts never turn no into unknown.
    """
    return _evaluate(_Identity(rules), workload, site, as_of)


def world_of(rules: RuleBase, workload: WorkloadFacts, site: SiteFacts, as_of: dt.date) -> World:
    """Return the world that conditions are asked in: all facts, with what classes of data imply."""
    facts = values_of(workload, site)
    classes = workload.data_classes
    if classes is not None:
        facts["workload.data_classes"] = _with_implied(classes, rules.implied_classes)
    return World(facts, rules.areas, as_of)


class _Identity:
    """Lets the memory tell rule bases apart without hashing their rules."""

    def __init__(self, rules: RuleBase) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return hash((self.rules.version, self.rules.assumed))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and (self.rules.version, self.rules.assumed, len(self.rules.rules)) == (
            other.rules.version,
            other.rules.assumed,
            len(other.rules.rules),
        )


@lru_cache(maxsize=4096)
def _evaluate(identity: _Identity, workload: WorkloadFacts, site: SiteFacts, as_of: dt.date) -> LawFinding:
    rules = identity.rules
    world = world_of(rules, workload, site, as_of)
    found = [(rule, finding_of(rule, world)) for rule in _that_may_apply(identity, workload, as_of)]
    findings = [(rule, finding) for rule, finding in found if finding is not None]
    binding = [finding for _, finding in findings if finding.binds]
    overall = conjunction(each.verdict for each in binding)
    missing = (
        dict.fromkeys(fact for each in binding for fact in each.missing_facts) if overall is Verdict.UNKNOWN else {}
    )
    past_review = {rule.id for rule in rules.past_review(as_of)}
    return LawFinding(
        verdict=overall,
        findings=tuple(sorted((each for _, each in findings), key=_by_weight)),
        missing_facts=tuple(missing),
        as_of=as_of,
        rule_base_version=rules.version,
        contradictions=contradictions_among([rule for rule, finding in findings if finding.binds], world),
        assumed=rules.assumed,
        past_review=tuple(finding.rule_id for _, finding in findings if finding.rule_id in past_review),
    )


@lru_cache(maxsize=1024)
def _that_may_apply(identity: _Identity, workload: WorkloadFacts, as_of: dt.date) -> tuple[Rule, ...]:
    """Return the rules in force that may apply to a workload at some site.

    A rule that does not apply while nothing is known of the site applies nowhere: further facts never turn no into yes.
    """
    nowhere = world_of(identity.rules, workload, SiteFacts(), as_of)
    return tuple(
        rule for rule in identity.rules.rules if rule.in_force(as_of) and rule.applies.value(nowhere) is not Verdict.NO
    )


def finding_of(rule: Rule, world: World) -> RuleFinding | None:
    """Return what a rule says, or None where it does not apply."""
    applies = rule.applies.value(world)
    if applies is Verdict.NO:
        return None
    satisfied = rule.satisfied.value(world)
    if applies is Verdict.YES:
        answer = satisfied
    else:  # whether it applies is not known: no harm if it is met anyway
        answer = Verdict.YES if satisfied is Verdict.YES else Verdict.UNKNOWN
        if answer is Verdict.YES:
            return None
    missing = _missing(rule, world) if answer is Verdict.UNKNOWN else ()
    exemption = None
    if answer is Verdict.YES and rule.core.value(world) is not Verdict.YES:
        exemption = next(each for each in rule.exemptions if each.when.value(world) is Verdict.YES)
    return RuleFinding(
        rule_id=rule.id,
        instrument=rule.instrument.id,
        pinpoint=rule.pinpoint,
        verdict=answer,
        reason=_reason(rule, answer, missing, world, exemption),
        missing_facts=missing,
        prove=partial(_proof, rule, world, answer),
        effect=rule.effect,
        status=rule.status,
        binds=rule.binds,
        unverified=rule.unverified,
        plain=rule.plain,
        quote=rule.quote,
        read_in=rule.read_in,
        note=rule.note,
        link=rule.link,
        remedy=rule.remedy if answer is not Verdict.YES else "",
        exemption=exemption.pinpoint if exemption else "",
        evidence=rule.evidence,
    )


def _missing(rule: Rule, world: World) -> tuple[Fact, ...]:
    return tuple(dict.fromkeys((*rule.applies.missing(world), *rule.satisfied.missing(world))))


def _proof(rule: Rule, world: World, answer: Verdict) -> Proof:
    parts = (_labelled("it applies", rule.applies.proof(world)), _labelled("it is met", rule.satisfied.proof(world)))
    return Proof(f"{rule.instrument.id} {rule.pinpoint}", answer, parts=parts)


def _labelled(label: str, proof: Proof) -> Proof:
    return Proof(label, proof.verdict, parts=(proof,))


def _reason(rule: Rule, answer: Verdict, missing: tuple[Fact, ...], world: World, exemption: Exemption | None) -> str:
    """Return one or two sentences: what the rule says, and the facts that decide it here."""
    cited = f"{rule.instrument.id} {rule.pinpoint}: {rule.plain}"
    if answer is Verdict.UNKNOWN:
        return f"{cited} Unknown until you say: {' '.join(question_of(fact) for fact in missing)}"
    if answer is Verdict.YES:
        return f"{cited} Met by the exemption in {exemption.pinpoint}." if exemption else f"{cited} Met."
    facts = "; ".join(
        f"{fact} = {show_fact(world.facts.get(fact))}"
        for fact in sorted(rule.asks.facts())
        if world.facts.get(fact) is not None
    )
    return f"{cited} Here: {facts}."


def _by_weight(finding: RuleFinding) -> tuple[int, int]:
    """Binding rules first, and among them the broken before the open before the met."""
    order = (Verdict.NO, Verdict.UNKNOWN, Verdict.YES)
    return (not finding.binds, finding.effect is Effect.WARN, order.index(finding.verdict))  # type: ignore[return-value]


def _with_implied(classes: Iterable[str], implied: Mapping[str, tuple[str, ...]]) -> FactValue:
    """Return classes of data with all that they imply: health data are special, special data are personal."""
    result: dict[str, None] = {}
    pending = list(classes)
    while pending:
        each = pending.pop(0)
        if each not in result:
            result[each] = None
            pending += implied.get(each, ())
    return tuple(result)
