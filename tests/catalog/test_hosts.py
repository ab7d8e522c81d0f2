"""The hosts: every sort of machine, prices that add up, power between idle and peak."""

from __future__ import annotations

import re

import pytest

from millwright.catalog.catalog import load_catalog
from millwright.catalog.device import DeviceKind
from millwright.catalog.facts import Quality
from millwright.catalog.host import Host, host_from_entry
from millwright.errors import InputError

CATALOG = load_catalog()
HOSTS = list(CATALOG.hosts())


def test_there_is_a_host_for_every_purse() -> None:
    assert len(HOSTS) >= 25
    wanted = {
        "server-l4-1", "server-l40s-8", "hgx-a100-8", "hgx-h100-8", "hgx-h200-8", "hgx-b200-8", "hgx-b300-8",
        "mi300x-8", "mi325x-8", "mi355x-8", "gaudi3-8", "cpu-epyc-9654-2", "mac-studio-m3-ultra", "dgx-spark",
        "strix-halo-desktop", "tenstorrent-quietbox", "workstation-rtx-5090-1",
    }  # fmt: skip
    assert wanted <= {host.id for host in HOSTS}
    kinds = {CATALOG.device(host.device_id).kind for host in HOSTS}
    assert {DeviceKind.GPU, DeviceKind.CPU, DeviceKind.APPLE, DeviceKind.ASIC} <= kinds
    assert min(host.price_usd for host in HOSTS) < 2_000
    assert max(host.price_usd for host in HOSTS) > 1_000_000


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.id)
def test_a_host_is_possible(host: Host) -> None:
    device = CATALOG.device(host.device_id)
    assert host.price_low_usd <= host.price_usd <= host.price_high_usd
    assert 0 < host.power_idle_w < host.power_peak_w
    assert host.power_load_w is None or host.power_idle_w < host.power_load_w <= host.power_peak_w
    assert device.tdp_w is not None
    assert host.power_peak_w >= 0.9 * host.device_count * device.tdp_w
    assert host.price_usd > 0.7 * host.device_count * (device.price_usd or 0) or device.kind is DeviceKind.APPLE
    assert host.cooling in ("air", "liquid")
    assert host.lead_time_months is not None
    assert 0 < host.lead_time_months <= 12


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.id)
def test_a_reckoned_price_shows_its_reckoning(host: Host) -> None:
    fact = host.facts["price"]
    if fact.source != "derived-host":
        return
    reckoned = re.fullmatch(r"(\d+) × ([\d,]+) USD(?: \(.*\))? \+ chassis ([\d,]+) USD", fact.note)
    assert reckoned is not None
    count, device_price, chassis = (int(each.replace(",", "")) for each in reckoned.groups())
    assert fact.quality is Quality.C
    assert count == host.device_count
    assert chassis == host.facts["chassis_price"].value
    assert host.price_usd == pytest.approx(count * device_price + chassis, rel=0.01)  # three digits are given
    if "(" not in fact.note:
        assert device_price == CATALOG.device(host.device_id).price_usd


def test_the_makers_figures_are_kept() -> None:
    assert CATALOG.host("dgx-h100").power_peak_w == 10_200
    assert CATALOG.host("dgx-b200").power_peak_w == 14_300
    assert CATALOG.host("dgx-a100").power_peak_w == 6_500
    assert (CATALOG.host("dgx-h100").rack_units, CATALOG.host("dgx-b200").rack_units) == (8, 10)


def test_a_measured_load_lies_below_the_nameplate() -> None:
    host = CATALOG.host("hgx-b200-8")
    assert host.power_load_w == 10_400
    assert host.power_load_w < 0.8 * host.power_peak_w


def test_a_host_without_a_needed_figure_is_refused_by_name() -> None:
    entry = {"id": "box", "name": "Box", "vendor": "v", "device": "l4", "device_count": 1, "facts": {}}
    with pytest.raises(InputError, match="box: the host has no price"):
        host_from_entry(entry)
