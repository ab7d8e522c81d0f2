"""The catalogue's machinery: lookups, units, facts, overrides, the user's own entries, the check, the commands."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from millwright.catalog.catalog import Catalog, ShippedCatalog, UnknownNameError, load_catalog
from millwright.catalog.check import Severity, Topic, check_catalog
from millwright.catalog.device import DeviceKind
from millwright.catalog.facts import FactError, Quality, read_fact
from millwright.catalog.load import DataFileError
from millwright.catalog.precision import Compute
from millwright.catalog.units import Measure, UnitError, accepted_units, measure_of, parse, to_base
from millwright.cli.catalog import app
from millwright.errors import InputError

AS_OF = dt.date(2026, 8, 31)
NEW_DEVICE = {"memory": "96 GB", "bandwidth": "3 TB/s", "bf16": "400 TFLOP/s", "tdp": "350 W", "fp8": "800 TFLOP/s"}
NEW_HOST = {"device": "h100-sxm", "device_count": 2, "price": "100 kUSD", "power_peak": "2 kW"}


@pytest.fixture(scope="module")
def catalog() -> ShippedCatalog:
    return load_catalog()


# Lookups


@pytest.mark.parametrize(
    "name", ["h100-sxm", "H100-SXM", " h100_sxm ", "NVIDIA H100 SXM 80GB", "nvidia h100 80 GB sxm"]
)
def test_a_name_is_found_whatever_its_case_separators_and_maker(catalog: ShippedCatalog, name: str) -> None:
    assert catalog.device(name).id == "h100-sxm"


def test_what_stands_in_brackets_or_before_a_slash_does_not_hide_a_name(catalog: ShippedCatalog) -> None:
    assert catalog.device("NVIDIA L4 (rack 3)").id == "l4"
    assert catalog.model("somebody/llama-3.3-70b") is catalog.model("llama-3.3-70b")


def test_an_entry_is_built_once(catalog: ShippedCatalog) -> None:
    assert catalog.device("h100-sxm") is catalog.device("NVIDIA H100")


def test_an_unknown_name_gives_the_nearest_known_ones(catalog: ShippedCatalog) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean h100-sxm") as caught:
        catalog.device("h100-sxn")
    assert caught.value.nearest[0] == "h100-sxm"
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, InputError)


def test_a_name_like_nothing_points_to_the_list(catalog: ShippedCatalog) -> None:
    with pytest.raises(UnknownNameError, match="millwright catalog list hosts"):
        catalog.host("qqqqqqqqqqqq")


def test_a_loose_name_says_what_it_left_open(catalog: ShippedCatalog) -> None:
    assert "SXM" in catalog.shelf("devices").alias_note("NVIDIA H100")
    assert catalog.shelf("devices").alias_note("h100-sxm") == ""


@pytest.mark.parametrize(
    ("label", "id_"),
    [
        ("Dell XE9680, 8x NVIDIA H100 SXM 80GB", "h100-sxm"),
        ("Mac Studio (M4 Max 128GB) GPU", "m4-max"),
        ("NVIDIA B200 NVL", "b200-sxm"),
        ("l4", "l4"),
        ("an abacus", None),
    ],
)
def test_a_free_label_is_guessed_by_the_longest_name_in_it(
    catalog: ShippedCatalog, label: str, id_: str | None
) -> None:
    assert catalog.shelf("devices").guess(label) == id_


def test_the_shipped_catalogue_is_a_catalogue(catalog: ShippedCatalog) -> None:
    asked: Catalog = catalog
    assert all(callable(getattr(asked, name)) for name in vars(Catalog) if not name.startswith("_"))
    assert asked.usd_per("USD") == 1.0
    assert asked.country("DE").currency == "EUR"
    assert {offer.provider_id for offer in asked.cloud_offers()} <= {each.id for each in catalog.providers()}


def test_a_catalogue_can_be_sent_to_another_process(catalog: ShippedCatalog) -> None:
    changed = catalog.with_overrides({"devices": {"l4": {"price": "2 kUSD"}}})
    assert pickle.loads(pickle.dumps(changed)).device("l4") == changed.device("l4")


def test_loading_needs_no_heavy_library() -> None:
    program = """
import sys
from millwright.catalog.catalog import load_catalog
from millwright.catalog.load import FILES_OF_KIND
catalog = load_catalog()
for kind in FILES_OF_KIND:
    if kind != "sources":
        list(catalog.shelf(kind))
