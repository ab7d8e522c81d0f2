"""The library: what is saved, what is at work."""

from __future__ import annotations

from nicegui import ui
from nicegui.events import GenericEventArguments

from millwright.web.auth import Identity
from millwright.web.page.render import render
from millwright.web.page.shell import block, shell
from millwright.web.page.strings import t
from millwright.web.services import Services
from millwright.web.settings import Role


def library_page(services: Services, who: Identity) -> None:
    """Lay out the list of plans, scenarios and jobs."""
    with shell("library", t("library_title")):
        listed = block(_listed(services, who), "div", "")

        def cancel(event: GenericEventArguments) -> None:
            if who.role is Role.EDITOR:
                services.jobs.cancel(str(event.args.get("job", "")))
                listed.content = _listed(services, who)

        ui.on("cancel-job", cancel)


def _listed(services: Services, who: Identity) -> str:
    jobs = [services.jobs.job(each.id) for each in services.library.jobs() if not each.state.ended]
    return render(
        "library",
        plans=services.library.plans(),
        scenarios=services.library.scenarios(),
        jobs=[job for job in jobs if not job.state.ended],
        may_save=who.role is Role.EDITOR,
    )
