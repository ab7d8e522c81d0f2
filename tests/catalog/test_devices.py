"""The devices: who makes them, what their figures are, and that measurements neither miss nor beat them."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from millwright.catalog.catalog import ShippedCatalog, load_catalog
from millwright.catalog.device import Device, DeviceKind
from millwright.catalog.facts import Quality
from millwright.catalog.precision import Compute

CATALOG = load_catalog()
DEVICES = list(CATALOG.devices())


@pytest.fixture(scope="module")
def catalog() -> ShippedCatalog:
    return CATALOG


def test_there_are_devices_of_every_sort() -> None:
    assert len(DEVICES) >= 45
    vendors = {device.vendor for device in DEVICES}
    assert {"NVIDIA", "AMD", "Intel", "Google", "AWS", "Apple"} <= vendors
    makers = {device.vendor for device in DEVICES if device.family.startswith("asic-")}
    assert len(makers) >= 4
    families = {device.family for device in DEVICES}
    assert {"hopper", "blackwell", "cdna3", "gaudi", "intel-gpu", "tpu", "neuron", "apple", "cpu-x86"} <= families
    assert sum(device.kind is DeviceKind.CPU for device in DEVICES) >= 5


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.id)
def test_a_device_can_be_predicted_from_its_figures(device: Device) -> None:
    """Memory, bandwidth and one peak are what the roofline needs, and all are within what machines can be."""
    assert device.memory_bytes is not None
    assert 1e8 < device.memory_bytes < 1e12
    assert device.memory_bandwidth_bytes_per_s is not None
    assert 1e10 < device.memory_bandwidth_bytes_per_s < 3e16
    assert Compute.BF16 in device.peak_flop_per_s
    assert all(5e9 < peak < 2e17 for peak in device.peak_flop_per_s.values())
    assert device.tdp_w is None or 5 < device.tdp_w < 25_000
    assert device.link_bytes_per_s is None or device.link_kind


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.id)
def test_an_estimate_says_how_it_was_made(device: Device) -> None:
    own = {"assumption", "derived-peak", "derived-host"}
    for name, fact in device.facts.items():
        if fact.source in own:
            assert fact.quality is Quality.C, name
            assert fact.note, name


@pytest.mark.parametrize(
    ("name", "bandwidth_tb_s", "bf16", "fp8", "fp4", "tdp_w", "link_gb_s"),
    [
        # From the makers' datasheets, halved where those state sparse rates.
        ("a100-sxm-80", 2.039, 312, None, None, 400, 300),
        ("h100-sxm", 3.35, 989, 1979, None, 700, 450),
        ("h100-nvl", 3.938, 835.5, 1670.5, None, 400, 300),
        ("h200-sxm", 4.8, 989, 1979, None, 700, 450),
        ("b200-sxm", 8.0, 2250, 4500, 9000, 1000, 900),
        ("l4", 0.3, 121, 242, None, 72, None),
        ("l40s", 0.864, 362, 733, None, 350, None),
        ("rtx-4090", 1.008, 165.2, 330.4, None, 450, None),
        ("rtx-5090", 1.792, 209.5, 419, 1676, 575, None),
        ("mi300x", 5.3, 1307.4, 2614.9, None, 750, 448),
        ("mi355x", 8.0, 2516.6, 5033.2, 10066.3, 1400, 537.6),
        ("tpu-v5e", 0.819, 197, None, None, 225, 100),
        ("trainium2", 2.9, 667, 1299, None, 500, 640),
    ],
)
def test_peaks_are_dense_and_as_the_maker_states(
    catalog: ShippedCatalog,
    name: str,
    bandwidth_tb_s: float,
    bf16: float,
    fp8: float | None,
    fp4: float | None,
    tdp_w: float,
    link_gb_s: float | None,
) -> None:
    device = catalog.device(name)
    assert device.memory_bandwidth_bytes_per_s == pytest.approx(bandwidth_tb_s * 1e12)
    stated = {Compute.BF16: bf16, Compute.FP8: fp8, Compute.FP4: fp4}
    for compute, tflops in stated.items():
        assert device.peak_flop_per_s.get(compute) == (None if tflops is None else pytest.approx(tflops * 1e12))
    assert device.tdp_w == tdp_w
    if link_gb_s is not None:
        assert device.link_bytes_per_s == pytest.approx(link_gb_s * 1e9)


def test_narrower_arithmetic_is_never_slower() -> None:
    """True of every fp8 and fp4 unit; int8 was cut in late Blackwell, so it is left out."""
    for device in DEVICES:
        peaks = device.peak_flop_per_s
        assert peaks.get(Compute.FP8, peaks[Compute.BF16]) >= peaks[Compute.BF16], device.id
        assert peaks.get(Compute.FP4, 1e20) >= peaks.get(Compute.FP8, 0.0), device.id


def test_memory_is_what_the_driver_gives_not_what_the_box_says(catalog: ShippedCatalog) -> None:
    """An H100 sold as 80 GB holds 79.6 GiB, which is 85.5 GB: a model that fits must not be refused."""
    memory = catalog.device("h100-sxm").memory_bytes
    assert memory == 81_559 * 2**20
    assert memory > 80e9


# Against measurements


def test_every_measured_accelerator_is_found(catalog: ShippedCatalog, shared_data: Path) -> None:
    names: set[str] = set()
    for file, column in (("serving_points", "accelerator"), ("mlperf", "accelerator"), ("energy", "gpu_model")):
        names |= set(pl.read_parquet(shared_data / f"{file}.parquet", columns=[column])[column].unique().drop_nulls())
    names.discard("N/A")  # MLPerf's rows without an accelerator name the processor elsewhere
    assert len(names) > 100
    unknown = [name for name in sorted(names) if not _resolves(catalog, name)]
    assert unknown == []


def test_loose_names_carry_a_note(catalog: ShippedCatalog) -> None:
    for name in ("NVIDIA H100", "NVIDIA A100", "NVIDIA GH200", "Intel PVC", "AMD MI250"):
        assert catalog.shelf("devices").alias_note(name)


_FIELDS = {
    "memory_bandwidth_gbps": ("bandwidth", 1e9),
    "bf16_dense_tflops": ("bf16", 1e12),
    "fp8_dense_tflops": ("fp8", 1e12),
    "fp4_dense_tflops": ("fp4", 1e12),
    "int8_dense_tops": ("int8", 1e12),
    "tdp_w": ("tdp", 1.0),
    "scaleup_gbps_per_direction": ("link", 1e9),
}


def test_a_figure_that_another_source_disputes_says_so(catalog: ShippedCatalog, shared_data: Path) -> None:
    folder = shared_data / "catalog"
    with (folder / "accelerators.csv").open() as file:
        names = {row["device_id"]: row["name"] for row in csv.DictReader(file)}
    with (folder / "accelerator_spec_observations.csv").open() as file:
        observations = [row for row in csv.DictReader(file) if row["field"] in _FIELDS]
    compared, silent = 0, []
    for row in observations:
        id_ = next((each for each in (row["device_id"], names[row["device_id"]]) if _resolves(catalog, each)), None)
        fact_name, factor = _FIELDS[row["field"]]
        device = catalog.device(id_) if id_ else None
        if device is None or fact_name not in device.facts:
            continue
        compared += 1
        fact, ours = device.facts[fact_name], _figure(device, fact_name)
        if abs(ours / (float(row["value"]) * factor) - 1) > 0.03 and not (fact.conflicts or fact.note):
            silent.append(f"{device.id} {fact_name}: {ours / factor:g}, {row['source_key']} says {row['value']}")
    assert compared > 300
    assert silent == []


def test_no_measured_matrix_product_beats_its_device(catalog: ShippedCatalog, shared_data: Path) -> None:
    """The peaks and bandwidths are a roofline only if nothing measured lies above it."""
    path = shared_data / "ops" / "aiconfigurator" / "gemm__gemm_perf.parquet"
    compute_of = {"bfloat16": Compute.BF16, "fp8": Compute.FP8, "fp8_block": Compute.FP8, "nvfp4": Compute.FP4}
    bytes_of = {"bfloat16": 2.0, "fp8": 1.0, "fp8_block": 1.0}
    best = (
        pl.scan_parquet(path)
        .with_columns(pl.col("_system").cast(pl.String), pl.col("gemm_dtype").cast(pl.String))
        .filter(pl.col("gemm_dtype").is_in(list(compute_of)))
        .with_columns(weights=pl.col("n").cast(pl.Float64) * pl.col("k"), seconds=pl.col("latency") / 1e3)
        .group_by("_system", "gemm_dtype")
        .agg(
            (2.0 * pl.col("m") * pl.col("weights") / pl.col("seconds")).max().alias("flop_per_s"),
            # Only weights too large for any cache read memory at every repetition.
            (pl.col("weights") / pl.col("seconds")).filter(pl.col("weights") > 3e8).max().alias("weights_per_s"),
        )
        .collect()
    )
    assert best.height > 20
    for system, dtype, flop_per_s, weights_per_s in best.iter_rows():
        device = catalog.device(system)
        peaks = device.peak_flop_per_s
        # A device without the narrow unit widens, as the Arc Pro B60 does with fp8.
        assert flop_per_s <= 1.001 * peaks.get(compute_of[dtype], peaks[Compute.BF16]), (system, dtype)
        if weights_per_s is not None and dtype in bytes_of:
            assert device.memory_bandwidth_bytes_per_s is not None
            assert weights_per_s * bytes_of[dtype] <= device.memory_bandwidth_bytes_per_s, (system, dtype)


def _resolves(catalog: ShippedCatalog, name: str) -> bool:
    try:
        catalog.device(name)
    except KeyError:
        return False
    return True


def _figure(device: Device, fact_name: str) -> float:
    figures = {
        "bandwidth": device.memory_bandwidth_bytes_per_s,
        "tdp": device.tdp_w,
        "link": device.link_bytes_per_s,
        **{compute.value: peak for compute, peak in device.peak_flop_per_s.items()},
    }
    figure = figures[fact_name]
    assert figure is not None
    return figure
