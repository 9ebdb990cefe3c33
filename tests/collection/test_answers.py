import hashlib
from pathlib import Path

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.collection import Collection
from hashing.collection.opened import UnknownItemError
from hashing.collection.request import Query, Refine
from hashing.errors import ImageError, UsageError
from hashing.images import decode
from hashing.store import Index, NewItem, create_index
from tests.gallery import draw, jpeg, with_model

PLAIN = {"diversity": 0, "fold": False}


def jpeg_of(art: Collection, item_id: int) -> bytes:
    return art.opened.pictures.jpeg(art.item(item_id), 512)


def styles(art: Collection, ids: list[int]) -> set[object]:
    return {art.item(item_id).fields.get("style") for item_id in ids}


def test_a_picture_of_the_gallery_finds_itself(art: Collection) -> None:
    query = art.query(jpeg_of(art, 5))
    answer = art.answer(query, Refine(k=3, **PLAIN))
    assert (answer.hits[0].id, answer.hits[0].distance) == (5, 0)
    assert answer.code == art.index.codes([5]).hex()[0]


def empty_index(folder: Path, features: int = 0) -> Index:
    return create_index(
        folder / "i",
        bits=64,
        lengths=(64,),
        fingerprint="0" * 64,
        columns={},
        model=folder / "m",
        features=features,
    )


def test_of_equal_codes_what_is_asked_with_comes_first(tmp_path: Path) -> None:
    """Forty letters of one look have one code: letter 33 is the answer to letter 33."""
    index = empty_index(tmp_path)
    pictures = [jpeg(draw((200, 190, 180), seed, (120, 160))) for seed in range(60)]
    index.add(
        NewItem(f"{i}.jpg", {}, bytes(8), hashlib.sha256(data).digest(), data)
        for i, data in enumerate(pictures)
    )
    with with_model(index) as letters:
        same = Codes(np.zeros((1, 8), np.uint8), 64)
        asked = Query(same, picture=decode(pictures[33]))
        for refine in (Refine(3, **PLAIN), Refine(3), Refine(3, diversity=0)):
            hits = letters.answer(asked, refine).hits
            assert [hit.distance for hit in hits] == [0, 0, 0]
            assert hits[0].id == 33
            assert not any(hit.copies for hit in hits)
        order = [hit.id for hit in letters.answer(asked, Refine(60, **PLAIN)).hits]
        assert order == [33, *(i for i in range(60) if i != 33)]


def test_by_features_equally_far_is_what_is_measured(tmp_path: Path) -> None:
    """All codes are equal, and the first picture is the farthest."""
    index = empty_index(tmp_path, features=1)
    pictures = [jpeg(draw((200, 190, 180), seed, (120, 160))) for seed in range(3)]
    features = [np.array([far], "<f2").tobytes() for far in (3, 1, 1)]
    index.add(
        NewItem(f"{i}.jpg", {}, bytes(8), hashlib.sha256(data).digest(), data, features[i])
        for i, data in enumerate(pictures)
    )
    same, nothing = Codes(np.zeros((1, 8), np.uint8), 64), np.zeros((1, 1), np.float16)
    with with_model(index) as letters:
        for asked, order in ((0, [1, 2, 0]), (1, [1, 2, 0]), (2, [2, 1, 0])):
            query = Query(same, picture=decode(pictures[asked]), features=nothing)
            hits = letters.answer(query, Refine(3, by="euclidean", **PLAIN)).hits
            assert [hit.id for hit in hits] == order


def test_the_same_search_repeats_by_code(art: Collection) -> None:
    code = art.index.codes([5]).hex()[0]
    by_code = art.answer(art.query(code), Refine(k=5, **PLAIN))
    similar = art.answer(art.stored(5), Refine(k=4, **PLAIN))
    assert by_code.hits[1:] == similar.hits


def test_a_work_is_not_similar_to_itself(art: Collection) -> None:
    hits = art.answer(art.stored(5), Refine(k=200, **PLAIN)).hits
    assert sorted(hit.id for hit in hits) == [i for i in range(38) if i != 5]
    assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)


def test_what_cannot_be_read_is_refused(art: Collection) -> None:
    with pytest.raises(ImageError):
        art.query(b"no picture")
    with pytest.raises(UsageError, match="16 hexadecimal"):
        Codes.from_hex(["abc"], 64)
    with pytest.raises(UsageError, match="code lengths"):
        art.answer(art.stored(5), Refine(bits=24))
    with pytest.raises(UnknownItemError, match="999"):
        art.answer(art.stored(999), Refine())