print(*sorted({"pint", "pydantic", "polars", "numpy", "scipy", "numba", "yaml", "typer", "rich"} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


# Units and facts


@given(st.sampled_from([each for each in Measure if each is not Measure.TEXT]), st.data())
def test_every_unit_turns_into_the_base_unit_it_measures(measure: Measure, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(accepted_units(measure)))
    value = data.draw(st.floats(0.001, 1e6))
    assert measure_of(unit) is measure
    assert parse(f"{value!r} {unit}", measure) == to_base(value, unit, measure)
    assert to_base(2 * value, unit, measure) == pytest.approx(2 * to_base(value, unit, measure))


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("80 GB", Measure.MEMORY, 80e9),
        ("80 GiB", Measure.MEMORY, 80 * 2**30),
        ("3.35TB/s", Measure.BANDWIDTH, 3.35e12),
        ("400 Gbit/s", Measure.BANDWIDTH, 50e9),
        ("1_979 TFLOP/s", Measure.COMPUTE, 1.979e15),
        ("25 kUSD", Measure.MONEY, 25_000.0),
        ("20 kEUR", Measure.MONEY, 22_000.0),
        ("0.20 EUR/kWh", Measure.MONEY_PER_ENERGY, 0.22),
        ("50 %", Measure.RATIO, 0.5),
        (700, Measure.POWER, 700.0),
    ],
)
def test_a_quantity_is_read(text: str | float, measure: Measure, value: float) -> None:
    assert parse(text, measure, {"EUR": 1.1}) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "cheap", "5 TB/s", "nan GB", "1e999 GB", "GB", True, None, "80 GBs", "3 kXYZ"])
def test_what_is_no_memory_is_refused_with_the_accepted_units(text: Any) -> None:
    with pytest.raises(UnitError) as caught:
        parse(text, Measure.MEMORY, {"EUR": 1.1})
    assert "GiB" in caught.value.remedy or "Did you mean" in caught.value.remedy or not caught.value.remedy


def test_a_fact_reads_the_same_as_list_and_as_object() -> None:
    listed = read_fact([80, "GB", "somewhere", "2023-05", "A", "sold so"])
    assert listed == read_fact(
        {"value": 80, "unit": "GB", "source": "somewhere", "date": "2023-05", "quality": "A", "note": "sold so"}
    )
    assert listed.quality is Quality.A


@pytest.mark.parametrize(
    "raw",
    [[80, "GB"], 80, {"value": 80}, [80, "GB", "s", "2023", "D"], [[80], "GB", "s", "2023", "A"], {"valeu": 1}],
)
def test_a_malformed_fact_is_refused(raw: object) -> None:
    with pytest.raises(FactError):
        read_fact(raw)


# A scenario's own figures


def test_a_scenario_overrides_a_fact_and_is_named_as_its_source(catalog: ShippedCatalog) -> None:
    changed = catalog.with_overrides({"devices": {"NVIDIA H100": {"price": "25 kUSD", "memory": "94 GB"}}})
    device = changed.device("h100-sxm")
    assert (device.price_usd, device.memory_bytes) == (25_000.0, 94e9)
    assert changed.sources[device.facts["price"].source].title == "Stated in the scenario"
    assert device.facts["bandwidth"] == catalog.device("h100-sxm").facts["bandwidth"]
    assert catalog.device("h100-sxm").price_usd != 25_000.0


def test_a_device_is_added_by_five_datasheet_numbers(catalog: ShippedCatalog) -> None:
    device = catalog.with_overrides({"devices": {"my-chip": NEW_DEVICE}}).device("My Chip")
    assert device.memory_bytes == 96e9
    assert device.peak_flop_per_s == {Compute.BF16: 400e12, Compute.FP8: 800e12}
    assert (device.family, device.kind) == ("unknown", DeviceKind.GPU)


def test_a_host_is_added_and_what_was_assumed_says_so(catalog: ShippedCatalog) -> None:
    host = catalog.with_overrides({"hosts": {"my-box": NEW_HOST}}).host("my-box")
    assert (host.price_low_usd, host.price_usd, host.price_high_usd) == (1e5, 1e5, 1e5)
    assert host.power_idle_w == 500.0
    assert host.facts["power_idle"].quality is Quality.C


