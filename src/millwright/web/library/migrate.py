"""Bring a database up to date, with the migrations that come with the package."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from millwright.errors import InputError

FOLDER = Path(__file__).parent / "migrations"


def migrate(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the database to `revision`, in one transaction; raises InputError when it is of a newer Millwright."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise InputError(
                f"the library was written by a newer Millwright ({error})",
                engine.url.render_as_string(),
                "Use that version, or another database.",
            ) from None


def revisions() -> list[str]:
    """Return every revision a database may be at, oldest first."""
    script = ScriptDirectory.from_config(_config())
    return [each.revision for each in reversed(list(script.walk_revisions()))]


def revision_of(engine: sa.Engine) -> str | None:
    """Return the revision a database is at; none: it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
