"""Three questions that write a whole scenario: what for, how many people, where may the data go."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.scenario.edit import scalar_text


@dataclass(frozen=True)
class Use:
    """A kind of use: the model, profile and promise that a beginner may start from."""

    key: str
    workload: str
    model: str
    profile: str
    slo: str
    per_user_per_day: float
    batch: bool = False


USES: tuple[Use, ...] = (
    Use("use_chat", "chat", "llama-3.3-70b", "conversation", "{ttft: 2 s, tpot: 80 ms, percentile: 95}", 12.0),
    Use("use_code", "code", "qwen2.5-coder-32b", "code", "{ttft: 1 s, tpot: 40 ms, percentile: 95}", 60.0),
    Use("use_documents", "documents", "llama-3.3-70b", "long-context", "{ttft: 8 s, tpot: 80 ms, percentile: 90}", 6.0),
    Use("use_batch", "summaries", "llama-3.1-8b", "summarisation", "", 10.0, batch=True),
)
FIRST_PLACE = "where_eu"
"""The answer that the page begins with."""
PLACES = ("where_anywhere", "where_eu", "where_country", "where_house")


def written(use_key: str, people: float, place: str, country: str) -> str:
    """Return a scenario for `people` who use it, with data that may go where `place` says, seated in `country`.

    Raises KeyError for a use or a place that is not offered.
    """
    use = {each.key: each for each in USES}[use_key]
    if place not in PLACES:
        raise KeyError(place)
    country = country.strip().upper()[:2] or "DE"
    residency = {"where_anywhere": "", "where_eu": "EU", "where_country": country, "where_house": country}[place]
    name = scalar_text(f"{use.workload} for {people:,.0f} people")
    traffic = f"{{users: {people:.0f}, requests_per_user_per_day: {use.per_user_per_day:g}, profile: {use.profile}"
    lines = [
        "# Written from three questions: change what is not so.",
        f"name: {name}",
        f"organisation: {{country: {country}}}",
        "workloads:",
        f"  - name: {use.workload}",
        f"    model: {use.model}",
        *(["    mode: batch", "    deadline: 8 h"] if use.batch else []),
        f"    traffic: {traffic}, shape: office-hours}}",
        *([f"    slo: {use.slo}"] if use.slo else []),
        f"    data: {{classes: [internal]{f', residency: [{residency}]' if residency else ''}}}",
        "sites:",
        "  - {name: own room, kind: owned}",
    ]
    if place != "where_house":
        where = f", countries: [{residency}]" if residency else ""
        lines += [f"  - {{name: cloud, kind: cloud{where}}}", f"  - {{name: API, kind: api{where}}}"]
    return "\n".join(lines) + "\n"
