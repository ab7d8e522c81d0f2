"""How conditions are written in rule files, so that counsel can read them, and how that text becomes a condition.

    condition = term { "or" term }          term = factor { "and" factor }
    factor    = "not" factor | "(" condition ")" | test
    test      = fact                        a yes/no fact is yes
              | fact "given"                a set is not empty
              | fact "is" word              a text is that one
              | fact "in" set               a country is one of those
              | fact "has" word             a set contains that one
              | fact "any in" set           a set and those overlap
              | fact "all in" set           a set lies within those
              | fact "above" number | fact "at least" number
    set       = AREA | "[" word { "," word } "]" | fact

A fact is `site.…` or `workload.…`; a word with spaces stands in double quotes.
"""

from __future__ import annotations

import difflib
import re
from functools import cache

from millwright.errors import InputError
from millwright.law.expression import All, AnyOf, Condition, FactTest, Not, Operand, Relation
from millwright.law.facts import known_facts


class ConditionError(InputError):
    """A condition in a rule file cannot be read."""


_TOKEN = re.compile(r'\s*(?:"([^"]*)"|([()\[\],])|([^\s()\[\],"]+))')
_TWO_WORDS = {"any": Relation.ANY_IN, "all": Relation.ALL_IN, "at": Relation.AT_LEAST}
_ONE_WORD = {
    "is": Relation.IS,
    "in": Relation.IN,
    "has": Relation.HAS,
    "above": Relation.ABOVE,
    "given": Relation.GIVEN,
}


@cache
def read_condition(text: str) -> Condition:
    """Return the condition that `text` writes; raises ConditionError with the place of the fault.

    The same text gives the same condition, and the same test within texts too: its answer is then worked out once.
    """
    reader = _Reader(text)
    condition = reader.condition()
    reader.end()
    return condition


@cache
def _test(fact: str, relation: Relation, operand: Operand = Operand()) -> FactTest:  # noqa: B008
    return FactTest(fact, relation, operand)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, bool, int]] = []  # text, quoted, place
        place = 0
        stripped = text.rstrip()
        while place < len(stripped):
            match = _TOKEN.match(stripped, place)
            if match is None:
                raise ConditionError("an unclosed quotation mark", f"'{text}'")
            self.tokens.append((match[1] or match[2] or match[3] or "", match[1] is not None, match.start()))
            place = match.end()
        self.at = 0

    def condition(self) -> Condition:
        parts = [self.term()]
        while self.take("or"):
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def term(self) -> Condition:
        parts = [self.factor()]
        while self.take("and"):
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def factor(self) -> Condition:
        if self.take("not"):
            return Not(self.factor())
        if self.take("("):
            inner = self.condition()
            self.expect(")")
            return inner
        return self.test()

    def test(self) -> Condition:
        fact = self.fact(self.word())
        word = self.peek()
        if word in _ONE_WORD:
            self.at += 1
            relation = _ONE_WORD[word]
            return _test(fact, relation) if relation is Relation.GIVEN else _test(fact, relation, self.operand())
        if word in _TWO_WORDS:
            self.at += 1
            relation = _TWO_WORDS[word]
            self.expect(relation.split()[1])
            return _test(fact, relation, self.operand())
        return _test(fact, Relation.HOLDS)

    def operand(self) -> Operand:
        if self.take("["):
            words = [self.word()]
            while self.take(","):
                words.append(self.word())
            self.expect("]")
            return Operand(tuple(words))
        quoted = self.at < len(self.tokens) and self.tokens[self.at][1]
        word = self.word()
        if not quoted and word.partition(".")[0] in ("site", "workload"):
            return Operand(fact=self.fact(word))
        return Operand((word,))

    def fact(self, name: str) -> str:
        if name not in known_facts():
            near = difflib.get_close_matches(name, known_facts(), n=1)
            raise self.error(f"no fact is called '{name}'", f"Did you mean {near[0]}?" if near else "")
        return name

    def word(self) -> str:
        if self.at >= len(self.tokens):
            raise self.error("the condition ends too early")
        token, quoted, _ = self.tokens[self.at]
        if not quoted and token in ("(", ")", "[", "]", ",", "and", "or", "not"):
            raise self.error(f"'{token}' stands where a word should")
        self.at += 1
        return token

    def peek(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][1]:
            return ""
        return self.tokens[self.at][0]

    def take(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise self.error(f"'{token}' is missing")

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise self.error(f"'{self.tokens[self.at][0]}' is left over")

    def error(self, what: str, remedy: str = "") -> ConditionError:
        place = self.tokens[min(self.at, len(self.tokens) - 1)][2] if self.tokens else 0
        return ConditionError(what, f"'{self.text.strip()}' at character {place + 1}", remedy)
