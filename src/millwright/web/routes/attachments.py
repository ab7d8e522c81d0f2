"""Uploaded files: traces, model configurations, teams, measured points. Kept as they came, read only by workers."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, File, UploadFile

from millwright.errors import InputError
from millwright.web.library.rows import AttachmentRow
from millwright.web.library.tables import NAME_LENGTH
from millwright.web.routes.shared import Given, Id, Who

router = APIRouter(prefix="/attachments", tags=["attachments"])


@router.post("", status_code=201)
def upload(file: Annotated[UploadFile, File(description="The file.")], given: Given, who: Who) -> AttachmentRow:
    """Upload a file; requests then name it by its id, under `attachments`."""
    name = PurePath((file.filename or "").replace("\\", "/")).name
    if not name or not name.isprintable() or not _is_unicode(name):
        raise InputError("the file has no name", "file", "Send one with the upload.")
    content = file.file.read()
    return given.library.save_attachment(
        name[:NAME_LENGTH], content, given.settings.limits.library_upload_bytes, who.name
    )


@router.get("")
def list_attachments(given: Given) -> list[AttachmentRow]:
    """List the uploaded files, newest first."""
    return given.library.attachments()


@router.delete("/{id}", status_code=204)
def delete_attachment(id: Id, given: Given) -> None:
    """Delete an uploaded file; one that a measurement stands on stays."""
    given.library.delete_attachment(id)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
