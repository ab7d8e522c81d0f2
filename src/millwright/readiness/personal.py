"""Find personal data of kinds that have a form, and where they have one, a checksum: e-mail, IBAN, card, phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A kind of personal data."""

    EMAIL = "e-mail"
    IBAN = "iban"
    CARD = "card"
    PHONE = "phone"


DATA_CLASS: dict[Kind, str] = {
    Kind.EMAIL: "personal",
    Kind.PHONE: "personal",
    Kind.IBAN: "financial",
    Kind.CARD: "payment-card",
}
"""The scenario's data class that a kind brings with it (each is personal data too)."""


@dataclass(frozen=True, slots=True)
class Find:
    """One find, at characters `start` to `end` of the text."""

    kind: Kind
    start: int
    end: int


# An address's local part has no dot at its ends; the domain's last label has letters only.
_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9](?:[\w.+-]{0,62}[\w+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w-])"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_DIGITS = re.compile(
    r"(?<![\w.,+])(?:\+|00)?\(?[0-9](?:[ ()/.-]{0,2}[0-9]){6,18}(?!\w)"
    r"|(?<!\w)\+[0-9](?:[ ()/.-]{0,3}[0-9]){6,14}(?!\w)"
)
_DATE_OR_IP = re.compile(r"[0-9]{1,4}[.-][0-9]{1,3}[.-][0-9]{1,4}(?:[.][0-9]{1,3})?")

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "BA": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GI": 23, "GL": 18, "GR": 27, "HR": 21,
    "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SA": 24, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29,
}  # fmt: skip
"""Characters of an IBAN by country (ISO 13616 registry)."""


def find_personal(text: str) -> Iterator[Find]:
    """Yield the finds in `text`, none overlapping another of a stronger kind (checksums before forms)."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Find(Kind.EMAIL, *match.span())
    for start, end in _windows(text):
        yield from _numbers(text, start, end)


_RUN = re.compile(r"[0-9][0-9 ()/.-]{5,}[0-9]")
"""Begins with a plain set, which the engine looks for fast: most of a text is passed over by it."""

_BEFORE, _AFTER = 24, 34
"""Characters around a run of digits that an IBAN may have."""


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of `text`, in order and apart, in which numbers of an IBAN, card or telephone may be."""
    begin = finish = -1
    for match in _RUN.finditer(text):
        start, end = max(0, match.start() - _BEFORE), min(len(text), match.end() + _AFTER)
        if start <= finish:
            finish = end
            continue
        if finish >= 0:
            yield begin, finish
        begin, finish = start, end
    if finish >= 0:
        yield begin, finish


def _numbers(text: str, begin: int, finish: int) -> Iterator[Find]:
    taken: list[tuple[int, int]] = []
    for match in _IBAN.finditer(text, begin, finish):
        end = _iban_end(match.group())
        if end:
            taken.append((match.start(), match.start() + end))
            yield Find(Kind.IBAN, *taken[-1])
    for match in _DIGITS.finditer(text, begin, finish):
        start, end = match.span()
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        written = match.group()
        if is_card(written):
            yield Find(Kind.CARD, start, end)
        elif is_phone(written):
            yield Find(Kind.PHONE, start, end)


def _iban_end(written: str) -> int:
    """Return how many characters of `written` are an IBAN; 0: none. What follows may be the next word."""
    length = IBAN_LENGTHS.get(written[:2], 0)
    seen = 0
    for index, character in enumerate(written):
        seen += character != " "
        if length and seen == length:
            whole = index + 1 == len(written) or written[index + 1] == " "
            return index + 1 if whole and is_iban(written[: index + 1]) else 0
    return 0


def is_iban(written: str) -> bool:
    """Return whether an IBAN has its country's length and its check digits: modulo 97 it is 1 (ISO 7064)."""
    plain = written.replace(" ", "")
    if len(plain) != IBAN_LENGTHS.get(plain[:2]):
        return False
    return int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 == 1


def is_card(written: str) -> bool:
    """Return whether digits are a payment card's: 13–19 of them, a scheme's first digit, the Luhn check digit."""
    digits = [int(each) for each in written if each.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) < 2:
        return False
    if re.search(r"[^0-9 -]", written):
        return False
    doubled = [each if place % 2 == 0 else sum(divmod(2 * each, 10)) for place, each in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_phone(written: str) -> bool:
    """Return whether digits are a telephone number's: + or 00 and a country, or a 0 and a gap after the area code."""
    digits = "".join(each for each in written if each.isdigit())
    if written.startswith(("+", "00")):
        if written.startswith(("00.", "00-")):
            return False  # a decimal, or the number of an order
        significant = digits.removeprefix("00")
        return 8 <= len(significant) <= 15 and not significant.startswith("0")
    if _DATE_OR_IP.fullmatch(written):
        return False
    return written.lstrip("(").startswith("0") and 9 <= len(digits) <= 12 and bool(re.search(r"[ ()/-]", written))


def redacted_text(text: str) -> str:
    """Return a text in which every find is redacted."""
    for find in sorted(find_personal(text), key=lambda each: -each.start):
        text = text[: find.start] + redacted(find.kind, text[find.start : find.end]) + text[find.end :]
    return text


def redacted(kind: Kind, written: str) -> str:
    """Return enough of a find to recognise its form, and not whose it is."""
    if kind is Kind.EMAIL:
        return f"{written[0]}…@….{written.rpartition('.')[2]}"
    if kind is Kind.IBAN:
        return f"{written[:2]}…({sum(each != ' ' for each in written)} characters)"
    digits = sum(each.isdigit() for each in written)
    return f"{written[:2] if kind is Kind.PHONE else written[:1]}…({digits} digits)"
