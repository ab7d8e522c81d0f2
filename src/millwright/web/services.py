"""What the API and the page work with: the settings, the library, the jobs and the quick workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from millwright.web.jobs import Jobs
    from millwright.web.library.store import Library
    from millwright.web.quick import Quick
    from millwright.web.settings import Settings


@dataclass(frozen=True)
class Services:
    """One server's parts; made once by `app.create_app`, passed to whoever needs them."""

    settings: Settings
    library: Library
    jobs: Jobs
    quick: Quick
