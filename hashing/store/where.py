r"""The filter language: `style = 'Cubism' and (year > 1900 or year is null)`.

    filter     = conjunction {"or" conjunction}
    conjunction= negation {"and" negation}
    negation   = "not" negation | "(" filter ")" | comparison
    comparison = field ("=" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
               | field ["not"] "in" "(" value {"," value} ")"
               | field ["not"] "between" value "and" value
               | field ["not"] "like" text          (% any text, _ one character, \ escapes)
               | field "is" ["not"] "null"
    field      = name | '"' any name '"'            value = number | 'text' ('' for one quote)

Words of the language may be written in any case. A text is compared by code point, `like` minds
case, and null follows SQL: a comparison with an absent field is neither true nor false, and only
what is true is kept. Each printer and the evaluator walk the same small tree.
"""

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from hashing.errors import UsageError
from hashing.items import Value

MAX_CHARACTERS, MAX_DEPTH, MAX_VALUES = 4096, 32, 1000

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Compare:
    """`field operator value`."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Among:
    """`field in (values)`."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """`field like pattern`."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """`field is null`."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """`not part`."""

    part: "Tree"


@dataclass(frozen=True, slots=True)
class Join:
    """All parts joined by `and`, or all by `or`."""

    word: Literal["and", "or"]
    parts: tuple["Tree", ...]


Tree = Compare | Among | Like | IsNull | Not | Join


def parse(text: str, columns: Mapping[str, type]) -> Tree:
    """The tree of a filter over typed columns. Raises UsageError with a pointer at the mistake."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(
            f"expected a filter of at most {MAX_CHARACTERS} characters, found {len(text)}"
        )
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
_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class _Parser:
    """Recursive descent, one token ahead."""

    def __init__(self, text: str, columns: Mapping[str, type]) -> None:
        self.text, self.columns = text, columns
        self.depth = self.values = self.end = 0
        self.token = self.before = self.next_token()

    def whole(self) -> Tree:
        tree = self.disjunction()
        if self.token.kind != "end":
            raise self.mistake("expected `and`, `or` or the end")
        return tree

    def disjunction(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.mistake(f"expected at most {MAX_DEPTH} levels of brackets")
        parts = [self.conjunction()]
        while self.word("or"):
            parts.append(self.conjunction())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Join("or", tuple(parts))

    def conjunction(self) -> Tree:
        parts = [self.negation()]
        while self.word("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Join("and", tuple(parts))

    def negation(self) -> Tree:
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

    def comparison(self) -> Tree:
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

    def named_test(self, field: str, expected: str) -> Tree:
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
            known = ", ".join(self.columns) or "none"
            near = difflib.get_close_matches(name, self.columns, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise self.mistake(f"there is no column {name!r}; {hint}Known: {known}")
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
        fits = math.isfinite(number) if isinstance(number, float) else abs(number) < 1 << 63
        if not fits:
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


def to_sqlite(tree: Tree, column: Callable[[str], str]) -> tuple[str, list[Value]]:
    """An SQL condition and the values bound to it; `column` quotes a field's column."""
    match tree:
        case Compare(field, sign, value):
            return f"{column(field)} {sign} ?", [value]
        case Among(field, values):
            return f"{column(field)} IN ({', '.join('?' * len(values))})", list(values)
        case Like(field, pattern):
            return f"{column(field)} GLOB ?", ["".join(_glob(pattern))]
        case IsNull(field):
            return f"{column(field)} IS NULL", []
        case Not(part):
            sql, bound = to_sqlite(part, column)
            return f"NOT ({sql})", bound
        case Join(word, parts):
            printed = [to_sqlite(part, column) for part in parts]
            sql = f" {word.upper()} ".join(f"({text})" for text, _ in printed)
            return sql, [value for _, bound in printed for value in bound]


def holds(tree: Tree, fields: Mapping[str, Value]) -> bool | None:
    """Whether one item's fields satisfy a filter; None is SQL's unknown."""
    match tree:
        case IsNull(field):
            return field not in fields
        case Not(part):
            inner = holds(part, fields)
            return None if inner is None else not inner
        case Join(word, parts):
            decided = word == "or"  # one true part decides an `or`, one false part an `and`
            results = [holds(part, fields) for part in parts]
            return decided if decided in results else None if None in results else not decided
        case _ if tree.field not in fields:
            return None
        case Compare(field, sign, value):
            return _COMPARE[sign](fields[field], value)
        case Among(field, values):
            return fields[field] in values
        case Like(field, pattern):
            return re.fullmatch("".join(_regex(pattern)), str(fields[field]), re.DOTALL) is not None


def _like(pattern: str) -> Iterator[tuple[str, bool]]:
    """Each character of a pattern, and whether it is one of the two wildcards."""
    escaped = False
    for character in pattern:
        if character == "\\" and not escaped:
            escaped = True
            continue
        yield character, character in "%_" and not escaped
        escaped = False
    if escaped:
        yield "\\", False


def _glob(pattern: str) -> Iterator[str]:
    for character, wild in _like(pattern):
        if wild:
            yield {"%": "*", "_": "?"}[character]
        else:
            yield f"[{character}]" if character in "*?[" else character


def _regex(pattern: str) -> Iterator[str]:
    for character, wild in _like(pattern):
        yield {"%": ".*", "_": "."}[character] if wild else re.escape(character)
