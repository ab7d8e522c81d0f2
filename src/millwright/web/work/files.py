"""Files that come with a request: uploads by the name the request gives them, and saved calibrations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from millwright.errors import InputError
from millwright.web.work.fields import FileName

if TYPE_CHECKING:
    from millwright.perf.calibration import Calibration

CALIBRATION_FILE = "calibration.json"

CalibrationId = Annotated[
    str | None,
    StringConstraints(max_length=40),
    Field(default=None, description="A saved calibration (`/api/library/calibrations`) that corrects step times."),
]

UploadedName = Annotated[FileName, Field(description="Which of the attachments is meant, by its name there.")]


def uploaded(folder: Path, name: str, field: str) -> Path:
    """Return the path of an uploaded file; raises InputError where it did not come."""
    path = folder / name
    if not path.is_file():
        raise InputError(f"no attachment is called '{name}'", field, "Upload it, and name it under `attachments`.")
    return path


def calibration(folder: Path) -> Calibration | None:
    """Return the corrections that came with the request."""
    from millwright.perf.calibration import read_calibration

    path = folder / CALIBRATION_FILE
    return read_calibration(path) if path.is_file() else None
