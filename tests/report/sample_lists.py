"""The long lists of a hand-made plan: hundreds of refusals, and assumptions of every origin."""

from __future__ import annotations

from millwright.plan.model import (
    Assumption,
    Kind,
    Origin,
    RefusalReason,
    RefusedOption,
    Stage,
)

REFUSALS: tuple[tuple[Stage, str, str], ...] = (
    (
        Stage.MEMORY,
        "The weights do not fit in the devices of one replica.",
        "{device}, {settings}: weights need {a} GiB a device; {b} GiB are usable.",
    ),
    (
        Stage.LATENCY,
        "No load meets the SLO: even a lone request is too slow.",
        "{device}, {settings}: TPOT at p95 is {a} ms for a lone request; 50 ms are allowed.",
    ),
    (
        Stage.LAW,
        "The data may not leave the EU.",
        "{site} lies outside the EU; workloads.chat.residency asks for it ({device}, {settings}).",
    ),
    (
        Stage.POWER,
        "The site has not enough power.",
        "{device}, {settings}: it draws {a} kW; the room has 22 kW.",
    ),
    (
        Stage.BUDGET,
        "The purchase exceeds the budget.",
        "{device}, {settings}: the fleet costs {a}0,000 EUR; 1,200,000 EUR are allowed.",
    ),
)


def refused_options(count: int) -> tuple[RefusedOption, ...]:
    devices = ("a100-sxm-80gb", "l4", "a10g", "gaudi3", "tpu-v5e", "h100-pcie", "b200-sxm", "mi325x", "rtx-6000-ada")
    refused = []
    for number in range(count):
        stage, summary, text = REFUSALS[number * 7 % 11 % len(REFUSALS)]
        device = devices[number % len(devices)]
        settings = f"{('bf16', 'fp8', 'int4')[number % 3]}, TP {2 ** (number % 4)}"
        site = ("clinic-room", "frankfurt-colo", "aws-us-east-1", "ovh-gra")[number % 4]
        reasons = [
            RefusalReason(
                stage=stage,
                summary=summary,
                text=text.format(device=device, settings=settings, site=site, a=60 + number % 90, b=20 + number % 60),
            )
        ]
        if number % 9 == 0:
            reasons.append(
                RefusalReason(
                    stage=Stage.SPACE,
                    summary="The site has not enough rack units.",
                    text=f"{4 * (number % 20) + 44} rack units are needed for {device}, {settings}; 42 are free.",
                )
            )
        refused.append(
            RefusedOption(
                title=f"{device} at {site}, {settings}",
                kind=Kind.CLOUD if site in ("aws-us-east-1", "ovh-gra") else Kind.OWNED,
                workload="chat",
                site=site,
                provider="own hosts" if site.endswith(("room", "colo")) else site.split("-")[0],
                offer=f"{device}-host",
                device=device,
                model="llama-3.3-70b-instruct",
                settings=settings,
                reasons=tuple(reasons),
            )
        )
    return tuple(refused)


def assumptions() -> tuple[Assumption, ...]:
    def row(
        name: str, path: str, label: str, value: float | str, unit: str, origin: Origin, **more: object
    ) -> Assumption:
        return Assumption.model_validate(
            {"id": name, "path": path, "label": label, "value": value, "unit": unit, "origin": origin, **more}
        )

    destatis = {"source_title": "Destatis, electricity prices for businesses", "source_url": "https://www.destatis.de"}
    return (
        row("rate", "workloads.chat.traffic.rate", "Mean rate", 8.0, "1/s", Origin.USER),
        row("discount", "finance.discount_rate", "Discount rate", 0.08, "1/year", Origin.DEFAULTED,
            low=0.06, high=0.10, quality="C", date="2026-05", note="Range of published weighted costs of capital."),
        row("kv-precision", "workloads.chat.kv_precision", "KV cache", "fp8", "", Origin.DEFAULTED, quality="C",
            note="Halves the cache; quality loss is usually small: measure it."),
        row("spares", "limits.spares", "Spare replicas", 1.0, "replica", Origin.DEFAULTED, quality="C"),
        row("life", "finance.hardware_life", "Hardware life", 48.0, "month", Origin.DEFAULTED, low=36.0, high=72.0,
            quality="C", date="2026-04"),
        row("salary", "finance.staff.cost_per_fte", "Cost of one FTE", 84_000.0, "EUR/year", Origin.DEFAULTED,
            low=65_000.0, high=110_000.0, quality="C", date="2025"),
        row("electricity.de", "catalog.electricity.DE", "Electricity, Germany, business", 0.212, "EUR/kWh",
            Origin.CATALOGUE, low=0.16, high=0.27, quality="B", date="2025-12", **destatis),
        row("carbon.de", "catalog.carbon.DE", "Carbon intensity, Germany", 381.0, "g CO2e/kWh", Origin.CATALOGUE,
            quality="A", date="2023", source_title="Our World in Data / Ember", source_url="https://ourworldindata.org"),
        row("h100.bandwidth", "catalog.devices.h100-sxm.bandwidth", "H100 SXM, memory bandwidth", 3.35e12, "byte/s",
            Origin.CATALOGUE, quality="A", date="2024", source_title="NVIDIA H100 datasheet",
            source_url="https://www.nvidia.com/en-us/data-center/h100/"),
        row("hgx-h100.price", "catalog.hosts.hgx-h100-8.price", "HGX H100, 8 devices", 264_000.0, "EUR",
            Origin.CATALOGUE, low=228_000.0, high=310_000.0, quality="C", date="2024-11", stale=True,
            source_title="A server quotation of 2024", note="Older than the scenario's limit of 365 days."),
        row("l40s.price", "catalog.offers.ovh-l40s-360", "OVHcloud L40S-360, instance-hour", 6.4, "EUR/h",
            Origin.CATALOGUE, quality="B", date="2026-07", source_title="OVHcloud price list",
            source_url="https://www.ovhcloud.com/en/public-cloud/prices/"),
        row("eta.h100.fp8", "fitted.efficiency.h100.fp8", "Share of peak reached, H100 FP8 matrix products", 0.71, "",
            Origin.FITTED, low=0.62, high=0.79, quality="B", date="2026-06", source_title="Fit to measured operators"),
        row("profile.chat", "fitted.profiles.conversation", "Profile `conversation`", "conversation", "",
            Origin.FITTED, quality="B", date="2026-06", source_title="Fit to the Azure 2023 conversation trace",
            source_url="https://github.com/Azure/AzurePublicDataset"),
    )  # fmt: skip
