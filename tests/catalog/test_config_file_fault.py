"""A model's config that cannot be read is named by its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from millwright.catalog.catalog import load_catalog
from millwright.errors import InputError


def test_a_fault_in_a_config_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "config.json"
    path.parent.mkdir()
    path.write_text('{"model_type": "llama", "hidden_size": "wide"}', encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_catalog((), (tmp_path,)).model("mine")
    assert str(path) in str(refused.value)
