"""The mixed fleet in words: each part in a line, what it is worth, the proof, what limits cost, what to buy when."""

from __future__ import annotations

from millwright.plan.mix_model import LimitCost, Mix, MixPeriod, MixPurchase, MixSupply, ProofOfWorkload
from millwright.report.format import UNKNOWN, count, number_text

HELD_WORDS = {
    "bought": "owned",
    "there already": "owned, there already",
    "reserved-1y": "reserved for a year",
    "reserved-3y": "reserved for three years",
    "on-demand": "on demand",
    "spot": "spot",
    "tokens": "API",
}
"""How a supply is held, as people say it."""

PART_HEAD = ("Part", "Machines", "Held", "Site", "Serves, by hours of the first stage")

MOST_SIMULATED = 2.0
"""The highest multiple of the load that the simulation tries: from there on it is `or more`."""

_ALL, _NONE = 0.995, 0.005
"""Shares from and up to which the percentage would read 100 and 0."""


def part_text(supply: MixSupply, mix: Mix) -> str:
    """Return such as `up to 9 × H100 at cloud, on demand: chat 63–91 %, none in the quietest 98 h`."""
    most = max((*supply.machines_by_stage, *supply.machines_by_period), default=0)
    varies = machines_text(supply) != str(most)
    what = f"{'up to ' if varies else ''}{most} × {supply.title}" if most else supply.title
    return f"{what} at {supply.site}, {held_text(supply)}: {serves_text(supply, mix)}"


def part_row(supply: MixSupply, mix: Mix) -> tuple[str, ...]:
    """Return the cells under `PART_HEAD`."""
    machines = machines_text(supply) or UNKNOWN
    return supply.title, machines, held_text(supply), supply.site, serves_text(supply, mix)


def part_rows(mix: Mix) -> tuple[tuple[str, ...], ...]:
    """Return the cells of all parts; machines that two workloads could have stand by once."""
    return tuple(dict.fromkeys(part_row(supply, mix) for supply in mix.supplies))


def held_text(supply: MixSupply) -> str:
    """Return how the supply is held; of machines there already and others bought, how many are there."""
    words = HELD_WORDS.get(supply.held, supply.held)
    return f"{words}, {supply.existing} there already" if supply.existing and supply.held == "bought" else words


def machines_text(supply: MixSupply) -> str:
    """Return the machines, as a span where hours or stages need different numbers; nothing for an API."""
    if not supply.machines_by_stage:
        return ""
    numbers = (*supply.machines_by_stage, *supply.machines_by_period)
    least, most = min(numbers), max(numbers)
    return str(most) if least == most else f"{least}–{most}"


def period_head(period: MixPeriod) -> str:
    """Return such as `busiest 25 h of the week, up to 24 requests/s`."""
    return f"{period.name} of the week, up to {number_text(period.peak_rate_per_s, 'requests/s')}"


def period_cell(supply: MixSupply, mix: Mix, number: int) -> str:
    """Return what a supply does in one period of the first stage, such as `2 machines: chat 60 %, notes 12 %`."""
    machines = supply.machines_by_period[number] if supply.machines_by_period else 0
    alike: dict[str, list[str]] = {}
    for flow in supply.serves:
        share = flow.share_by_period[number]
        if share > _NONE:
            alike.setdefault(_span(share, share), []).append(flow.requests)
    every = _all_requests(mix)
    served = ", ".join(f"{_named(names, every)} {share}" for share, names in alike.items())
    held = count(machines, "machine") if machines else ""
    if held and not served:
        return f"{held}, standing by"
    return ": ".join(text for text in (held, served) if text) or UNKNOWN


def supplies_by_site(mix: Mix) -> tuple[tuple[str, tuple[MixSupply, ...]], ...]:
    """Return each site with the supplies that stand there, in the order of the plan."""
    sites = dict.fromkeys(supply.site for supply in mix.supplies)
    return tuple((site, tuple(each for each in mix.supplies if each.site == site)) for site in sites)


def serves_text(supply: MixSupply, mix: Mix) -> str:
    """Return which requests the supply serves in which hours; a supply without any stands by.

    Requests that go alike stand together, as `everything` where there are no others.
    """
    alike: dict[str, list[str]] = {}
    for flow in supply.serves:
        if any(share > _NONE for share in flow.share_by_period):
            alike.setdefault(_shares(flow.share_by_period, mix), []).append(flow.requests)
    every = _all_requests(mix)
    return "; ".join(f"{_named(names, every)} {shares}" for shares, names in alike.items()) or "stands by"


def _all_requests(mix: Mix) -> frozenset[str]:
    return frozenset(flow.requests for each in mix.supplies for flow in each.serves)


