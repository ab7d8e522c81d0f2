"""Which drafts the search may decode speculatively with, and why it may not with others.

No acceptance is invented: it is stated in the scenario, or the catalogue has one, which then is shown as assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from millwright.catalog.architecture import Architecture
from millwright.catalog.catalog import Catalog
from millwright.perf.speculation import (
    Draft,
    DraftOrigin,
    accepted_at_rate,
    draft_methods,
    known_drafts,
    usual_tokens,
)
from millwright.quantity import share_text
from millwright.scenario.model import Speculating, Speculation, Workload

STATED = "the scenario"
"""Source of an acceptance that the user gave."""


@dataclass(frozen=True)
class Drafting:
    """Drafts that may be used for a workload, and `notes` on what is not looked at and why."""

    drafts: tuple[Draft, ...] = ()
    notes: tuple[str, ...] = ()


def drafting_of(workload: Workload, model: Architecture, speculating: Speculating, catalog: Catalog) -> Drafting:
    """Return the drafts for `workload` served by `model`: its own one or another that would do as well.

    What the workload states is of its own model. Where it states nothing, `speculating` says which of the catalogue's
    drafts are looked at.
    """
    if model.one_pass:
        return Drafting()
    own = catalog.model(workload.model).id == model.id
    found: list[Draft] = []
    notes: list[str] = []
    for stated in workload.speculation if own else ():
        drafts, note = _stated(stated, model, catalog)
        found += drafts
        notes += note
    if not (own and workload.speculation):
        drafts, note = _catalogued(model, speculating)
        found += drafts
        notes += note
    return Drafting(tuple(dict.fromkeys(found)), tuple(notes))


def draft_label(draft: Draft | None) -> str:
    """Return a draft in a few words: who, how many tokens a step, which acceptance; empty for none."""
    if draft is None or draft.origin is None:
        return ""
    origin = draft.origin
    said = "stated" if not origin.quality else f"assumed, {origin.quality}"
    return f"{origin.title}, {draft.tokens} drafted, {share_text(origin.acceptance)} accepted ({said})"


def _stated(stated: Speculation, model: Architecture, catalog: Catalog) -> tuple[list[Draft], list[str]]:
    """Return the drafts that the user describes, one for each number of tokens."""
    method = stated.method.value
    known = next((each.draft for each in known_drafts(model.id) if _method(each.draft) == method), None)
    acceptance = stated.acceptance
    usual = known if known is not None else draft_methods().get(method)
    if acceptance is None and known is not None and known.origin is not None:
        acceptance = known.origin.acceptance
    if acceptance is None:
        note = f"{method} was not looked at: no acceptance is stated, and the catalogue has none for {model.name}"
        return [], [note]
    drafter = catalog.model(stated.draft) if stated.draft is not None else None
    if drafter is not None and abs(drafter.vocab_size - model.vocab_size) > _PADDING * model.vocab_size:
        return [], [f"{drafter.name} cannot draft for {model.name}: their vocabularies are of different sizes"]
    title = drafter.name if drafter is not None else usual.origin.title if usual and usual.origin else method
    base = usual or Draft(1, (0.0, 1.0), layers=0.0)
    checkpoint = stated.checkpoint or (known.origin.checkpoint if known is not None and known.origin else "")
    if drafter is not None and not checkpoint:
        checkpoint = next((each for each in drafter.aliases if "/" in each), drafter.id)
    origin = DraftOrigin(method, title, acceptance, checkpoint or "PATH", STATED)
    log_sigma = 0.0
    if stated.acceptance is None and base.origin is not None:
        origin = replace(base.origin, title=title, checkpoint=origin.checkpoint)
        log_sigma = base.log_sigma
    counts = stated.tokens or (usual_tokens()[method],)
    return [
        replace(
            base,
            tokens=count,
            accepted=accepted_at_rate(count, acceptance),
            model=drafter,
            origin=origin,
            log_sigma=log_sigma,
        )
        for count in counts
    ], []


_PADDING = 0.01
"""Vocabularies of one family differ by padding (Qwen: 151,936 and 152,064 tokens)."""


def _method(draft: Draft) -> str:
    return "" if draft.origin is None else draft.origin.method


def _catalogued(model: Architecture, speculating: Speculating) -> tuple[list[Draft], list[str]]:
    if speculating is Speculating.NEVER:
        return [], ["speculative decoding was not looked at: `limits: {speculation: never}`"]
    known = known_drafts(model.id)
    looked_at = [each.draft for each in known if each.shipped or speculating is Speculating.CATALOGUED]
    notes: list[str] = []
    left_out = [each.draft for each in known if each.draft not in looked_at]
    if left_out:
        titles = " and ".join(each.origin.title for each in left_out if each.origin is not None)
        notes.append(
            f"{titles} for {model.name} was not looked at: it does not ship with the checkpoint "
            "(`limits: {speculation: catalogued}` looks at it)"
        )
    elif not looked_at:
        notes.append(
            f"speculative decoding was not looked at: the catalogue knows no draft for {model.name}, and the workload "
            "states no acceptance (`speculation: [{method: …, acceptance: …}]`)"
        )
    return looked_at, notes
