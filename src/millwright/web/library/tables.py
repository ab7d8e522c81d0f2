"""The tables of the library, as the newest migration leaves them. `migrations/` brings older databases here."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

ID_LENGTH = 12
"""Characters of an id: 48 random bits in hexadecimal."""
NAME_LENGTH = 200


class Moment(sa.types.TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is taken off on the way in and put back on the way out."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """Return the moment as the database keeps it."""
        return None if value is None else value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """Return the moment with its time zone."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(ID_LENGTH), primary_key=True)


def _saved() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return (
        sa.Column("saved_at", Moment, nullable=False, index=True),
        sa.Column("saved_by", sa.String(NAME_LENGTH), nullable=False),
    )


scenarios = sa.Table(
    "scenarios",
    metadata,
    _id(),
    sa.Column("name", sa.String(NAME_LENGTH), nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    *_saved(),
)

plans = sa.Table(
    "plans",
    metadata,
    _id(),
    sa.Column("scenario_id", sa.String(ID_LENGTH), sa.ForeignKey("scenarios.id"), index=True),
    sa.Column("scenario_name", sa.String(NAME_LENGTH), nullable=False),
    sa.Column("plan_json", sa.Text, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("option_id", sa.Text),
    sa.Column("probability", sa.Float, nullable=False),
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("catalogue_date", sa.Text, nullable=False),
    sa.Column("rule_base_version", sa.Text, nullable=False),
    sa.Column("millwright_version", sa.Text, nullable=False),
    *_saved(),
)

attachments = sa.Table(
    "attachments",
    metadata,
    _id(),
    sa.Column("name", sa.String(NAME_LENGTH), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    *_saved(),
)

measurements = sa.Table(
    "measurements",
    metadata,
    _id(),
    sa.Column("name", sa.String(NAME_LENGTH), nullable=False, index=True),
    sa.Column("attachment_id", sa.String(ID_LENGTH), sa.ForeignKey("attachments.id"), nullable=False, index=True),
    sa.Column("points", sa.Integer, nullable=False),
    *_saved(),
)

calibrations = sa.Table(
    "calibrations",
    metadata,
    _id(),
    sa.Column("name", sa.String(NAME_LENGTH), nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    *_saved(),
)

jobs = sa.Table(
    "jobs",
    metadata,
    _id(),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("what", sa.String(NAME_LENGTH), nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("of", sa.Integer, nullable=False),
    sa.Column("result", sa.Text),
    sa.Column("fault", sa.Text),
    sa.Column("submitted_by", sa.String(NAME_LENGTH), nullable=False),
    sa.Column("submitted_at", Moment, nullable=False, index=True),
    sa.Column("started_at", Moment),
    sa.Column("ended_at", Moment),
)
