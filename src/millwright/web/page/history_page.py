"""One scenario's plans over time: what changed between them, and whether the decision flipped."""

from __future__ import annotations

from millwright.errors import InputError
from millwright.web.page.render import render
from millwright.web.page.shell import block, shell
from millwright.web.page.strings import t
from millwright.web.services import Services

_MOST_PLANS = 10


def history_page(services: Services, plan_id: str) -> None:
    """Lay out the plans of the scenario that a plan was made from, newest first; raises NotThereError."""
    library = services.library
    last = library.plan(plan_id)
    rows = [row for row in library.plans() if row.scenario_name == last.scenario_name][:_MOST_PLANS]
    steps = []
    for row, before in zip(rows, [*rows[1:], None], strict=True):
        try:
            steps.append(None if before is None else library.compare(before.id, row.id))
        except InputError:
            steps.append(None)  # of a version that this one does not read
    with shell("library", t("history_title", name=last.scenario_name)):
        block(
            render(
                "history",
                name=last.scenario_name,
                rows=list(zip(rows, steps, strict=True)),
                steps=[step for step in steps if step is not None],
                stale=moved_on(rows[0].rule_base_version, rows[0].millwright_version),
                scenario_id=rows[0].scenario_id,
            ),
            "div",
            "",
        )


def moved_on(rules: str, version: str) -> str:
    """Return whether the rules and the program, and with it the catalogue, are still those of a plan."""
    from millwright import __version__
    from millwright.law.load import load_rules

    changed = []
    if load_rules().version != rules:
        changed.append(t("history_rules", before=rules, after=load_rules().version))
    if version != __version__:
        changed.append(f"Millwright {version} → {__version__}")
    return t("stale_moved", what="; ".join(changed)) if changed else t("stale_same")
