"""Speculative decoding as the user may state it: who drafts, how many tokens, how many of them were accepted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from millwright.scenario.fields import Name, ScenarioModel, Share, fault, one_or_many, why


class DraftMethod(StrEnum):
    """Ways of drafting."""

    MTP = "mtp"  # a head that ships with the checkpoint (multi-token prediction)
    EAGLE3 = "eagle3"  # a head that somebody trained for the model
    DRAFT_MODEL = "draft-model"  # a small model of the same family
    NGRAM = "ngram"  # looked up in the prompt, no model


class Speculating(StrEnum):
    """Which drafts the search looks at where the workload states no acceptance of its own."""

    NEVER = "never"
    SHIPPED = "shipped"
    CATALOGUED = "catalogued"


Drafted = Annotated[int, Field(ge=1, le=16)]
DraftedCounts = Annotated[tuple[Drafted, ...], BeforeValidator(one_or_many, json_schema_input_type=int | list[int])]


class Speculation(ScenarioModel):
    """Speculative decoding that may be used for a workload."""

    method: DraftMethod
    """`mtp`: a prediction head that ships with the checkpoint; `eagle3`: a head trained for the model; `draft-model`: a
    small model of the same family; `ngram`: looked up in the prompt."""
    acceptance: Share | None = Field(
        None, gt=0, json_schema_extra=why("the catalogue's, where it has one; else this is not looked at")
    )
    """Chance that a drafted token is accepted when those before it were. Engines count it: accepted over looked at."""
    tokens: DraftedCounts | None = Field(
        None, min_length=1, json_schema_extra=why("as many as is usual for the method")
    )
    """Tokens drafted a step; several numbers are compared."""
    draft: Name | None = Field(None, json_schema_extra=why("no model drafts"))
    """The model that drafts, by catalogue name (`draft-model`)."""
    checkpoint: str = ""
    """Where the engine finds the draft: a path, or a name on a hub. None given: the catalogue's, if it has one."""

    @model_validator(mode="after")
    def _a_draft_model_is_named(self) -> Self:
        if self.method is DraftMethod.DRAFT_MODEL and self.draft is None:
            raise fault("a draft model drafts, but none is named", "Say which: `draft: llama-3.2-1b`.")
        if self.method is not DraftMethod.DRAFT_MODEL and self.draft is not None:
            raise fault(f"{self.method} drafts without a model of its own", "Say `method: draft-model`.", ("draft",))
        return self
