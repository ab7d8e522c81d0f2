"""Read an organisation's answers from YAML, every fault told at once with file, line and key; and write one more."""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import Any

from millwright.money import parse_money
from millwright.quantity import QuantityError
from millwright.readiness.assessment import Answer, Assessment, Evidence, Means
from millwright.readiness.questions import HIGHEST_LEVEL, load_questions
from millwright.scenario.edit import Plain, scalar_text, set_value
from millwright.scenario.faults import Fault, KeyPath, ScenarioError
from millwright.scenario.text_file import read_text_file
from millwright.scenario.yaml_text import YamlDocument, read_yaml

LONGEST_EVIDENCE = 2_000
_UNKNOWN = ("unknown", "?", "")


def load_answers(path: Path | str) -> Assessment:
    """Return the answers in a YAML file. Raises ScenarioError (an InputError) with every fault found."""
    path = Path(path)
    return read_answers(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Return the text of an answers file; raises ScenarioError where there is none."""
    return read_text_file(path, "an answers file (`millwright assess FILE --ask` asks and writes it)")


def read_answers(text: str, file: str = "") -> Assessment:
    """Return the answers in a YAML text. Raises ScenarioError with every fault found."""
    if _is_blank(text):
        fault = Fault("the file is empty", "`millwright assess FILE --ask` asks and writes it.", (), file, 1, 1)
        raise ScenarioError([fault])
    reader = _Reader(read_yaml(text, file), file)
    assessment = reader.assessment()
    if reader.faults:
        raise ScenarioError(list(dict.fromkeys(reader.faults)))
    return assessment


def _is_blank(text: str) -> bool:
    """Return whether a text holds nothing but comments."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


class _Reader:
    """Turns the file's values into an assessment, noting faults."""

    def __init__(self, document: YamlDocument, file: str) -> None:
        self.document, self.file = document, file
        self.faults: list[Fault] = []

    def note(self, path: KeyPath, what: str, remedy: str) -> None:
        span = self.document.key_span_of(path)
        line, column = (span.line, span.column) if span else (1, 1)
        self.faults.append(Fault(what, remedy, path, self.file, line, column))

    def assessment(self) -> Assessment:
        raw = self.document.value
        if not isinstance(raw, dict):
            self.note((), "the file holds no keys and values", "Begin with `answers:`.")
            return Assessment()
        self._known_keys((), raw, ("name", "organisation", "means", "answers"))
        answers = self._mapping("answers", raw)
        found = {}
        for key, value in answers.items():
            question, answer = self._question(key), self._answer(("answers", key), value)
            if question and answer is not None:
                found[key] = answer
        name = str(raw.get("name") or "")
        return Assessment(found, self._means(raw), name[:200])

    def _mapping(self, key: str, raw: dict[str, Any]) -> dict[str, Any]:
        value = raw.get(key)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.note((key,), f"'{key}' holds no keys and values", "Write `key: value` below it.")
        return {}

    def _known_keys(self, path: KeyPath, raw: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in raw:
            if key not in known:
                close = difflib.get_close_matches(str(key), known, n=1)
                remedy = f"Did you mean '{close[0]}'?" if close else f"Keys are {', '.join(known)}."
                self.note((*path, key), f"there is no key '{str(key)[:60]}'", remedy)

    def _question(self, key: str) -> bool:
        book = load_questions()
        if key in book.questions:
            return True
        close = difflib.get_close_matches(key, book.questions, n=1)
        remedy = f"Did you mean '{close[0]}'?" if close else "`millwright assess --questions` lists them all."
        self.note(("answers", key), f"there is no question '{key[:60]}'", remedy)
        return False

    def _answer(self, path: KeyPath, value: Any) -> Answer | None:
        because = ""
        if isinstance(value, dict):
            self._known_keys(path, value, ("level", "evidence", "because"))
            level, evidence = value.get("level"), value.get("evidence")
            because = str(value.get("because") or "")[:LONGEST_EVIDENCE]
        else:
            level, _, evidence = ("", "", "") if value is None else str(value).strip().partition(" ")
        if level is None or str(level).strip().casefold() in _UNKNOWN:
            return None
        number, kind = self._level(path, level), self._evidence(path, evidence)
        if number is None or kind is None:
            return None
        if kind is not Evidence.CLAIMED and not because.strip():
            shows = load_questions().questions.get(str(path[-1]))
            remedy = f"Write because: {shows.shows if shows else '…'}; or say claimed."
            self.note(path, f"{kind} needs `because`: what was seen, where", remedy)
            return None
        return Answer(number, kind, because)

    def _level(self, path: KeyPath, value: Any) -> int | None:
        text = str(value).strip()
        if not isinstance(value, bool) and text.isascii() and text.isdigit() and int(text[:4]) <= HIGHEST_LEVEL:
            return int(text)
        self.note(path, f"'{text[:40]}' is no level", f"Levels are 0 to {HIGHEST_LEVEL}, or unknown.")
        return None

    def _evidence(self, path: KeyPath, value: Any) -> Evidence | None:
        text = "" if value is None else str(value).strip().casefold()
        if not text:
            return Evidence.CLAIMED
        if text in tuple(Evidence):
            return Evidence(text)
        self.note(path, f"'{text[:40]}' is no kind of evidence", f"It is {', '.join(Evidence)}.")
        return None

    def _means(self, raw: dict[str, Any]) -> Means:
        organisation, means = self._mapping("organisation", raw), self._mapping("means", raw)
        self._known_keys(("organisation",), organisation, ("employees", "currency"))
        self._known_keys(("means",), means, ("hours_per_month", "budget_per_quarter"))
        currency = str(organisation.get("currency") or "")
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
            self.note(("organisation", "currency"), f"'{currency[:20]}' is no currency", "Write three letters: EUR.")
        employees = self._number(("organisation", "employees"), organisation, 1.0, 1e8)
        budget, of_budget = self._budget(means)
        if currency and of_budget and of_budget != currency:
            remedy = "Give both in one currency."
            self.note(("means", "budget_per_quarter"), f"the budget is in {of_budget}, not in {currency}", remedy)
        return Means(
            None if employees is None else int(employees),
            currency or of_budget or "USD",
            self._number(("means", "hours_per_month"), means, 0.0, 1e5),
            budget,
        )

    def _number(self, path: KeyPath, raw: dict[str, Any], least: float, most: float) -> float | None:
        value = raw.get(str(path[-1]))
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
            return float(value)
        self.note(path, f"'{str(value)[:40]}' is not a number from {least:g} to {most:,.0f}", "Write a plain number.")
        return None

    def _budget(self, means: dict[str, Any]) -> tuple[float | None, str]:
        if means.get("budget_per_quarter") is None:
            return None, ""
        try:
            money = parse_money(str(means["budget_per_quarter"]))
        except QuantityError as error:
            self.note(("means", "budget_per_quarter"), str(error), "Write an amount such as 5 kEUR.")
            return None, ""
        if money.amount < 0.0 or not math.isfinite(money.amount):
            self.note(("means", "budget_per_quarter"), "a budget is not below 0", "Write an amount such as 5 kEUR.")
            return None, ""
        return money.amount, money.currency


def with_answer(text: str, question: str, answer: Answer | None) -> str:
    """Return the YAML `text` of an answers file with one answer put in or replaced; all else stays as it is."""
    value: Plain = "unknown"
    if answer is not None:
        value = {"level": answer.level, "evidence": str(answer.evidence), "because": answer.because}
        if not answer.because:
            del value["because"]
    raw = {} if _is_blank(text) else read_yaml(text).value
    if isinstance(raw, dict) and not raw.get("answers") and "answers" not in raw:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}answers:\n  {question}: {scalar_text(value)}\n"
    edited = set_value(text, ("answers", question), value)
    return edited if edited.endswith("\n") else edited + "\n"