def test_a_host_may_hold_a_device_that_the_scenario_adds(catalog: ShippedCatalog) -> None:
    overrides = {"hosts": {"my-box": NEW_HOST | {"device": "My Chip"}}, "devices": {"my-chip": NEW_DEVICE}}
    assert catalog.with_overrides(overrides).host("my-box").device_id == "my-chip"


def test_a_price_the_user_knows_has_no_range_around_it(catalog: ShippedCatalog) -> None:
    host = catalog.with_overrides({"hosts": {"hgx-h100-8": {"price": "200 kEUR"}}}).host("hgx-h100-8")
    assert host.price_usd == pytest.approx(200_000 * catalog.usd_per("EUR"))
    assert host.price_low_usd == host.price_usd == host.price_high_usd


def test_any_kind_of_fact_can_be_overridden(catalog: ShippedCatalog) -> None:
    country = catalog.with_overrides({"countries": {"DE": {"electricity_price": "0.24 EUR/kWh"}}}).country("DE")
    assert country.electricity_usd_per_kwh == pytest.approx(0.24 * catalog.usd_per("EUR"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"devices": {"h100-sxm": {"pryce": 1}}}, "Did you mean 'price'"),
        ({"devices": {"h100-sxm": {"price": "25 TB"}}}, "Accepted units: USD"),
        ({"devices": {"h100-sxm": {"memory": "-80 GB"}}}, "out of range"),
        ({"devices": {"h100-sxm": {"bandwidth": 0}}}, "out of range"),
        ({"devices": {"h100-sxm": {"id": "x"}}}, "unknown field"),
        ({"devices": {"h100-sxm": {"kind": "toaster"}}}, "no kind of device"),
        ({"devices": {"h100-sxm": 5}}, "expected fields"),
        ({"devices": {"h100-sxx": {"price": 1}}}, "Did you mean h100-sxm"),
        ({"hosts": {"new": {"price": 1}}}, "device, device_count, power_peak must be given"),
        ({"hosts": {"new": NEW_HOST | {"device": "h100-sxn"}}}, "Did you mean h100-sxm"),
        ({"hosts": {"new": NEW_HOST | {"device_count": "two"}}}, "a whole number from 1"),
        ({"hosts": {"hgx-h100-8": {"cooling": 5}}}, "is not a text"),
        ({"devices": {"l4": {"aliases": "mine"}}}, "a list of names"),
        ({"devices": {"l4": {"price": True}}}, "is not money"),
        ({"providers": {"nobody": {"hq_country": "DE"}}}, "no provider is called"),
        ({"toasters": {}}, "no kind of entry"),
    ],
)
def test_a_wrong_override_says_what_where_and_what_to_do(
    catalog: ShippedCatalog, overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        catalog.with_overrides(overrides)
    assert message in str(caught.value)


# The user's own devices and models


def write_devices(path: Path, *entries: dict[str, Any], kind: str = "devices") -> Path:
    path.write_text(json.dumps({"kind": kind, "schema": 1, "entries": list(entries)}))
    return path


def entry_of(**changes: Any) -> dict[str, Any]:
    facts = {
        "memory": [64, "GB", "s", "2025", "A"],
        "bandwidth": [2, "TB/s", "s", "2025", "A"],
        "bf16": [300, "TFLOP/s", "s", "2025", "A"],
        "price": [9000, "USD", "s", "2026-05", "B"],
    } | changes.pop("facts", {})
    return {
        "id": "chip",
        "name": "Chip",
        "vendor": "Maker",
        "kind": "asic",
        "family": "asic-maker",
        "facts": facts,
    } | changes


def test_a_file_of_devices_adds_to_and_replaces_the_shipped_ones(tmp_path: Path) -> None:
    path = write_devices(tmp_path / "mine.json", entry_of(), entry_of(id="l4", name="My L4"))
    catalog = load_catalog(extra_devices=[path])
    assert catalog.device("chip").memory_bytes == 64e9
    assert catalog.device("l4").name == "My L4"


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
}


@pytest.mark.parametrize("given_as", ["folder of models", "folder of one model", "config.json"])
def test_a_model_is_added_by_its_config(tmp_path: Path, given_as: str) -> None:
    config = tmp_path / "models" / "my-model" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps(CONFIG))
    extra = {"folder of models": tmp_path / "models", "folder of one model": config.parent, "config.json": config}
    assert load_catalog(extra_models=[extra[given_as]]).model("my-model").layer_count == 16


