"""Write docs/plan-json.md from the plan's schema, so that the reference never lags behind the code.

python scripts/write_plan_reference.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from millwright.plan.model import SCHEMA_VERSION, plan_schema

TARGET = Path(__file__).resolve().parent.parent / "docs" / "plan-json.md"

HEAD = f"""# plan.json

`millwright plan SCENARIO --out DIR` writes it, `millwright schema plan` prints its JSON Schema (version
{SCHEMA_VERSION}). Every view (terminal, `report.html`, Markdown, the paper) shows it and computes nothing of its own.
This page is made from the schema by `scripts/write_plan_reference.py`.

- Numbers are in base units, named in the field (`rate_per_s`, `power_w`) or in a `unit` beside the value.
- `low` and `high` are P10 and P90: an 80 % interval. `value` is the median or the best estimate.
- What is not known is `null`. The file never holds NaN or Infinity.
- Money is in the currency of the header. Costs are positive, money back (a residual value) is negative.
- The first number of the schema version changes when an old reader would misread a new file.
- In Python: `from millwright.plan.plan_file import read_plan`, then `read_plan(Path("plan.json"))`.

```python
import json

plan = json.load(open("plan.json"))
best = plan["options"][0]
lcot = best["cost"]["lcot"]
print(best["title"], lcot["low"], lcot["value"], lcot["high"], lcot["unit"])
```
"""


def reference() -> str:
    """Return the whole page."""
    schema = plan_schema()
    definitions: dict[str, Any] = {"Plan": schema, **schema["$defs"]}
    return "\n".join([HEAD, *(_section(name, definitions[name]) for name in _in_reading_order(definitions))])


def _section(name: str, definition: dict[str, Any]) -> str:
    lines = [f"## {name}", "", definition.get("description", "").strip(), ""]
    if "enum" in definition:
        lines += ["One of " + ", ".join(f"`{value}`" for value in definition["enum"]) + "."]
    else:
        required = set(definition.get("required", ()))
        lines += ["| field | type | meaning |", "| --- | --- | --- |"]
        for field, form in definition["properties"].items():
            meaning = " ".join(str(form.get("description", "")).split()).replace("|", "\\|")
            optional = "" if field in required else " (may be left out)"
            lines.append(f"| `{field}` | {_type(form)}{optional} | {meaning} |")
    return "\n".join([*lines, ""])


def _type(form: dict[str, Any]) -> str:
    if "$ref" in form:
        name = form["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in form:
        return " or ".join(_type(choice) for choice in form["anyOf"])
    if "enum" in form:
        return " or ".join(f'`"{value}"`' for value in form["enum"])
    if form.get("type") == "array":
        return f"list of {_type(form['items'])}"
    return str(form.get("type", "any"))


def _in_reading_order(definitions: dict[str, Any]) -> list[str]:
    """Return the names as a reader meets them: each after the first that mentions it."""
    order: list[str] = []
    waiting = ["Plan"]
    while waiting:
        name = waiting.pop(0)
        if name in order:
            continue
        order.append(name)
        waiting = [*_mentioned(definitions[name].get("properties", {})), *waiting]
    return order


def _mentioned(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"].rsplit("/", 1)[-1]] if "$ref" in part else []
        return own + [name for value in part.values() for name in _mentioned(value)]
    return [name for value in part for name in _mentioned(value)] if isinstance(part, list) else []


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    print(f"wrote {TARGET.name}")
