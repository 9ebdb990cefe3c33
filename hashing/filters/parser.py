"""From the text of a filter to its tree, or to a pointer at the mistake."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from hashing.errors import UsageError, unknown
from hashing.filters.check import UNUSABLE, fits
from hashing.filters.tree import Among, Compare, Filter, IsNull, Join, Like, Not, Operator
from hashing.sources import Value

MAX_CHARACTERS, MAX_DEPTH, MAX_VALUES = 4096, 32, 1000


def parse(text: str, columns: Mapping[str, type]) -> Filter:
    """The tree of a filter over typed columns. Raises UsageError with a pointer at the mistake."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(
            f"expected a filter of at most {MAX_CHARACTERS} characters, found {len(text)}"
        )
    if unusable := UNUSABLE.search(text):
        raise _mistake(text, unusable.start(), "no item holds this character")
    return _Parser(text, columns).whole()


class _Token(NamedTuple):
    kind: str  # "text", "number", "quoted" (a field), "name", "sign", "end"
    text: str
    start: int


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
    | (?P<quoted>"(?:[^"]|"")+")
    | (?P<name>[^\W\d]\w*)
    | (?P<sign><=|>=|<>|!=|[=<>(),])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_WORDS = {"and", "or", "not", "in", "between", "like", "is", "null"}
_OPERATORS: Mapping[str, Operator] = {
    "=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="
}  # fmt: skip


class _Parser:
    """Recursive descent, one token ahead."""

    def __init__(self, text: str, columns: Mapping[str, type]) -> None:
        self.text, self.columns = text, columns
        self.depth = self.values = self.end = 0
        self.token = self.before = self.next_token()

    def whole(self) -> Filter:
        tree = self.disjunction()
        if self.token.kind != "end":
            raise self.mistake("expected `and`, `or` or the end")
        return tree

    def disjunction(self) -> Filter:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.mistake(f"expected at most {MAX_DEPTH} levels of brackets")
        parts = [self.conjunction()]
        while self.word("or"):
            parts.append(self.conjunction())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Join("or", tuple(parts))

    def conjunction(self) -> Filter:
        parts = [self.negation()]
        while self.word("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Join("and", tuple(parts))

    def negation(self) -> Filter:
        if self.word("not"):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.mistake(f"expected at most {MAX_DEPTH} levels of `not`")
            part = self.negation()
            self.depth -= 1
            return Not(part)
        if self.sign("("):
            tree = self.disjunction()
            self.expect(")")
            return tree
        return self.comparison()

    def comparison(self) -> Filter:
        field = self.field()
        if self.word("is"):
            negated = self.word("not")
            if not self.word("null"):
                raise self.mistake("expected `null`")
            return Not(IsNull(field)) if negated else IsNull(field)
        if self.word("not"):
            return Not(self.named_test(field, "expected `in`, `between` or `like`"))
        if self.token.kind == "sign" and self.token.text in _OPERATORS:
            return Compare(field, _OPERATORS[self.advance().text], self.value(field))
        return self.named_test(field, "expected a comparison such as `= 1900` or `is null`")

    def named_test(self, field: str, expected: str) -> Filter:
        if self.word("in"):
            return Among(field, self.values_of(field))
        if self.word("between"):
            low = self.value(field)
            if not self.word("and"):
                raise self.mistake("expected `and`")
            return Join("and", (Compare(field, ">=", low), Compare(field, "<=", self.value(field))))
        if self.word("like"):
            if self.columns[field] is not str:
                raise self.mistake(f"{field} is a number, `like` compares text", self.before)
            return Like(field, str(self.value(field)))
        raise self.mistake(expected)

    def field(self) -> str:
        token = self.token
        if token.kind not in ("name", "quoted") or token.text.lower() in _WORDS:
            raise self.mistake("expected the name of a column")
        name = token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text
        if name not in self.columns:
            raise self.mistake(unknown("column", name, self.columns))
        self.advance()
        return name

    def values_of(self, field: str) -> tuple[Value, ...]:
        self.expect("(")
        values = [self.value(field)]
        while self.sign(","):
            values.append(self.value(field))
        self.expect(")")
        return tuple(values)

    def value(self, field: str) -> Value:
        token = self.token
        self.values += 1
        if self.values > MAX_VALUES:
            raise self.mistake(f"expected at most {MAX_VALUES} values")
        if token.kind not in ("text", "number"):
            hint = "text stands in single quotes" if token.kind in ("name", "quoted") else ""
            hint = "use `is null`" if token.text.lower() == "null" else hint
            raise self.mistake("expected a value" + (f"; {hint}" if hint else ""))
        if (token.kind == "text") != (self.columns[field] is str):
            kind = "text" if self.columns[field] is str else "a number"
            raise self.mistake(f"{field} is {kind}, so is what it is compared with")
        number = self.number() if token.kind == "number" else token.text[1:-1].replace("''", "'")
        self.advance()
        return number

    def number(self) -> int | float:
        text = self.token.text
        number = int(text) if text.lstrip("+-").isdecimal() else float(text)
        if not fits(number):
            raise self.mistake("expected a number that fits 64 bits")
        return number

    def word(self, word: str) -> bool:
        """Step over a word of the language if it comes next."""
        return self.step("name", word)

    def sign(self, sign: str) -> bool:
        return self.step("sign", sign)

    def step(self, kind: str, text: str) -> bool:
        found = self.token.kind == kind and self.token.text.lower() == text
        if found:
            self.advance()
        return found

    def expect(self, sign: str) -> None:
        if not self.sign(sign):
            raise self.mistake(f"expected `{sign}`")

    def advance(self) -> _Token:
        self.before = self.token
        self.token = self.next_token()
        return self.before

    def next_token(self) -> _Token:
        match = _TOKEN.match(self.text, self.end)
        if match is None:
            start = self.end + len(self.text[self.end :]) - len(self.text[self.end :].lstrip())
            quote = self.text[start] in "'\""
            message = "this quote is not closed" if quote else "this belongs to no filter"
            raise _mistake(self.text, start, message)
        kind = str(match.lastgroup)
        self.end = match.end()
        return _Token(kind, match[kind], match.start(kind))

    def mistake(self, message: str, token: _Token | None = None) -> UsageError:
        return _mistake(self.text, (token or self.token).start, message)


def _mistake(text: str, start: int, message: str) -> UsageError:
    """The error with the filter below it, or what surrounds the mistake, and a pointer."""
    first = max(0, start - 50)
    shown = "".join(c if c.isprintable() else " " for c in text[first : start + 30])
    return UsageError(
        f"{message}, at character {start + 1} of the filter\n  {shown}\n  {' ' * (start - first)}^"
    )