def test_models_may_lie_under_their_owner(tmp_path: Path) -> None:
    config = tmp_path / "org" / "my-model" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps(CONFIG))
    catalog = load_catalog(extra_models=[tmp_path])
    assert catalog.model("org/my-model") is catalog.model("my-model")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[1, 2]", "no catalogue file"),
        ('{"kind": "toasters", "entries": []}', "no catalogue file"),
        ('{"kind": "devices", "schema": 9, "entries": []}', "schema 9"),
        ('{"kind": "devices", "schema": 1, "entries": [{"name": "x"}]}', "each with an `id`"),
        ("\udcff", "is no JSON"),
    ],
)
def test_a_file_that_is_no_catalogue_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataFileError, match=message) as caught:
        load_catalog(extra_devices=[path])
    assert "mine.json" in str(caught.value)


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="cannot be read"):
        load_catalog(extra_devices=[tmp_path / "none.json"])
    with pytest.raises(DataFileError, match="holds no model"):
        load_catalog(extra_models=[tmp_path])


# The check


def test_the_shipped_catalogue_has_no_fault() -> None:
    assert [each for each in check_catalog(AS_OF) if each.severity is Severity.FAULT] == []


def test_sources_that_disagree_are_noted_and_old_prices_are_called_stale() -> None:
    findings = check_catalog(AS_OF)
    topics = {each.topic for each in findings if each.entry.startswith("devices/")}
    assert {Topic.CONFLICT, Topic.STALE} <= topics
    patient = check_catalog(AS_OF, max_price_age_months=1000)
    assert not [each for each in patient if each.topic is Topic.STALE]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small catalogue without a fault."""
    (tmp_path / "devices").mkdir()
    (tmp_path / "hosts").mkdir()
    sources = [{"id": "s", "title": "A source", "url": "https://example.org", "licence": "CC0"}]
    write_devices(tmp_path / "sources.json", *sources, kind="sources")
    write_devices(tmp_path / "devices" / "a.json", entry_of())
    return tmp_path


def host_of(**changes: Any) -> dict[str, Any]:
    facts = {
        "price": [10, "kUSD", "s", "2026", "B"],
        "power_idle": [100, "W", "s", "2026", "B"],
        "power_peak": [1, "kW", "s", "2026", "B"],
        "rack_units": [2, "U", "s", "2026", "B"],
    } | changes.pop("facts", {})
    return {
        "id": "box",
        "name": "Box",
        "vendor": "Maker",
        "device": "chip",
        "device_count": 1,
        "facts": facts,
    } | changes


def faults(folder: Path) -> str:
    found = check_catalog(AS_OF, folder=folder)
    return "\n".join(f"{each.entry} {each.field}: {each.message}" for each in found if each.severity is Severity.FAULT)


def test_a_sound_folder_has_no_fault(folder: Path) -> None:
    write_devices(folder / "hosts" / "h.json", host_of(), kind="hosts")
    assert faults(folder) == ""


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry_of(facts={"memory": [64, "GBs", "s", "2025", "A"]})], "not a unit the catalogue knows"),
        ([entry_of(facts={"memory": [64, "W", "s", "2025", "A"]})], "not a unit of memory"),
        ([entry_of(facts={"memory": [64, "GB", "nowhere", "2025", "A"]})], "source 'nowhere' is not listed"),
        ([entry_of(facts={"memory": [64, "GB", "s", "May 2025", "A"]})], "not a year, month or day"),
        ([entry_of(facts={"memory": [64, "GB", "s", "2025-13", "A"]})], "not a year, month or day"),
        ([entry_of(facts={"memory": [64, "GB", "s", "2025", "Z"]})], "quality is A, B or C"),
        ([entry_of(facts={"memory": [-64, "GB", "s", "2025", "A"]})], "is negative"),
        ([entry_of(facts={"memroy": [64, "GB", "s", "2025", "A"]})], "memroy: unknown fact"),
        ([entry_of(colour="red")], "colour: unknown field"),
        ([entry_of(kind="toaster")], "cannot be built"),
        ([entry_of(), entry_of()], "and again in"),
        ([entry_of(), entry_of(id="other", aliases=["CHIP"])], "'chip' also names"),
        ([{**entry_of(), "facts": {}}], "no peak rate at all"),
        (
            [entry_of(facts={"idle": [90, "W", "s", "2025", "A"], "tdp": [80, "W", "s", "2025", "A"]})],
            "not below the TDP",
        ),
    ],
)
def test_a_faulty_device_is_found(folder: Path, entries: list[dict[str, Any]], message: str) -> None:
    write_devices(folder / "devices" / "a.json", *entries)
    assert message in faults(folder)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (host_of(device="no-chip"), "'no-chip' is not among the devices"),
        (host_of(device_count=0), "device_count: not positive"),
        (host_of(facts={"price_high": [9, "kUSD", "s", "2026", "B"]}), "not between price_low and price_high"),
        (host_of(facts={"power_idle": [2, "kW", "s", "2026", "B"]}), "not between 0 and power_peak"),
    ],
)
def test_a_faulty_host_is_found(folder: Path, entry: dict[str, Any], message: str) -> None:
    write_devices(folder / "hosts" / "h.json", entry, kind="hosts")
    assert message in faults(folder)


def test_a_file_in_the_wrong_place_is_found(folder: Path) -> None:
    write_devices(folder / "devices" / "h.json", host_of(), kind="hosts")
    assert "hosts are looked for in hosts/*.json only" in faults(folder)


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    assert "no data files" in faults(tmp_path)


def test_a_date_after_today_is_a_warning(folder: Path) -> None:
    write_devices(folder / "devices" / "a.json", entry_of(facts={"memory": [64, "GB", "s", "2027", "A"]}))
    assert [each.topic for each in check_catalog(AS_OF, folder=folder) if each.severity is Severity.WARNING] == ["date"]


# The commands


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments)


def test_list_counts_the_kinds_and_lists_one() -> None:
    counts = json.loads(run("list", "--json").stdout)
    listed = json.loads(run("list", "devices", "--json").stdout)
    assert counts["devices"] == len(listed) >= 45
    assert "hgx-h100-8" in run("list", "hosts").stdout


def test_show_prints_every_fact_with_its_source() -> None:
    text = run("show", "NVIDIA H100").stdout
    assert "form factor not stated" in text
    assert "3,350 GB/s" in text
    assert "NVIDIA H100 Tensor Core GPU" in text
    shown = json.loads(run("show", "h100-sxm", "--json").stdout)
    assert shown["fields"]["peak_flop_per_s"]["bf16"] == 989e12
    assert all(fact["source"]["title"] for fact in shown["facts"].values())


@pytest.mark.parametrize("name", ["llama-3.3-70b", "aws", "DE", "EUR", "hgx-b200-8"])
def test_show_finds_every_kind_of_entry(name: str) -> None:
    result = run("show", name, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)


def test_show_an_unknown_name_is_an_input_error() -> None:
    result = run("show", "h100-sxn")
    assert isinstance(result.exception, UnknownNameError)
    assert "h100-sxm" in str(result.exception)


def test_an_unknown_kind_lists_the_kinds() -> None:
    for arguments in (("list", "toasters"), ("show", "l4", "--kind", "toasters")):
        assert "devices, hosts, models" in str(run(*arguments).exception)


def test_check_exits_1_on_a_fault_only(folder: Path) -> None:
    arguments = ("check", "--as-of", "2026-08-31", "--folder", str(folder), "--json")
    assert run(*arguments).exit_code == 0
    write_devices(folder / "devices" / "a.json", entry_of(colour="red"))
    result = run(*arguments)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["counts"]["fault"] == 1


def test_check_tallies_what_it_does_not_print() -> None:
    short, long = run("check", "--as-of", "2026-08-31"), run("check", "--as-of", "2026-08-31", "--verbose")
    assert "stale price: devices" in short.stdout
    assert len(long.stdout.splitlines()) > len(short.stdout.splitlines())


def test_check_refuses_what_is_no_day() -> None:
    assert "2026-08-31" in str(run("check", "--as-of", "yesterday").exception)


def test_list_and_show_accept_the_users_own_devices(tmp_path: Path) -> None:
    path = write_devices(tmp_path / "mine.json", entry_of())
    assert json.loads(run("show", "chip", "--devices", str(path), "--json").stdout)["id"] == "chip"
