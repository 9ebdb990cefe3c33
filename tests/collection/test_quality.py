import numpy as np
import pytest

from hashing.collection import Collection
from hashing.collection.opened import Opened
from hashing.collection.quality import Works, draw_tastes, judge_answers, judge_tastes
from hashing.collection.request import Refine

PLAIN = Refine(diversity=0, fold=False)


@pytest.fixture(scope="module")
def opened(art: Collection) -> Opened:
    return art.opened


@pytest.fixture(scope="module")
def works(opened: Opened) -> Works:
    return Works.of(opened, ["style", "artist"])


def test_works_without_a_label_match_nothing(works: Works) -> None:
    assert works.ids.tolist() == list(range(38))
    assert works.labels["style"][37] == -1
    assert works.labels["style"][0] == works.labels["style"][3] != works.labels["style"][1]


def test_halves_share_nothing_and_hold_everything(works: Works) -> None:
    tuning, reporting = works.halves(seed=0)
    assert sorted([*tuning, *reporting]) == list(range(38))


def test_an_answer_is_judged_by_hand(art: Collection, opened: Opened, works: Works) -> None:
    found = judge_answers(opened, works, np.array([4]), PLAIN)
    hits = art.similar(4, k=20)
    style, artist = (works.labels[name] for name in ("style", "artist"))
    shown = np.array([hit.id for hit in hits])
    assert found.precision["style"] == pytest.approx((style[shown[:10]] == style[4]).mean())
    gains = 2.0 ** ((style == style[4]) + 2 * (artist == artist[4])) - 1
    discounts = 1 / np.log2(np.arange(2, 12))
    best = np.sort(np.delete(gains, 4))[::-1][:10] @ discounts
    assert found.ndcg == pytest.approx(gains[shown[:10]] @ discounts / best)
    bits = opened.index.codes(shown).unpacked()
    pairs = np.triu_indices(20, 1)
    assert found.variety == pytest.approx((bits[pairs[0]] != bits[pairs[1]]).mean())
    assert found.coverage == pytest.approx(20 / 38)


def test_copies_are_counted_until_they_are_folded(opened: Opened, works: Works) -> None:
    queries = np.array([3])
    unfolded = judge_answers(opened, works, queries, Refine(diversity=0, fold=False))
    assert unfolded.copies == 1
    assert judge_answers(opened, works, queries, Refine(diversity=0)).copies == 0


def test_tastes_are_drawn_from_common_labels(works: Works) -> None:
    everything = np.arange(38)
    (taste,) = draw_tastes(works, "style", everything, labels_each=2, count=1, seed=0)
    assert len(set(taste.tolist())) == 10
    assert len(set(works.labels["style"][taste].tolist())) == 2
    assert draw_tastes(works, "artist", everything, labels_each=1, count=1, seed=0) == []


def test_a_taste_is_judged_by_the_other_works_of_its_label(opened: Opened, works: Works) -> None:
    liked = np.flatnonzero(works.labels["style"] == works.labels["style"][0])[:5]
    found = judge_tastes(opened, works, "style", [liked], PLAIN)
    wanted = int((works.labels["style"] == works.labels["style"][0]).sum()) - 5
    assert found.bound == 1.0
    assert found.recall * wanted == pytest.approx(found.precision * 20)
    assert 0.5 < found.recall_one <= found.recall <= 1
    assert found.gain == pytest.approx(found.recall / found.recall_one)