def test_a_shorter_code_is_a_prefix(art: Collection) -> None:
    answer = art.answer(art.stored(5), Refine(k=200, bits=16, **PLAIN))
    codes = art.index.codes([5, *(hit.id for hit in answer.hits)]).prefix(16).unpacked()
    assert [hit.distance for hit in answer.hits] == (codes[1:] != codes[0]).sum(axis=1).tolist()


def test_a_filter_narrows_every_answer(art: Collection) -> None:
    where = "style = 'Red School' and year > 1853"
    items = [item for item in art.items() if item.fields.get("style") == "Red School"]
    expected = {item.id for item in items if item.fields.get("year", 0) > 1853}
    assert set(art.ids(where=where).tolist()) == expected
    assert {hit.id for hit in art.similar(20, 200, where)} == expected
    assert {hit.id for hit in art.recommend([20], k=200, where=where)} <= expected


def test_words_find_titles_and_artists(art: Collection) -> None:
    assert art.ids(text="study 17").tolist() == [17]
    found = art.ids(where="style = 'Red School'", text="painter d")
    assert sorted(found.tolist()) == [3, 9, 15, 21, 27, 33]


def test_near_duplicates_are_folded_into_one(art: Collection) -> None:
    query = art.query(jpeg_of(art, 0))
    hits = art.answer(query, Refine(k=10)).hits
    assert hits[0].id == 0
    assert hits[0].copies == (36,)
    assert 36 not in [hit.id for hit in hits]
    unfolded = art.answer(query, Refine(k=10, fold=False)).hits
    assert {0, 36} <= {hit.id for hit in unfolded}


def test_one_per_value_of_a_column(art: Collection) -> None:
    hits = art.answer(art.stored(5), Refine(k=200, one_per="artist")).hits
    artists = [hit.fields.get("artist") for hit in hits]
    assert sorted(map(str, artists)) == ["None", *(f"Painter {x}" for x in "ABCDEF")]


def test_the_cut_off_leaves_out_what_is_farther(art: Collection) -> None:
    everything = art.answer(art.stored(5), Refine(k=200, **PLAIN)).hits
    cut = art.answer(art.stored(5), Refine(k=200, max_distance=12, **PLAIN)).hits
    assert cut == [hit for hit in everything if hit.distance <= 12]
    assert 0 < len(cut) < len(everything)


def test_variety_spreads_the_answer(art: Collection) -> None:
    def spread(diversity: float) -> float:
        hits = art.answer(art.stored(5), Refine(k=15, diversity=diversity)).hits
        bits = art.index.codes([hit.id for hit in hits]).unpacked()
        return float((bits[:, None] != bits[None]).mean())

    assert spread(0.7) > spread(0)


def test_the_nearest_groups_are_told(art: Collection) -> None:
    answer = art.answer(art.stored(4), Refine(k=3))
    assert answer.groups[0][0] == "Green School"
    assert sum(share for _, share in answer.groups) == pytest.approx(1)


def test_two_tastes_give_both(art: Collection) -> None:
    answer = art.answer(art.taste([0, 3, 1, 4], []), Refine(k=10, diversity=0))
    found = [hit.id for hit in answer.hits]
    assert styles(art, found) == {"Red School", "Green School"}
    assert not {0, 3, 1, 4} & set(found)
    assert answer.code is None


def test_a_taste_takes_uploads_as_codes(art: Collection) -> None:
    code = art.index.codes([0]).hex()[0]
    by_code = art.answer(art.taste([code, 3], []), Refine(k=200, **PLAIN))
    by_id = art.answer(art.taste([0, 3], []), Refine(k=200, **PLAIN))
    ids = [hit.id for hit in by_code.hits]
    assert [i for i in ids if i != 0] == [hit.id for hit in by_id.hits]


def test_disliked_works_never_come_back(art: Collection) -> None:
    hits = art.answer(art.taste([0], [3, 6]), Refine(k=200, **PLAIN)).hits
    assert not {0, 3, 6} & {hit.id for hit in hits}


def test_a_taste_needs_a_liked_work(art: Collection) -> None:
    with pytest.raises(UsageError, match="one liked work or more"):
        art.answer(art.taste([], [3]), Refine())
    with pytest.raises(UsageError, match="at most 200"):
        art.answer(art.taste(list(range(201)), []), Refine())


def test_a_taste_works_with_a_shorter_code_and_a_cut_off(art: Collection) -> None:
    answer = art.answer(art.taste([0, 3], []), Refine(k=200, bits=16, max_distance=3, **PLAIN))
    assert answer.bits == 16
    assert answer.hits
    assert all(hit.distance <= 3 for hit in answer.hits)
