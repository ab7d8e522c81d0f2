"""The fleet by site as a picture: racks, hosts, devices, and what runs on each, in SVG."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from millwright.plan.model import FleetPart, Option
from millwright.report.palette import LINE_COLOURS
from millwright.web.page.strings import t

RackUnits = Callable[[str], float | None]
"""Rack units of a host by its catalogue id; None where it has none (a workstation) or is not known."""

_RACK_UNITS = 42.0
_MOST_HOSTS = 64
_WIDTH = 960
_HOST, _GAP, _DEVICE = 132, 10, 12


def fleet_picture(option: Option, rack_units: RackUnits = lambda offer: None) -> str:
    """Return the picture of an option's fleet; its words for those who do not see it are in its title."""
    colours = {
        part.workload: LINE_COLOURS[number % len(LINE_COLOURS)]
        for number, part in enumerate({part.workload: part for part in option.fleet}.values())
    }
    pieces: list[str] = []
    top = 8
    for site in dict.fromkeys(part.site for part in option.fleet):
        parts = [part for part in option.fleet if part.site == site]
        drawn, height = _site(parts, colours, rack_units, top)
        pieces += drawn
        top += height + 16
    title = f"{t('fleet_of', rank=option.rank, title=option.title)}. {fleet_words(option)}"
    legend = "".join(
        f'<rect x="{8 + 220 * number}" y="{top}" width="12" height="12" rx="2" fill="{colour}"/>'
        f'<text x="{26 + 220 * number}" y="{top + 11}">{escape(_short(workload, 30))}</text>'
        for number, (workload, colour) in enumerate(colours.items())
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {top + 24}" width="{_WIDTH}" height="{top + 24}" role="img" '
        f'aria-label="{escape(title)}" font-family="inherit" font-size="13" fill="currentColor">'
        f"{''.join(pieces)}{legend}</svg>"
    )


def fleet_words(option: Option) -> str:
    """Return the fleet in words, one sentence a part."""
    return " ".join(
        t("fleet_words", workload=part.workload, hosts=part.hosts, devices=part.devices, site=part.site,
          replicas=part.replicas, spares=part.spares)
        if part.device else t("fleet_api_words", workload=part.workload, site=part.site)
        for part in option.fleet
    )  # fmt: skip


def _site(parts: list[FleetPart], colours: dict[str, str], rack_units: RackUnits, top: int) -> tuple[list[str], int]:
    """Return the drawing of one site and its height."""
    country = next((part.country for part in parts if part.country), "")
    name = t("fleet_site", site=parts[0].site, country=country) if country else parts[0].site
    pieces = [f'<text x="20" y="{top + 24}" font-weight="650" font-size="15">{escape(name)}</text>']
    y = top + 38
    for part in parts:
        drawn, height = _part(part, colours[part.workload], rack_units(part.offer), y)
        pieces += drawn
        y += height
    height = y - top + 6
    frame = (
        f'<rect x="4" y="{top}" width="{_WIDTH - 8}" height="{height}" rx="10" fill="none" stroke="currentColor" '
        'stroke-opacity="0.25"/>'
    )
    return [frame, *pieces], height


def _part(part: FleetPart, colour: str, units: float | None, top: int) -> tuple[list[str], int]:
    if not part.device:
        text = t("fleet_api", offer=part.offer_title or part.offer)
        box = (
            f'<rect x="20" y="{top + 4}" width="{min(len(text) * 8 + 40, 900)}" height="34" rx="17" fill="{colour}" '
            f'fill-opacity="0.16" stroke="{colour}"/>'
        )
        return [box, f'<text x="40" y="{top + 26}">{escape(text)}</text>'], 52
    per_host = max(part.devices // max(part.hosts, 1), 1)
    replicas_per_host = (part.replicas + part.spares) / max(part.hosts, 1)
    spare_hosts = min(round(part.spares / replicas_per_host), part.hosts) if replicas_per_host else 0
    runs = t("fleet_machines", hosts=part.hosts, offer=part.offer_title or part.offer)
    deployment = part.deployment
    settings = "" if deployment is None else f"{deployment.weights_precision}, TP {deployment.tp}"
    what = t("fleet_runs", replicas=part.replicas + part.spares, model=part.model, settings=settings)
    if part.spares:
        what = f"{what}; {t('fleet_spares', spares=part.spares)}"
    pieces = [
        f'<text x="20" y="{top + 16}" font-weight="600">{escape(runs)}</text>',
        f'<text x="20" y="{top + 34}" opacity="0.75">{escape(what)}</text>',
    ]
    y = top + 48
    columns = min(per_host, 8)
    host_height = 16 + -(-per_host // columns) * (_DEVICE + 3)
    across = (_WIDTH - 40) // (_HOST + _GAP)
    in_rack = int(_RACK_UNITS // units) if units and units >= 1 else 0
    shown = min(part.hosts, _MOST_HOSTS)
    for number in range(shown):
        row, column = divmod(number, across)
        x, at = 20 + column * (_HOST + _GAP), y + row * (host_height + _GAP + (12 if in_rack else 0))
        is_spare = number >= part.hosts - spare_hosts
        dash = ' stroke-dasharray="5 3"' if is_spare else ""
        pieces.append(
            f'<rect x="{x}" y="{at}" width="{_HOST}" height="{host_height}" rx="5" fill="none" '
            f'stroke="{colour}"{dash}/>'
        )
        for device in range(per_host):
            line, place = divmod(device, columns)
            opacity = 0.25 if is_spare else 0.9
            pieces.append(
                f'<rect x="{x + 8 + place * (_DEVICE + 3)}" y="{at + 9 + line * (_DEVICE + 3)}" width="{_DEVICE}" '
                f'height="{_DEVICE}" rx="2" fill="{colour}" fill-opacity="{opacity}"/>'
            )
        if in_rack:
            label = escape(t("fleet_rack", number=number // in_rack + 1))
            pieces.append(f'<text x="{x}" y="{at + host_height + 12}" font-size="10" opacity="0.7">{label}</text>')
    rows = -(-shown // across) if shown else 0
    height = 48 + rows * (host_height + _GAP + (12 if in_rack else 0)) + 8
    if part.hosts > shown:
        more = escape(t("fleet_more", count=part.hosts - shown))
        pieces.append(f'<text x="20" y="{top + height + 6}" opacity="0.75">{more}</text>')
        height += 20
    return pieces, height


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
