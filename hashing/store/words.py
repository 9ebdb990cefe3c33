"""Words of metadata: what a text search compares, the same in every store.

Letters are folded on both sides (Unicode's compatibility decomposition, then case folding, then
accents and vowel points dropped), so that `Durer` finds `Dürer`. Scripts that put no spaces between
words are taken letter by letter, and what is asked for must stand together: `北斎` is found in
`葛飾北斎`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hashing.errors import UsageError
from hashing.sources.columns import Value, written

VERSION = 1
"""Counts changes of what is below; an index remembers by which its words were made."""
MAX_PHRASES = 64
BETWEEN = "\ue000"
"""A word that nobody can ask for: it keeps the end of one field from meeting the next one's start.
"""

_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters with a stroke and ligatures, which Unicode does not decompose."""
_POINTS, _ABOVE = range(10, 37), 200
"""Combining classes: points of Hebrew and Arabic; from 200 on what stands above or below."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana and the signs between them
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_INDIC = "\u0900-\u0963\u0966-\u0dff"  # their vowel signs are no letters to `re`
_WORD = re.compile(rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}]|[{_INDIC}])+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand together, in this order; the last may be only a beginning."""

    words: tuple[str, ...]
    begins: bool = False


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in its order."""
    return _WORD.findall(_folded(text))


def item_words(fields: Mapping[str, Value], roles: Mapping[str, str]) -> tuple[str, str]:
    """An item's words, separated by spaces: those that name it (title, creator) and all others."""
    naming = {roles.get("title"), roles.get("creator")}
    return (
        _joined([value for name, value in fields.items() if name in naming]),
        _joined([value for name, value in fields.items() if name not in naming]),
    )


def phrases(text: str) -> list[Phrase]:
    """What is asked for, all of which an item must have. Raises UsageError for too much of it."""
    split = [words for words in map(words_of, text.split()) if words]
    if len(split) > MAX_PHRASES:
        raise UsageError(f"expected at most {MAX_PHRASES} words to search for, found {len(split)}")
    asked = [Phrase(tuple(words)) for words in split]
    if asked and not re.match(f"[{_UNSPACED}]", asked[-1].words[-1]):
        asked[-1] = Phrase(asked[-1].words, begins=True)
    return asked


def rank_of(asked: Sequence[Phrase], naming: Sequence[str]) -> tuple[int, int]:
    """Where an item that has all phrases comes among others, least first; then comes its id.

    naming: the words that name it. Those come first that more of the phrases name, of these the
    ones with fewer words in their name.
    """
    text = f" {' '.join(naming)} "
    named = sum(f" {' '.join(p.words)}{'' if p.begins else ' '}" in text for p in asked)
    return -named, len({*naming} - {BETWEEN, ""})


def _joined(values: list[Value]) -> str:
    return f" {BETWEEN} ".join(" ".join(words_of(written(value))) for value in values)


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    kept = (
        letter for letter in unicodedata.normalize("NFKD", decomposed) if not _is_accent(letter)
    )
    return unicodedata.normalize("NFC", "".join(kept))


def _is_accent(letter: str) -> bool:
    mark = unicodedata.combining(letter)
    return mark in _POINTS or mark >= _ABOVE
