"""Money alone: a hand-written cash-flow case, priced."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from millwright.errors import InputError
from millwright.web.work.fields import Name, Request, Seed, YamlText
from millwright.web.worker import Tell

CASE_FILE = "case.yaml"


class CostRequest(Request):
    """A cost case (YAML), or the name of a public study."""

    case: YamlText | None = None
    preset: Name | None = Field(default=None, description="A public study, instead of a case of one's own.")
    option: Name | None = Field(default=None, description="The option an explanation is of; else the cheapest.")
    explain: Name | None = Field(default=None, description="A figure to drill down into: lcot, npv, hardware …")
    studies: bool = Field(default=False, description="With public studies beside the case.")
    draws: Annotated[int, Field(ge=64, le=100_000)] = 10_000
    seed: Seed = 0

    @model_validator(mode="after")
    def _one_of_two(self) -> CostRequest:
        if (self.case is None) == (self.preset is None):
            raise ValueError("give either `case` or `preset`")
        return self


def cost(asked: CostRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the account of a case, as `millwright cost --json` prints it."""
    from millwright.finance.account import account, explain, explanation_account, studies_account
    from millwright.finance.case import CaseError
    from millwright.finance.case_file import read_case_file
    from millwright.finance.presets import read_preset
    from millwright.finance.pricing import price_file

    if asked.preset is not None:
        file = read_preset(asked.preset).file
    else:
        assert asked.case is not None, "there is a case where there is no preset"
        (folder / CASE_FILE).write_text(asked.case, encoding="utf-8")
        file = read_case_file(folder / CASE_FILE)
    if asked.option is not None and asked.option not in file.options:
        raise InputError(f"there is no option '{asked.option}'", "option", f"It has {', '.join(file.options)}.")
    try:
        priced = price_file(file, asked.draws, asked.seed)
    except CaseError as error:
        raise InputError(str(error), "case") from None
    document = account(priced)
    if asked.studies:
        document["studies"] = studies_account()
    if asked.explain is not None:
        chosen = asked.option or priced.ranked[0].name
        document["explanation"] = explanation_account(explain(priced, asked.explain, chosen))
    return document