def _named(names: list[str], every: frozenset[str]) -> str:
    """Return the classes of requests, or `everything` where there are no others."""
    return "everything" if 1 < len(every) == len(names) else ", ".join(names)


def _shares(shares: tuple[float, ...], mix: Mix) -> str:
    """Return the span of shares, and in which hours; hours without any are named where they are fewer."""
    named = list(zip([period.name for period in mix.periods], shares, strict=True))
    served = [(name, share) for name, share in named if share > _NONE]
    idle = [name for name, share in named if share <= _NONE]
    span = _span(min(share for _, share in served), max(share for _, share in served))
    if not idle:
        return span
    if len(idle) == 1 and len(served) > 1:
        return f"{span}, none in the {idle[0]}"
    return f"{span} in the {', '.join(name for name, _ in served)}"


def _span(least: float, most: float) -> str:
    if least >= _ALL:
        return "100 %"
    low, high = f"{100 * least:.0f}", f"{100 * most:.0f}"
    return f"{low} %" if low == high else f"{low}–{high} %"


def gap_text(mix: Mix) -> str:
    """Return how near the fleet is to the best there could be, and among how many supplies."""
    near = "proved the best" if mix.gap < 5e-5 else f"at most {100 * mix.gap:.2g} % from the best"
    left = f", {mix.supplies_left_out} left out beforehand" if mix.supplies_left_out else ""
    return f"{near[:1].upper()}{near[1:]} of {count(mix.supplies_looked_at, 'supply', 'supplies')} looked at{left}."


def proof_texts(mix: Mix) -> tuple[str, ...]:
    """Return what the simulation of the whole fleet says, a text for each workload and one for the headroom."""
    proof = mix.proof
    if proof is None:
        return ()
    rounds = f", after {proof.rounds} rounds" if proof.rounds > 1 else ""
    verdict = "the SLO is kept" if proof.kept else "the SLO is NOT kept"
    texts = [f"Simulated whole in the {proof.period}, {verdict}{rounds}: {kept_text(proof.workloads[0])}"]
    texts += [kept_text(each) for each in proof.workloads[1:]]
    loads = []
    if (simulated := proof.simulated_headroom) is not None:
        limited = f"{MOST_SIMULATED:g} or more" if simulated >= MOST_SIMULATED else f"{simulated:.2f}"
        loads.append(f"{limited} in the simulation")
    if proof.predicted_headroom is not None:
        loads.append(f"{proof.predicted_headroom:.2f} by the optimum's reckoning")
    if loads:
        texts.append(f"It carries this many times that load: {', '.join(loads)}.")
    return tuple(texts)


def kept_text(proof: ProofOfWorkload) -> str:
    """Return the share of requests within the SLO with all up, and after the worst loss."""
    text = f"{proof.workload} {_share(proof.simulated)} within it ({_share(proof.promised)} promised)"
    if proof.after_a_loss is not None:
        lost = f" of {proof.lost}" if proof.lost else ""
        text += f", {_share(proof.after_a_loss)} after the worst loss{lost}"
    return f"{text}."


def _share(share: float) -> str:
    """Return a share with a decimal, cut, never rounded up: 100 % is only said where it is so."""
    return f"{int(share * 1000 + 1e-9) / 10:g} %"


def limit_text(cost: LimitCost, currency: str) -> str:
    """Return such as `spares 595 EUR a month (17 %)`."""
    what = " and ".join(cost.limits)
    return f"{what} {number_text(cost.per_month, currency)} a month ({100 * cost.share:.0f} %)"


def limits_text(mix: Mix, currency: str) -> str:
    """Return in a line what the limits that cost anything cost, dearest first; empty where none does."""
    dearest = sorted((each for each in mix.limit_costs if each.per_month > 0.0), key=lambda each: -each.per_month)
    return "; ".join(limit_text(each, currency) for each in dearest)


def purchase_texts(mix: Mix, *, use: bool = True) -> tuple[str, ...]:
    """Return what to buy, reserve and (`use`) put to use, in time; the same machines are told once."""
    return tuple(dict.fromkeys(purchase_text(each) for each in mix.purchases if use or each.action != "use"))


def purchase_text(purchase: MixPurchase) -> str:
    """Return such as `month 1: buy 2 × HGX H200, sold after month 24`."""
    end = ""
    if purchase.sold:
        end = f", sold after month {purchase.last_month}"
    elif purchase.action == "reserve":
        end = f", until month {purchase.last_month}"
    return f"month {purchase.first_month}: {purchase.action} {purchase.count} × {purchase.title}{end}"
