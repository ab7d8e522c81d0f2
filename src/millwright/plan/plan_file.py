"""Reading and writing `plan.json`; a file is either whole or as it was."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from millwright.errors import InputError
from millwright.plan.model import SCHEMA_VERSION, Plan
from millwright.scenario.text_file import read_text_file
from millwright.whole_file import write_whole

LARGEST_PLAN_BYTES = 256 << 20


def plan_as_json(plan: Plan) -> str:
    """Return the plan as JSON text; strict JSON, no NaN."""
    return json.dumps(plan.model_dump(mode="json"), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def read_plan(path: Path) -> Plan:
    """Return the plan in the file `path`; raises InputError when it is missing or is no plan of this version."""
    what = "a plan.json (`millwright plan SCENARIO --out DIR` writes it)"
    return plan_from_json(read_text_file(path, what, most_bytes=LARGEST_PLAN_BYTES), str(path))


def plan_from_json(text: str, where: str) -> Plan:
    """Return the plan in a JSON text that stands at `where`; raises InputError when it is no plan of this version."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the plan is not JSON ({error})", where, _REMEDY) from error
    header = content.get("header") if isinstance(content, dict) else None
    version = str(header.get("schema_version", "")) if isinstance(header, dict) else ""
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        found = f"plan schema '{version}'; this version reads {SCHEMA_VERSION}" if version else "no plan"
        raise InputError(f"the file is {found}", where, _REMEDY)
    try:
        return Plan.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        more = f", and {error.error_count() - 1} more faults" if error.error_count() > 1 else ""
        raise InputError(f"{key or 'the plan'}: {first['msg']}{more}", where, _REMEDY) from error


_REMEDY = "Make it with `millwright plan`."


def write_plan(plan: Plan, path: Path) -> None:
    """Write the plan as JSON; the file is either the whole new plan or what was there before."""
    write_whole(path, plan_as_json(plan).encode("utf-8"))
