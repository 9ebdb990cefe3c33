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

from hashing.filters.build import (
    all_of,
    among,
    any_of,
    between,
    compare,
    equals,
    is_null,
    like,
    not_,
)
from hashing.filters.check import check
from hashing.filters.evaluator import holds
from hashing.filters.parser import parse
from hashing.filters.tree import Filter

__all__ = [
    "Filter",
    "all_of",
    "among",
    "any_of",
    "between",
    "check",
    "compare",
    "equals",
    "holds",
    "is_null",
    "like",
    "not_",
    "parse",
]
