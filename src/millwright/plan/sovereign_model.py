"""Sovereignty and air gap as published: how far an option is in your own hands, and whether it can run cut off."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from millwright.plan.base_model import Number, PlanModel

YesNoUnknown = Literal["yes", "no", "unknown"]


class OpenFact(PlanModel):
    """A fact that nobody has told yet, and the question that asks for it."""

    fact: str
    question: str


class SovereigntyScoreValue(PlanModel):
    """A score with the range that missing facts leave open: not an 80 % interval."""

    value: Number
    """What is known to be reached: every missing fact counts as no. The same as `low`."""
    low: Number
    high: Number
    """What it may be: every missing fact counts as yes."""
    unit: str = "%"


class SovereigntyAnswer(PlanModel):
    """Whether what one level asks is so, by which facts, and on whose word."""

    level: int = Field(ge=1, le=4)
    asks: str
    verdict: YesNoUnknown
    facts: tuple[str, ...]
    """The facts it rests on; where the verdict is unknown, those that are missing."""
    claimed_by: str = ""
    """The scenario or the catalogue; empty where nobody says."""


class SovereigntyObjective(PlanModel):
    """One objective: its weight, the level reached (at least and at most), and the evidence up to the next level."""

    id: str
    title: str
    weight: Number
    """Share of the score [%]."""
    level_low: int = Field(ge=0, le=4)
    level_high: int = Field(ge=0, le=4)
    answers: tuple[SovereigntyAnswer, ...] = ()


class Sovereignty(PlanModel):
    """The score after the EU Cloud Sovereignty Framework, our own reading of its levels over the facts known.

    Of several places the weakest one counts, objective by objective.
    """

    score: SovereigntyScoreValue
    seal_low: int = Field(ge=0, le=4)
    """The lowest SEAL level over all objectives, at least; `seal_high` at most."""
    seal_high: int = Field(ge=0, le=4)
    objectives: tuple[SovereigntyObjective, ...]
    missing: tuple[OpenFact, ...] = ()
    """What to answer so that the score narrows."""


class AirGapNeed(PlanModel):
    """One thing that the deployment wants from outside."""

    id: str
    what: str
    carried_in: Literal["yes", "partly", "no"]
    how: str
    """How it is carried in, or what is done instead."""
    blocks: bool
    """Without it nothing runs."""


class AirGap(PlanModel):
    """Whether the option can run cut off from outside networks, once all of `bring_in` is inside."""

    feasible: YesNoUnknown
    cut_off: bool
    """Whether the scenario says that its sites are cut off: then the list is to be worked through."""
    bring_in: tuple[AirGapNeed, ...] = ()
    cannot: tuple[AirGapNeed, ...] = ()
    """What cannot be carried in. Where one of these blocks, the option cannot be cut off."""
