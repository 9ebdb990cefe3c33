"""What a person means by some words: values of columns, typing errors, the words themselves.

Words that spell a value of a column that one chooses from (an artist, a style) ask for that value.
Of the rest, one that no item has is taken for the commonest word one typing error away: a letter
too much, missing, wrong, or two exchanged (Damerau 1964; candidates as Norvig 2007), two for long
words.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hashing.collection.facets import facets
from hashing.collection.opened import Once, Opened
from hashing.filters import Filter, all_of, equals
from hashing.sources import Value
from hashing.sources.columns import written
from hashing.store.words import words_of
from hashing.tables import Table

MOST_ITEMS = 200_000
"""Items whose words are all known; of a larger collection only those of its columns' values."""
AT_ONCE = 10_000
LONGEST_SPAN = 6
"""Words of a value that are looked for together."""
SHORTEST, LONG = 4, 8
"""Letters of a word that may hold one typing error, and two."""
MOST_WORDS = 12
"""Words of a question that are looked at."""


@dataclass(frozen=True)
class Vocabulary:
    """words: how many items have each, folded. values: columns and values by their words."""

    words: Mapping[str, int]
    values: Mapping[tuple[str, ...], tuple[str, Value]]
    letters: str


@dataclass(frozen=True)
class Understood:
    """What some words were taken for.

    text: the words that are searched for. values: columns and values that words named.
    corrections: words that nobody has, by the word that was taken instead.
    """

    text: str
    values: tuple[tuple[str, Value], ...] = ()
    corrections: tuple[tuple[str, str], ...] = ()

    def table(self) -> Table:
        """What each part was taken for."""
        rows = [("searched for", self.text)] if self.text else []
        rows += [(column, written(value)) for column, value in self.values]
        rows += [(f"{word}?", taken) for word, taken in self.corrections]
        return Table("", ("", "taken for"), rows)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def where(self, further: Filter | None = None) -> Filter | None:
        """The values as a filter, narrowed by a further one."""
        parts = [equals(column, value) for column, value in self.values]
        parts += [] if further is None else [further]
        return all_of(*parts) if parts else None


def understand(opened: Opened, text: str) -> Understood:
    """Take words for what they most likely mean; nothing changes where they mean themselves."""
    known = vocabulary(opened)
    asked = text.split()
    if not asked or len(asked) > MOST_WORDS:
        return Understood(text)
    values, rest = _values(asked, known)
    corrections = []
    for place, word in enumerate(rest):
        taken = _corrected(word, known, begins=place == len(rest) - 1)
        if taken is not None:
            corrections.append((word, taken))
    mended = dict(corrections)
    if corrections:  # a word that was mended may complete a value's name
        further, rest = _values([mended.get(word, word) for word in rest], known)
        values += further
    return Understood(" ".join(rest), tuple(values), tuple(corrections))


def _values(asked: list[str], known: Vocabulary) -> tuple[list[tuple[str, Value]], list[str]]:
    """Values that consecutive words spell, the longest first, and the words that are left."""
    values, rest, place = [], [], 0
    while place < len(asked):
        for length in range(min(LONGEST_SPAN, len(asked) - place), 0, -1):
            span = tuple(words_of(" ".join(asked[place : place + length])))
            if span in known.values:
                values.append(known.values[span])
                place += length
                break
        else:
            rest.append(asked[place])
            place += 1
    return values, rest


def _corrected(word: str, known: Vocabulary, *, begins: bool) -> str | None:
    """The word that is meant; None where this one is known, or nothing is near."""
    parts = words_of(word)
    if len(parts) != 1 or len(parts[0]) < SHORTEST or parts[0] in known.words:
        return None
    folded = parts[0]
    if begins and any(other.startswith(folded) for other in known.words):
        return None
    near = {other for other in _edits(folded, known.letters) if other in known.words}
    if not near and len(folded) >= LONG:
        near = {
            other
            for once in _edits(folded, known.letters)
            for other in _edits(once, known.letters)
            if other in known.words
        }
    return max(near, key=lambda other: (known.words[other], other)) if near else None


def _edits(word: str, letters: str) -> Iterator[str]:
    """Every word one typing error away."""
    for place in range(len(word) + 1):
        head, tail = word[:place], word[place:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in letters:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


_once: Once[Vocabulary] = Once()


def vocabulary(opened: Opened) -> Vocabulary:
    """The words of a collection as it is now, read once."""
    return _once(opened, lambda: _read(opened))


def _read(opened: Opened) -> Vocabulary:
    words: Counter[str] = Counter()
    values: dict[tuple[str, ...], tuple[str, Value]] = {}
    for facet in facets(opened):
        for value, count in facet.values.items():
            spelled = tuple(words_of(written(value)))
            words.update(dict.fromkeys(spelled, count))
            if facet.chooses and facet.kind is str and 0 < len(spelled) <= LONGEST_SPAN:
                values.setdefault(spelled, (facet.name, value))
    if opened.info.count <= MOST_ITEMS:
        words.clear()
        ids = opened.index.ids()
        for start in range(0, len(ids), AT_ONCE):
            for item in opened.index.items(ids[start : start + AT_ONCE]):
                words.update({w for v in item.fields.values() for w in words_of(written(v))})
    letters = "".join(sorted({letter for word in words for letter in word if letter.isalpha()}))
    return Vocabulary(words, values, letters[:64])
