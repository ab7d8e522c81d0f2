"""A labelled prompt log that the tests make: what is planted in each record is known."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from millwright.readiness.personal import IBAN_LENGTHS, Kind

SENTENCES = {
    "en": "Please tell me what the warranty of this pump is and how long it takes to have it repaired.",
    "de": "Bitte schreiben Sie eine kurze Antwort auf die Frage, wie lange die Lieferung noch dauert.",
    "fr": "Merci de me dire comment on peut changer la date du rendez-vous pour la semaine prochaine.",
    "it": "Vorrei sapere come si può cambiare la password e quali sono i passi per non perdere i dati.",
    "es": "Me gustaría saber cómo está el pedido y por qué no ha llegado todavía a la oficina.",
    "nl": "Kunt u mij zeggen hoe ik de factuur kan wijzigen en wanneer het geld wordt betaald?",
    "pl": "Proszę napisać, jak mam to zrobić i czy są już wyniki dla tego badania, bo nie wiem.",
}
DECOYS = (
    "order 4929-1182-0000", "version 10.12.4", "on 2024-11-05", "at 192.168.10.21", "ticket 20241105123456",
    "part DE12X", "mail me @ the office", "user@localhost", "pi is 3.14159265358979", "room 0815",
    "code 1234567890123", "GB82 WEST 1234 5698 7654 33", "4111 1111 1111 1112", "ratio 00.123456789",
)  # fmt: skip
"""What looks like personal data and is none: wrong check digits, dates, addresses of machines, numbers of orders."""


@dataclass(frozen=True)
class Labelled:
    """A record with what was planted in it."""

    text: str
    language: str
    planted: tuple[Kind, ...]
    is_copy: bool


def labelled_records(count: int, seed: int = 1) -> list[Labelled]:
    """Return records: half have one to three finds planted, three in four have decoys, one in ten is a copy."""
    draw = random.Random(seed)
    made: list[Labelled] = []
    for number in range(count):
        if made and draw.random() < 0.1:
            original = draw.choice(made)
            made.append(Labelled(original.text, original.language, original.planted, True))
            continue
        language = draw.choice(sorted(SENTENCES))
        kinds = tuple(draw.choice(list(Kind)) for _ in range(draw.choice((0, 0, 0, 1, 2, 3))))
        parts = [f"{SENTENCES[language]} #{number}."]
        parts += [_planted(kind, draw) for kind in kinds]
        parts += [draw.choice(DECOYS) for _ in range(draw.choice((0, 1, 1, 2)))]
        draw.shuffle(parts)
        made.append(Labelled("; ".join(parts), language, kinds, False))
    return made


def _planted(kind: Kind, draw: random.Random) -> str:
    if kind is Kind.EMAIL:
        name, host = (("".join(draw.choices("abcdefghij", k=6))) for _ in range(2))
        domain = draw.choice(("de", "co.uk", "example.org"))
        return f"{name}.{draw.choice('xyz')}{draw.choice(('', '+news'))}@{host}.{domain}"
    if kind is Kind.IBAN:
        written = _iban(draw)
        return " ".join(written[at : at + 4] for at in range(0, len(written), 4)) if draw.random() < 0.5 else written
    if kind is Kind.CARD:
        written = _card(draw)
        glue = draw.choice(("", " ", "-"))
        return glue.join(written[at : at + 4] for at in range(0, 16, 4))
    line = "".join(draw.choices("123456789", k=7))
    return draw.choice(
        (f"+49 30 {line}", f"+39{draw.randint(300, 399)}{line}", f"0{draw.randint(30, 89)}/{line}", f"0043 1 {line}")
    )


def _iban(draw: random.Random) -> str:
    country = draw.choice(("DE", "IT", "FR", "NL", "GB", "PL"))
    body = "".join(draw.choices("0123456789", k=IBAN_LENGTHS[country] - 4))
    number = int("".join(str(int(each, 36)) for each in body + country + "00"))
    return f"{country}{98 - number % 97:02d}{body}"


def _card(draw: random.Random) -> str:
    body = draw.choice("45") + "".join(draw.choices("0123456789", k=14))
    for check in "0123456789":
        digits = [int(each) for each in reversed(body + check)]
        if sum(each if place % 2 == 0 else sum(divmod(2 * each, 10)) for place, each in enumerate(digits)) % 10 == 0:
            return body + check
    raise AssertionError("one of ten check digits fits")


def write_log(path: Path, records: list[Labelled]) -> None:
    """Write records as JSON lines in the form of chat requests."""
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps({"model": "m", "messages": [{"role": "user", "content": record.text}]}) + "\n")
