"""`make demo` plans the examples as the command does, the one without an answer too."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def test_the_demo_plans_examples_into_folders_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = importlib.util.spec_from_file_location("demo", REPOSITORY / "scripts" / "demo.py")
    assert found is not None
    assert found.loader is not None
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    names = ("infeasible", "mixed-fleet")
    assert script.demo([REPOSITORY / "examples" / name / "scenario.yaml" for name in names], tmp_path) == 0
    printed = capsys.readouterr().out
    for name in names:
        assert (tmp_path / name / "plan.json").exists()
        assert f"millwright plan examples/{name}/scenario.yaml" in printed
