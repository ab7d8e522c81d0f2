"""Malformed scenarios; what must be said of each stands in `malformed.txt`."""

from __future__ import annotations

from dataclasses import dataclass

GOOD = """\
organisation: {country: DE}
workloads:
  - name: chat
    model: llama-3.3-70b
    traffic: {rate: 2 /s}
"""


@dataclass(frozen=True)
class Malformed:
    """A scenario's text, and what lies beside it. `malformed.txt` holds the answers."""

    name: str
    text: str
    files: tuple[tuple[str, str], ...] = ()  # name and content of what lies beside it


def _edited(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def _with(extra: str) -> str:
    return GOOD + extra


_TRACE = _edited("rate: 2 /s", "trace: t.csv")
_HEADINGS = "arrival_s,input_tokens,output_tokens\n"

CASES: tuple[Malformed, ...] = (
    Malformed("empty file", ""),
    Malformed("comments only", "# nothing yet\n"),
    Malformed("a list at top", "- organisation\n- workloads\n"),
    Malformed("a text at top", "hello\n"),
    Malformed("two documents", GOOD + "---\n" + GOOD),
    Malformed("comma in a decimal, in braces", _edited("rate: 2 /s", "rate: 2,5 /s")),
    Malformed("comma in a decimal", _edited("{rate: 2 /s}", "\n      rate: 2,5 /s")),
    Malformed("points between thousands", GOOD + "sites: [{name: a, kind: owned, budget: 40.000 EUR}]\n"),
    Malformed("points between thousands of tokens", _edited("2 /s", "2 /s, input: 1.200 tokens")),
    Malformed("closed model", _edited("llama-3.3-70b", "gpt-4o")),
    Malformed("workbook", "PK\x03\x04"),
    Malformed("trace with semicolons", _TRACE, (("t.csv", "arrival_s;input_tokens;output_tokens\n0,5;1;1\n"),)),
    Malformed("trace that is a workbook", _TRACE, (("t.csv", "PK\x03\x04"),)),
    Malformed("tab indentation", _edited("  - name", "\t- name")),
    Malformed("unclosed bracket", _edited("{rate: 2 /s}", "{rate: 2 /s")),
    Malformed("colon in a text", _edited("model: llama-3.3-70b", "model: llama: 70b")),
    Malformed("duplicate key", _edited("    model:", "    name: again\n    model:")),
    Malformed("python tag", _edited("llama-3.3-70b", "!!python/object/apply:os.system [echo]")),
    Malformed("cyclic anchor", _edited("{rate: 2 /s}", "&loop {rate: 2 /s, trace: *loop}")),
    Malformed("unknown alias", _edited("{rate: 2 /s}", "*nowhere")),
    Malformed(
        "billion laughs",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)),
    ),
    Malformed("nested too deep", "a: " + "[" * 100 + "]" * 100 + "\n"),
    Malformed("control character", _edited("chat", "ch\x07at")),
    Malformed("key that is a list", _edited("name: chat", "[a, b]: chat")),
    Malformed("missing workloads", "organisation: {country: DE}\n"),
    Malformed("no workload", "organisation: {country: DE}\nworkloads: []\n"),
    Malformed("missing model and traffic", "organisation: {country: DE}\nworkloads:\n  - name: chat\n"),
    Malformed("unknown key at top", _with("organization: {}\n")),
    Malformed("unknown key in traffic", _edited("rate: 2 /s", "rate: 2 /s, inputs: 5")),
    Malformed("key of another section", _edited("rate: 2 /s", "rate: 2 /s, ttft: 2 s")),
    Malformed("python name of a key", _edited("rate: 2 /s", "rate_per_s: 2")),
    Malformed("negative rate", _edited("2 /s", "-2 /s")),
    Malformed("rate of zero", _edited("2 /s", "0")),
    Malformed("rate without unit", _edited("2 /s", "2")),
    Malformed("unit mix-up", _edited("2 /s", "2 kW")),
    Malformed("unknown unit", _edited("2 /s", "2 /fortnite")),
    Malformed("decimal comma", _edited("2 /s", '"2,5 /s"')),
    Malformed("rate is not a number", _edited("2 /s", ".nan")),
    Malformed("rate is infinite", _edited("2 /s", "1e999 /s")),
    Malformed("rate beyond reason", _edited("2 /s", "1e9 /s")),
    Malformed("10 GB number", _edited("rate: 2 /s", "rate: 2 /s, input: 10 GB")),
    Malformed("number of 5,000 digits", _edited("2 /s", "9" * 5000 + " /s")),
    Malformed("rate and users", _edited("rate: 2 /s", "rate: 2 /s, users: 400")),
    Malformed("no amount of traffic", _edited("rate: 2 /s", "profile: code")),
    Malformed("trace file missing", _edited("rate: 2 /s", "trace: nowhere.csv")),
    Malformed("empty trace file", _TRACE, (("t.csv", ""),)),
    Malformed("trace without requests", _TRACE, (("t.csv", "arrival_s,input_tokens,output_tokens\n"),)),
    Malformed("trace with a gap", _TRACE, (("t.csv", _HEADINGS + "0,10,5\n1,,5\n"),)),
    Malformed("trace with NaN", _TRACE, (("t.csv", _HEADINGS + "0,10,5\nnan,10,5\n"),)),
    Malformed("trace with zero tokens", _TRACE, (("t.csv", _HEADINGS + "0,10,5\n1,10,0\n"),)),
    Malformed("trace out of order", _TRACE, (("t.csv", _HEADINGS + "5,10,5\n7,10,5\n6,10,5\n"),)),
    Malformed("trace with unknown headings", _TRACE, (("t.csv", "when,in,out\n0,10,5\n"),)),
    Malformed("trace at one moment", _TRACE, (("t.csv", _HEADINGS + "3,10,5\n3,10,5\n"),)),
    Malformed(
        "trace without that column",
        _edited("rate: 2 /s", "trace: {file: t.csv, columns: {arrival: at, input: in, output: out}}"),
        (("t.csv", "when,in,out\n0,10,5\n"),),
    ),
    Malformed("broken JSONL", _TRACE.replace("t.csv", "t.jsonl"), (("t.jsonl", '{"timestamp": 0,\n'),)),
    Malformed(
        "JSONL without a length",
        _TRACE.replace("t.csv", "t.jsonl"),
        (("t.jsonl", '{"timestamp": 0, "input_length": 5}\n'),),
    ),
    Malformed("lengths that are words", _edited("2 /s", "2 /s, input: {file: l.csv}"), (("l.csv", "n\n5\nfive\n"),)),
    Malformed("lengths in which column", _edited("2 /s", "2 /s, input: {file: l.csv}"), (("l.csv", "n,m\n5,6\n"),)),
    Malformed(
        "trace and lengths", _edited("rate: 2 /s", "trace: t.csv, input: 5"), (("t.csv", _HEADINGS + "0,1,1\n1,1,1\n"),)
    ),
    Malformed("unknown profile", _edited("rate: 2 /s", "rate: 2 /s, profile: coding")),
    Malformed("unknown shape", _edited("rate: 2 /s", "rate: 2 /s, shape: office")),
    Malformed("shape of 23 hours", _edited("rate: 2 /s", f"rate: 2 /s, shape: {[1] * 23}")),
    Malformed("impossible log-normal", _edited("2 /s", "2 /s, input: {mean: 100, p95: 900}")),
    Malformed("p95 below mean", _edited("2 /s", "2 /s, input: {mean: 100, p95: 90}")),
    Malformed("half a log-normal", _edited("2 /s", "2 /s, output: {mean: 100}")),
    Malformed("unknown kind of length", _edited("2 /s", "2 /s, output: {kind: normal, mean: 100}")),
    Malformed("uniform upside down", _edited("2 /s", "2 /s, output: {low: 100, high: 10}")),
    Malformed("cv of nothing", _edited("2 /s", "2 /s, arrivals: {kind: gamma}")),
    Malformed("unknown model", _edited("llama-3.3-70b", "lama-3.3-70b")),
    Malformed("model file missing", _edited("llama-3.3-70b", "models/x/config.json")),
    Malformed("unknown mode", _edited("    model:", "    mode: bacth\n    model:")),
    Malformed("deadline of online work", _edited("    model:", "    deadline: 8 h\n    model:")),
    Malformed("percentile 100", _edited("    model:", "    slo: {percentile: 100}\n    model:")),
    Malformed("percentile 0", _edited("    model:", "    slo: {percentile: 0}\n    model:")),
    Malformed("percentile as a fraction", _edited("    model:", "    slo: {percentile: 0.95}\n    model:")),
    Malformed("percentile with sign", _edited("    model:", "    slo: {percentile: 95 %}\n    model:")),
    Malformed("growth without unit", _edited("    model:", "    growth: 20\n    model:")),
    Malformed("unknown precision", _edited("    model:", "    precisions: [fp9]\n    model:")),
    Malformed("unknown data class", _edited("    model:", "    data: {classes: [medical]}\n    model:")),
    Malformed("unknown residency", _edited("    model:", "    data: {residency: [Europe]}\n    model:")),
    Malformed("unknown country", _edited("DE", "XX")),
    Malformed("country by name", _edited("DE", "Germany")),
    Malformed("unknown currency", _edited("country: DE", "country: DE, currency: EUX")),
    Malformed("currency in words", _edited("country: DE", "country: DE, currency: Euro")),
    Malformed("unknown sector", _edited("country: DE", "country: DE, sector: hospital")),
    Malformed("same name twice", _with("  - {name: chat, model: llama-3.1-8b, traffic: {rate: 1 /s}}\n")),
    Malformed("no sites", _with("sites: []\n")),
    Malformed("site without kind", _with("sites: [{name: a}]\n")),
    Malformed("unknown kind of site", _with("sites: [{name: a, kind: onprem}]\n")),
    Malformed("air gap at an API", _with("sites: [{name: a, kind: api, air_gap: true}]\n")),
    Malformed("unknown provider", _with("sites: [{name: a, kind: cloud, providers: [ovhcluod]}]\n")),
    Malformed("unknown host", _with("sites: [{name: a, kind: owned, hosts: [hgx-h100-9]}]\n")),
    Malformed("budget without currency", _with("sites: [{name: a, kind: owned, budget: 400000}]\n")),
    Malformed("budget in a lost currency", _with("sites: [{name: a, kind: owned, budget: 4 kDEM}]\n")),
    Malformed("negative budget", _with("sites: [{name: a, kind: owned, budget: -4 kEUR}]\n")),
    Malformed("price per the wrong unit", _with("finance: {electricity: 0.24 EUR/h}\n")),
    Malformed("share in per cent", _with("finance: {residual: 20}\n")),
    Malformed("horizon of a second", _with("finance: {horizon: 400 y}\n")),
    Malformed("finance is a list", _with("finance: [4 y]\n")),
    Malformed("truth value", _with("sites: [{name: a, kind: owned, air_gap: maybe}]\n")),
    Malformed("whole number", _with("limits: {spares: 1.5}\n")),
    Malformed("date", _with("law: {as_of: tomorrow}\n")),
    Malformed("unknown device", _with("limits: {devices: [h1000]}\n")),
    Malformed("unknown vendor", _with("limits: {vendors: [nvidea]}\n")),
    Malformed("unknown exclusion", _with("limits: {exclude: [gaudi33]}\n")),
    Malformed("override of an unknown field", _with("overrides: {devices: {h100-sxm: {prize: 25 kUSD}}}\n")),
    Malformed("override of an unknown kind", _with("overrides: {gadgets: {h100-sxm: {price: 25 kUSD}}}\n")),
    Malformed("override in a wrong unit", _with("overrides: {devices: {h100-sxm: {memory: 80 W}}}\n")),
    Malformed(
        "own device without memory",
        _with("devices: [{name: chip, bandwidth: 3 TB/s, bf16: 400 TFLOP/s, tdp: 500 W}]\n"),
    ),
    Malformed(
        "own device in a wrong unit",
        _with("devices: [{name: chip, memory: 96 GB, bandwidth: 3 TB, bf16: 400 TFLOP/s, tdp: 500 W}]\n"),
    ),
    Malformed(
        "many faults at once",
        "organisation: {country: XX}\nworkloads:\n  - name: chat\n    model: foo\n    traffic: {rate: 2}\nfoo: 1\n",
    ),
)
