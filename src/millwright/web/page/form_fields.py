"""The fields of the scenario form: each a key of the YAML, with its label and how its text is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from millwright.scenario.job import TuningMethod
from millwright.scenario.model import DataClass, Sector
from millwright.traffic.profile import profiles
from millwright.web.page.strings import t

Plain = str | int | float | list[str] | None


class As(StrEnum):
    """How the text of a field is read."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "list"


@dataclass(frozen=True)
class Field:
    """One field: the path of its key, its label, how it is read, and what may be chosen."""

    path: tuple[str | int, ...]
    label: str
    kind: As = As.TEXT
    choices: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The path as one text."""
        return ".".join(str(part) for part in self.path)

    def read(self, text: str) -> Plain:
        """Return what the text stands for; empty is nothing."""
        text = text.strip()
        if not text:
            return None
        if self.kind is As.LIST:
            return [part.strip() for part in text.split(",") if part.strip()]
        if self.kind is As.NUMBER:
            try:
                number = float(text)
            except ValueError:
                return text  # the checker says what is wrong with it
            return int(number) if number == int(number) else number
        return text


@dataclass(frozen=True)
class Group:
    """Fields that belong together."""

    title: str
    fields: tuple[Field, ...]


def groups(workloads: int, jobs: int = 0) -> tuple[Group, ...]:
    """Return the groups of the form for so many workloads and fine-tuning jobs, and an empty one for one job more."""
    return (
        Group(
            t("form_organisation"),
            (
                Field(("name",), t("editor_name")),
                Field(("organisation", "country"), t("form_country")),
                Field(("organisation", "sector"), t("form_sector"), choices=tuple(Sector)),
                Field(("organisation", "employees"), t("form_employees"), As.NUMBER),
            ),
        ),
        *(_workload(number) for number in range(workloads)),
        *(_job(number) for number in range(jobs + 1)),
        Group(
            t("form_finance"),
            (
                Field(("finance", "horizon"), t("form_horizon")),
                Field(("finance", "discount_rate"), t("form_discount")),
                Field(("finance", "electricity"), t("form_electricity")),
            ),
        ),
        Group(
            t("form_limits"),
            (
                Field(("limits", "spares"), t("form_spares"), As.NUMBER),
                Field(("team", "engineers"), t("form_engineers"), As.NUMBER),
            ),
        ),
    )


def _workload(number: int) -> Group:
    at: tuple[str | int, ...] = ("workloads", number)
    return Group(
        t("form_workload", name=number + 1),
        (
            Field((*at, "name"), t("editor_name")),
            Field((*at, "model"), t("form_model")),
            Field((*at, "traffic", "rate"), t("form_traffic_rate")),
            Field((*at, "traffic", "requests_per_day"), t("form_requests_per_day"), As.NUMBER),
            Field((*at, "traffic", "users"), t("form_users"), As.NUMBER),
            Field((*at, "traffic", "profile"), t("form_profile"), choices=tuple(profiles())),
            Field((*at, "growth"), t("form_growth")),
            Field((*at, "slo", "ttft"), t("form_ttft")),
            Field((*at, "slo", "tpot"), t("form_tpot")),
            Field((*at, "slo", "percentile"), t("form_percentile"), As.NUMBER),
            Field((*at, "data", "classes"), f"{t('form_classes')} ({', '.join(tuple(DataClass)[:4])} …)", As.LIST),
            Field((*at, "data", "residency"), t("form_residency"), As.LIST),
        ),
    )


def _job(number: int) -> Group:
    at: tuple[str | int, ...] = ("jobs", number)
    return Group(
        t("form_job", name=number + 1),
        (
            Field((*at, "name"), t("editor_name")),
            Field((*at, "workload"), t("form_job_workload")),
            Field((*at, "method"), t("form_job_method"), choices=tuple(TuningMethod)),
            Field((*at, "tokens"), t("form_job_tokens")),
            Field((*at, "every"), t("form_job_every")),
            Field((*at, "deadline"), t("form_job_deadline")),
        ),
    )
