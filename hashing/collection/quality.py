"""How good and how varied a opened's answers are, judged by the labels of its works.

An answer is taken as a visitor sees it, place by place; works that it does not show come last, all
tied. The tie-aware measures of the codes themselves are `hashing.metrics`'.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing import metrics
from hashing.collection.answer import Answer
from hashing.collection.judged import Judged
from hashing.collection.opened import Opened
from hashing.collection.recommend import recommend
from hashing.collection.request import Query, Refine, Taste
from hashing.collection.search import search
from hashing.recommend import fold_duplicates

TOP = 10
SHOWN = 20
LIKED = 5

Rows = NDArray[np.int64]


def controls(creator: str | None) -> dict[str, Refine]:
    """What a visitor can set, from nothing to the page's default; creator: the role's column."""
    found = {
        "nearest only": Refine(diversity=0, fold=False),
        "near-duplicates folded": Refine(diversity=0),
        "varied (the default)": Refine(),
    }
    if creator is not None:
        found[f"one per {creator}"] = Refine(diversity=0, one_per=creator)
    return found


@dataclass(frozen=True, eq=False)
class Works:
    """The works of an index: ids int64 `[N]` ascending, and label numbers int64 `[N]` by field.

    A number is −1 where the work has no such label. Their order decides the grades, see
    `metrics.graded`.
    """

    ids: Rows
    labels: Mapping[str, Rows]

    @classmethod
    def of(cls, opened: Opened, fields: Sequence[str]) -> Self:
        """All works of an index."""
        judged = Judged.of(opened.index, fields, (), None)
        return cls(judged.ids, judged.numbers())

    def halves(self, seed: int) -> tuple[Rows, Rows]:
        """Two random halves of the rows: choose settings on the one, report on the other."""
        rows = np.random.default_rng(seed).permutation(len(self.ids))
        return rows[::2], rows[1::2]

    def rows_of(self, answer: Answer) -> Rows:
        """Rows of the works of an answer, in its order."""
        return np.searchsorted(self.ids, [hit.id for hit in answer.hits])


@dataclass(frozen=True)
class AnswerQuality:
    """Means over some answers to one work each.

    ndcg: graded, of the first 10. precision: share of the first 10 with the query's label, by
    field. variety: mean pairwise distance of the first 20 as a share of the bits. copies: works
    among the first 20 that nearly repeat one above them, in all answers together. coverage: share
    of the collection that any of the answers shows.
    """

    ndcg: float
    precision: Mapping[str, float]
    variety: float
    copies: int
    coverage: float


def judge_answers(opened: Opened, works: Works, queries: Rows, refine: Refine) -> AnswerQuality:
    """Ask for works similar to each of some rows, and judge what is shown."""
    refine = replace(refine, k=SHOWN)
    answers = [_similar(opened, int(works.ids[row]), refine) for row in queries]
    shown = [works.rows_of(answer) for answer in answers]

    def costs() -> Iterator[Rows]:
        for places in shown:
            row = np.full(len(works.ids), SHOWN, np.int64)
            row[places] = np.arange(len(places))
            yield row

    fields = metrics.graded(
        metrics.Labels(labels[queries], labels) for labels in works.labels.values()
    )
    itself = [metrics.Labels(queries, np.arange(len(works.ids)))]
    ndcg = metrics.evaluate_costs(costs(), fields, exclude=itself, ks=(TOP,)).ndcg_at[TOP]
    precision = {
        name: metrics.evaluate_costs(costs(), [field], exclude=itself, ks=(TOP,)).precision_at[TOP]
        for name, field in zip(works.labels, fields, strict=True)
    }
    return AnswerQuality(
        ndcg,
        precision,
        variety=float(np.mean([_variety(opened, answer) for answer in answers])),
        copies=sum(_copies(opened, answer) for answer in answers),
        coverage=len(np.unique(np.concatenate(shown))) / len(works.ids),
    )


@dataclass(frozen=True)
class TasteQuality:
    """Means over some tastes: the first 20 works for one liked work and for all of a taste's.

    Found are other works of the tastes' labels. recall: of these the share that is shown; bound:
    the greatest recall that 20 places allow. precision: the share of the places.
    """

    recall_one: float
    recall: float
    bound: float
    precision_one: float
    precision: float

    @property
    def gain(self) -> float:
        """How many times the recall of one liked work all of them have."""
        return self.recall / self.recall_one if self.recall_one else float("nan")


def judge_tastes(
    opened: Opened,
    works: Works,
    field: str,
    tastes: Sequence[Rows],
    refine: Refine,
    refine_one: Refine | None = None,
) -> TasteQuality:
    """Ask with each taste as a whole and with each of its works alone (with `refine_one`).

    tastes: rows of the liked works, each with a label in `field`.
    """
    labels = works.labels[field]
    measured = []
    for liked in tastes:
        wanted = np.isin(labels, labels[liked])
        wanted[liked] = False
        most = int(wanted.sum())
        alone = [
            _found(opened, works, liked[[i]], liked, wanted, refine_one or refine)
            for i in range(len(liked))
        ]
        together = _found(opened, works, liked, liked, wanted, refine)
        one = float(np.mean(alone))
        measured.append(
            (one / most, together / most, min(SHOWN, most) / most, one / SHOWN, together / SHOWN)
        )
    return TasteQuality(*np.mean(measured, axis=0).tolist())


def draw_tastes(
    works: Works, field: str, among: Rows, labels_each: int, count: int, seed: int
) -> list[Rows]:
    """Tastes of `LIKED` works of each of some labels; only labels with twice as many are drawn.

    among: the rows to draw from. Where there are too few such labels, there are no tastes.
    """
    rng = np.random.default_rng(seed)
    labels = works.labels[field][among]
    common = np.flatnonzero(np.bincount(labels[labels >= 0]) >= 2 * LIKED)
    if len(common) < labels_each:
        return []
    tastes = []
    for _ in range(count):
        chosen = rng.choice(common, labels_each, replace=False)
        liked = [rng.choice(among[labels == label], LIKED, replace=False) for label in chosen]
        tastes.append(np.concatenate(liked))
    return tastes


def _found(
    opened: Opened,
    works: Works,
    liked: Rows,
    known: Rows,
    wanted: NDArray[np.bool_],
    refine: Refine,
) -> int:
    """How many wanted works are in the first 20 places that known ones do not take."""
    refine = replace(refine, k=SHOWN + len(known) - len(liked))
    shown = works.rows_of(_liked(opened, works.ids[liked], refine))
    return int(wanted[shown[~np.isin(shown, known)][:SHOWN]].sum())


def _similar(opened: Opened, item: int, refine: Refine) -> Answer:
    return search(opened, Query(opened.index.codes([item]), exclude=(item,)), refine)


def _liked(opened: Opened, items: Rows, refine: Refine) -> Answer:
    codes = opened.index.codes(items)
    return recommend(opened, Taste(codes, codes[:0], tuple(items.tolist())), refine)


def _variety(opened: Opened, answer: Answer) -> float:
    bits = opened.index.codes(hit.id for hit in answer.hits).unpacked()
    one, other = np.triu_indices(len(bits), 1)
    return float((bits[one] != bits[other]).mean()) if len(bits) > 1 else 0.0


def _copies(opened: Opened, answer: Answer) -> int:
    leaders = fold_duplicates(opened.pictures.copies([hit.id for hit in answer.hits]))
    return int((leaders != np.arange(len(leaders))).sum())
