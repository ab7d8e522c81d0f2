"""Loading a sound scenario: what was said, what was defaulted, what stands around it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml

from millwright.catalog.catalog import ShippedCatalog, load_catalog
from millwright.money import Money, Price, PriceUnit
from millwright.scenario.faults import ScenarioError
from millwright.scenario.load import LoadedScenario, load_scenario, read_scenario, scenario_json_schema
from millwright.scenario.model import ApiSite, CloudSite, Mode, OwnedSite, Scenario
from millwright.traffic.arrivals import Bursts, Gamma, Poisson
from millwright.traffic.lengths import Fixed, Lognormal, Uniform
from millwright.traffic.pattern import demand
from millwright.traffic.shape import named_shapes, peak_factor

FULL = Path(__file__).parent / "full.yaml"
REPOSITORY = Path(__file__).resolve().parents[2]

SIMPLE = """\
organisation: {country: NO}
workloads:
  - name: chat
    model: llama-3.3-70b
    traffic: {rate: 2 /s}
"""


@pytest.fixture(scope="module")
def catalog() -> ShippedCatalog:
    return load_catalog()


@pytest.fixture(scope="module")
def full(catalog: ShippedCatalog) -> LoadedScenario:
    return load_scenario(FULL, catalog)


def _read(text: str, catalog: ShippedCatalog, folder: Path = Path()) -> LoadedScenario:
    return read_scenario(text, folder / "scenario.yaml", catalog)


def test_every_value_arrives_in_its_base_unit(full: LoadedScenario) -> None:
    chat, summaries, helpers = full.scenario.workloads
    assert chat.slo.ttft_s == 2.0
    assert chat.slo.tpot_s == pytest.approx(0.08)
    assert chat.growth_per_year == pytest.approx(0.2)
    assert chat.max_context_tokens == 16_000
    assert summaries.mode is Mode.BATCH
    assert summaries.deadline_hours == pytest.approx(6.0)
    assert (summaries.slo.ttft_s, summaries.slo.tpot_s, summaries.slo.e2e_s) == (None, None, None)
    assert helpers.slo.ttft_s == 2.0
    room = full.scenario.sites[0]
    assert isinstance(room, OwnedSite)
    assert room.power_w == 20_000
    assert room.budget == Money(400_000, "EUR")
    assert room.electricity == Price(0.24, "EUR", PriceUnit.KWH)
    assert full.scenario.finance.hardware_life_years == pytest.approx(5.0)
    assert full.scenario.limits.price_age_days == pytest.approx(180.0)


def test_traffic_becomes_a_pattern_that_can_be_sampled(full: LoadedScenario) -> None:
    chat, summaries, helpers = (full.patterns[name] for name in ("chat", "summaries", "helpers"))
    assert isinstance(chat.input, Fixed)
    assert isinstance(chat.output, Lognormal)
    assert chat.output.mean_tokens == pytest.approx(250.0)
    assert chat.output.quantile(np.array([0.95]))[0] == pytest.approx(700.0)
    assert chat.arrivals == Gamma(2.0)
    assert chat.shape == named_shapes()["office-hours"].weights
    assert chat.mean_rate_per_s == 2.0
    assert summaries.input == Uniform(100.0, 4000.0)
    assert summaries.arrivals == Poisson()
    assert summaries.mean_rate_per_s * 86_400 == pytest.approx(20_000)
    assert helpers.arrivals == Bursts(20.0, 10.0, 60.0)
    assert helpers.mean_rate_per_s * 86_400 == pytest.approx(400 * 30)


def test_requests_per_day_are_those_of_a_working_day(catalog: ShippedCatalog) -> None:
    said = "{requests_per_day: 2000, shape: office-hours}"
    pattern = _read(SIMPLE.replace("{rate: 2 /s}", said), catalog).patterns["chat"]
    hourly = np.array(demand(pattern).hourly_rate_per_s) * 3600
    assert hourly[:24].sum() == pytest.approx(2000)  # Monday
    assert hourly[-24:].sum() < 400  # Sunday


def test_what_is_not_said_is_defaulted_and_listed_with_its_reason(catalog: ShippedCatalog) -> None:
    loaded = _read(SIMPLE, catalog)
    listed = {field.path: field for field in loaded.defaulted}
    assert listed["finance.discount_rate"].value == "8 %/y"
    assert "assumed" in listed["finance.discount_rate"].note
    assert listed["workloads.chat.slo"].value == "TTFT 2 s, TPOT 0.1 s at p95"
    assert "MLPerf" in listed["workloads.chat.slo"].note
    assert "Azure" in listed["workloads.chat.traffic.input"].note
    assert listed["workloads.chat.traffic.shape"].value == "day-night"
    assert listed["limits.spares"].value == "1"
    assert listed["sites"].value == "own room, any cloud, any API"
    assert "workloads.chat.deadline" not in listed  # it does not count for online work
    assert "workloads.chat.traffic.trace_scale" not in listed
    assert all(field.value and field.note for field in loaded.defaulted)


def test_what_is_said_is_not_listed_as_defaulted(full: LoadedScenario) -> None:
    paths = {field.path for field in full.defaulted}
    assert not {path for path in paths if path.startswith(("organisation", "finance", "limits", "sites.server room"))}
    assert not {path for path in paths if path.startswith("workloads.chat.")}
    assert "sites.colo.country" in paths


def test_sites_default_to_an_own_room_every_cloud_and_every_api(catalog: ShippedCatalog) -> None:
    room, cloud, api = _read(SIMPLE, catalog).scenario.sites
    assert isinstance(room, OwnedSite)
    assert room.country == "NO"  # not the truth value that YAML 1.1 makes of it
    assert isinstance(cloud, CloudSite)
    assert cloud.providers is None
    assert isinstance(api, ApiSite)


def test_the_currency_is_the_countrys(catalog: ShippedCatalog) -> None:
    loaded = _read(SIMPLE, catalog)
    assert loaded.scenario.organisation.currency == "NOK"
    assert next(field.value for field in loaded.defaulted if field.path == "organisation.currency") == "NOK"


def test_the_catalogue_holds_the_scenarios_own_figures_and_devices(full: LoadedScenario) -> None:
    assert full.catalog.device("h100-sxm").price_usd == 25_000
    assert full.catalog.device("my-chip").memory_bytes == 96e9
    assert full.catalog.device("my-chip").price_usd == 15_000


def test_a_model_may_be_a_path_from_the_scenarios_folder(tmp_path: Path, catalog: ShippedCatalog) -> None:
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "num_hidden_layers": 32,
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
        "torch_dtype": "bfloat16",
    }
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "config.json").write_text(json.dumps(config))
    for said in ("ours/config.json", "./ours/config.json", "ours"):
        loaded = _read(SIMPLE.replace("llama-3.3-70b", said), catalog, tmp_path)
        assert loaded.catalog.model(loaded.scenario.workloads[0].model).hidden_size == 4096
    (tmp_path / "ours" / "config.json").write_text("{}")
    with pytest.raises(ScenarioError, match=r"workloads\[0\]\.model"):
        _read(SIMPLE.replace("llama-3.3-70b", "ours"), catalog, tmp_path)


TRACE_HEADINGS = "arrival_s,input_tokens,output_tokens\n"


def _traced(tmp_path: Path, catalog: ShippedCatalog, lines: list[str], said: str = "") -> LoadedScenario:
    (tmp_path / "t.csv").write_text(TRACE_HEADINGS + "\n".join(lines))
    return _read(SIMPLE.replace("rate: 2 /s", f"trace: t.csv{said}"), catalog, tmp_path)


def test_a_short_trace_stands_for_every_hour_or_for_the_busiest(tmp_path: Path, catalog: ShippedCatalog) -> None:
    lines = [f"{second},10,5" for second in range(101)]  # one a second
    every_hour = _traced(tmp_path, catalog, lines)
    assert every_hour.patterns["chat"].mean_rate_per_s == pytest.approx(1.0)
    assert peak_factor(every_hour.patterns["chat"].shape) == pytest.approx(1.0)
    assert "every hour" in next(each.note for each in every_hour.defaulted if each.path.endswith("traffic.shape"))
    busiest = _traced(tmp_path, catalog, lines, ", shape: office-hours").patterns["chat"]
    assert busiest.peak_rate_per_s == pytest.approx(1.0)
    assert busiest.mean_rate_per_s < 0.5


def test_a_scaled_trace_comes_so_much_faster(tmp_path: Path, catalog: ShippedCatalog) -> None:
    lines = [f"{second},10,5" for second in range(101)]
    pattern = _traced(tmp_path, catalog, lines, ", trace_scale: 2.5").patterns["chat"]
    assert pattern.mean_rate_per_s == pytest.approx(2.5)
    assert pattern.trace is not None
    assert pattern.trace.rate_per_s == pytest.approx(2.5)


def test_a_trace_of_days_brings_its_own_shape(tmp_path: Path, catalog: ShippedCatalog) -> None:
    busy = [f"{day * 86_400 + 9 * 3600 + second * 2},10,5" for day in range(3) for second in range(1800)]
    quiet = [f"{day * 86_400 + hour * 3600},10,5" for day in range(3) for hour in range(24)]
    lines = sorted({*busy, *quiet}, key=lambda line: float(line.split(",")[0]))
    pattern = _traced(tmp_path, catalog, lines).patterns["chat"]
    assert int(np.argmax(pattern.shape)) % 24 == 9
    assert peak_factor(pattern.shape) > 20


def test_a_scenario_in_python_takes_base_units() -> None:
    site = OwnedSite(name="room", power_w=20_000.0, budget=Money(1.0, "EUR"))
    assert site.power_w == 20_000.0
    with pytest.raises(ValueError, match="frozen"):
        site.power_w = 1.0  # type: ignore[misc]


def test_the_schema_is_a_json_schema_that_accepts_what_the_loader_accepts() -> None:
    schema = scenario_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(yaml.safe_load(FULL.read_text(encoding="utf-8").replace("as_of: 2026-12-02", "as_of: 'x'")))
    validator.validate(yaml.safe_load(SIMPLE.replace("NO", "DE")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate: 2 /s", "rates: 2 /s"),
        ("rate: 2 /s", "rate: 2"),
        ("rate: 2 /s", "rate: fast"),
        ("rate: 2 /s", "rate: 2 /s, profile: coding"),
        ("rate: 2 /s", "rate: 2 /s, shape: office"),
        ("    model: llama-3.3-70b\n", ""),
        ("    model:", "    mode: bacth\n    model:"),
        ("    model:", "    data: {classes: [medical]}\n    model:"),
        ("    model:", "    slo: {percentile: 100}\n    model:"),
        ("organisation", "sites: [{name: a}]\norganisation"),
        ("organisation", "sites: [{name: a, kind: api, air_gap: true}]\norganisation"),
    ],
)
def test_the_schema_refuses_what_an_editor_can_know_is_wrong(old: str, new: str) -> None:
    assert old in SIMPLE
    validator = jsonschema.Draft202012Validator(scenario_json_schema())
    assert not validator.is_valid(yaml.safe_load(SIMPLE.replace("NO", "DE").replace(old, new)))


def test_the_reference_is_what_the_model_says() -> None:
    script = REPOSITORY / "scripts" / "make_scenario_reference.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_example_in_the_reference_is_sound(catalog: ShippedCatalog) -> None:
    page = (REPOSITORY / "docs" / "scenario.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    assert _read(example, catalog).scenario.name == "hospital chat"
    assert len(example.splitlines()) <= 12


def test_the_whole_file_survives_a_copy(tmp_path: Path, catalog: ShippedCatalog, full: LoadedScenario) -> None:
    shutil.copy(FULL, tmp_path / "copy.yaml")
    again = load_scenario(tmp_path / "copy.yaml", catalog)
    assert again.scenario == full.scenario
    assert again.source_text == FULL.read_text(encoding="utf-8")


def test_a_scenario_survives_its_own_dump(full: LoadedScenario) -> None:
    assert Scenario.model_validate(full.scenario.model_dump(by_alias=True, exclude_unset=True)) == full.scenario


def test_a_host_of_the_scenario_may_hold_a_device_of_the_scenario(catalog: ShippedCatalog) -> None:
    own = """\
devices:
  - {name: mycard, memory: 64 GB, bandwidth: 2 TB/s, bf16: 300 TFLOP/s, tdp: 350 W, price: 9 kEUR}
overrides:
  hosts: {mybox: {device: mycard, device_count: 4, price: 45 kEUR, power_peak: 2 kW}}
"""
    found = _read(SIMPLE + own, catalog).catalog
    assert found.host("mybox").device_id == "mycard"
    assert found.host("mybox").device_count == 4
