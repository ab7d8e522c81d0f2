"""Fields that requests share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def _storable(text: str) -> str:
    """Return a text that every database and file takes: no NUL, no half of a surrogate pair."""
    if "\x00" in text:
        raise ValueError("the text has a NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("the text is no Unicode: it has half a surrogate pair") from None
    return text


Text = Annotated[str, AfterValidator(_storable)]

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(_storable)]

YamlText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1 << 20),
    AfterValidator(_storable),
    Field(description="YAML, as it would stand in the file."),
]

Seed = Annotated[int, Field(ge=0, lt=1 << 32, description="Seed of all random numbers.")]

FileName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,2}$"),
    Field(description="Name or relative path, as the scenario gives it: letters, digits, `.`, `-`, `_`."),
]


class Request(BaseModel):
    """What is asked; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WithFiles(Request):
    """A request that may name uploaded files."""

    attachments: dict[FileName, Annotated[str, StringConstraints(max_length=40)]] = Field(
        default_factory=dict,
        max_length=20,
        description="Files that the request's texts name: name -> id of an upload (`POST /api/attachments`).",
    )
