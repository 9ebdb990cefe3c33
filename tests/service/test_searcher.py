import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hashing.collection.answer import UnknownItemError
from hashing.collection.refine import Filters, Refine
from hashing.errors import ArtefactError, ImageError, StorageError, UsageError
from hashing.service.searcher import Searcher
from tests.gallery import ColourEncoder, make_gallery

PLAIN = {"diversity": 0, "fold": False}


def jpeg_of(searcher: Searcher, item_id: int) -> bytes:
    return searcher.pictures.jpeg(searcher.item(item_id), 512)


def styles(searcher: Searcher, ids: list[int]) -> set[object]:
    return {searcher.item(item_id).fields.get("style") for item_id in ids}


def test_a_picture_of_the_gallery_finds_itself(searcher: Searcher) -> None:
    query = searcher.read_picture(jpeg_of(searcher, 5))
    answer = searcher.search(query, Refine(k=3, **PLAIN))
    assert (answer.hits[0].item.id, answer.hits[0].distance) == (5, 0)
    assert answer.code == searcher.index.codes([5]).hex()[0]


def test_the_same_search_repeats_by_code(searcher: Searcher) -> None:
    code = searcher.index.codes([5]).hex()[0]
    by_code = searcher.search(searcher.read_code(code), Refine(k=5, **PLAIN))
    similar = searcher.similar(5, Refine(k=4, **PLAIN))
    assert by_code.hits[1:] == similar.hits


def test_a_work_is_not_similar_to_itself(searcher: Searcher) -> None:
    hits = searcher.similar(5, Refine(k=200, **PLAIN)).hits
    assert sorted(hit.item.id for hit in hits) == [i for i in range(38) if i != 5]
    assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)


def test_what_cannot_be_read_is_refused(searcher: Searcher) -> None:
    with pytest.raises(ImageError):
        searcher.read_picture(b"no picture")
    with pytest.raises(UsageError, match="16 hexadecimal"):
        searcher.read_code("abc")
    with pytest.raises(UsageError, match="code lengths"):
        searcher.similar(5, Refine(bits=24))
    with pytest.raises(UnknownItemError, match="999"):
        searcher.similar(999, Refine())


def test_a_shorter_code_is_a_prefix(searcher: Searcher) -> None:
    answer = searcher.similar(5, Refine(k=200, bits=16, **PLAIN))
    codes = searcher.index.codes([5, *(hit.item.id for hit in answer.hits)]).prefix(16).unpacked()
    assert [hit.distance for hit in answer.hits] == (codes[1:] != codes[0]).sum(axis=1).tolist()


FILTERS: list[tuple[dict[str, object], Callable[[dict[str, Any]], bool]]] = [
    ({"style": ["Red School"]}, lambda work: work.get("style") == "Red School"),
    (
        {"artist": ["Painter A", "Painter B"]},
        lambda work: work.get("artist") in ("Painter A", "Painter B"),
    ),
    ({"from": 1852, "to": 1853}, lambda work: 1852 <= work.get("year", 0) <= 1853),
    ({"hide_artist": ["Painter A"]}, lambda work: work.get("artist") != "Painter A"),
    ({"title": ["Study 7"]}, lambda work: work.get("title") == "Study 7"),
]


@pytest.mark.parametrize(("filters", "keeps"), FILTERS)
def test_filters(
    searcher: Searcher, filters: dict[str, object], keeps: Callable[[dict[str, Any]], bool]
) -> None:
    expected = {item.id for item in searcher.index.items(range(38)) if keeps(dict(item.fields))}
    assert set(searcher.browse(Filters.model_validate(filters)).tolist()) == expected
    answer = searcher.similar(20, Refine.model_validate({"k": 200, **PLAIN, **filters}))
    assert {hit.item.id for hit in answer.hits} == expected - {20}


def test_a_name_with_a_quote_is_only_a_name(searcher: Searcher) -> None:
    assert len(searcher.browse(Filters(artist=["O'Keeffe' or 1=1 --"]))) == 0


def test_words_find_titles_and_artists(searcher: Searcher) -> None:
    assert searcher.browse(Filters(), "study 17").tolist() == [17]
    found = searcher.browse(Filters(style=["Red School"]), "painter d")
    assert sorted(found.tolist()) == [3, 9, 15, 21, 27, 33]


def test_near_duplicates_are_folded_into_one(searcher: Searcher) -> None:
    query = searcher.read_picture(jpeg_of(searcher, 0))
    hits = searcher.search(query, Refine(k=10)).hits
    assert hits[0].item.id == 0
    assert hits[0].copies == (36,)
    assert 36 not in [hit.item.id for hit in hits]
    unfolded = searcher.search(query, Refine(k=10, fold=False)).hits
    assert {0, 36} <= {hit.item.id for hit in unfolded}


def test_one_per_artist(searcher: Searcher) -> None:
    hits = searcher.similar(5, Refine(k=200, one_per_artist=True)).hits
    artists = [hit.item.fields.get("artist") for hit in hits]
    assert sorted(map(str, artists)) == ["None", *(f"Painter {x}" for x in "ABCDEF")]


def test_the_cut_off_leaves_out_what_is_farther(searcher: Searcher) -> None:
    everything = searcher.similar(5, Refine(k=200, **PLAIN)).hits
    cut = searcher.similar(5, Refine(k=200, max_distance=12, **PLAIN)).hits
    assert cut == [hit for hit in everything if hit.distance <= 12]
    assert 0 < len(cut) < len(everything)


def test_variety_spreads_the_answer(searcher: Searcher) -> None:
    def spread(diversity: float) -> float:
        hits = searcher.similar(5, Refine(k=15, diversity=diversity)).hits
        bits = searcher.index.codes([hit.item.id for hit in hits]).unpacked()
        return float((bits[:, None] != bits[None]).mean())

    assert spread(0.7) > spread(0)


def test_the_nearest_styles_are_told(searcher: Searcher) -> None:
    answer = searcher.similar(4, Refine(k=3))
    assert answer.styles[0][0] == "Green School"
    assert sum(share for _, share in answer.styles) == pytest.approx(1)


def test_two_tastes_give_both(searcher: Searcher) -> None:
    answer = searcher.recommend([0, 3, 1, 4], [], Refine(k=10, diversity=0))
    found = [hit.item.id for hit in answer.hits]
    assert styles(searcher, found) == {"Red School", "Green School"}
    assert not {0, 3, 1, 4} & set(found)
    assert answer.code is None


def test_a_taste_takes_uploads_as_codes(searcher: Searcher) -> None:
    code = searcher.index.codes([0]).hex()[0]
    by_code = searcher.recommend([code, 3], [], Refine(k=200, **PLAIN))
    by_id = searcher.recommend([0, 3], [], Refine(k=200, **PLAIN))
    ids = [hit.item.id for hit in by_code.hits]
    assert [i for i in ids if i != 0] == [hit.item.id for hit in by_id.hits]


def test_disliked_works_never_come_back(searcher: Searcher) -> None:
    hits = searcher.recommend([0], [3, 6], Refine(k=200, **PLAIN)).hits
    assert not {0, 3, 6} & {hit.item.id for hit in hits}


def test_a_taste_needs_a_liked_work(searcher: Searcher) -> None:
    with pytest.raises(UsageError, match="one liked work or more"):
        searcher.recommend([], [3], Refine())
    with pytest.raises(UsageError, match="at most 200"):
        searcher.recommend(list(range(201)), [], Refine())


def test_a_taste_works_with_a_shorter_code_and_a_cut_off(searcher: Searcher) -> None:
    answer = searcher.recommend([0, 3], [], Refine(k=200, bits=16, max_distance=3, **PLAIN))
    assert answer.bits == 16
    assert answer.hits
    assert all(hit.distance <= 3 for hit in answer.hits)


def test_years(searcher: Searcher) -> None:
    assert searcher.years() == (1850, 1885)


def test_an_index_built_anew_takes_the_place_of_the_old(tmp_path: Path) -> None:
    searcher = Searcher(make_gallery(tmp_path), ColourEncoder())  # type: ignore[arg-type]
    former = searcher.info.uuid
    shutil.rmtree(tmp_path / "art.index")
    with pytest.raises(StorageError, match="wait if it is being rebuilt"):
        searcher.refresh()
    anew = make_gallery(tmp_path, unfinished="these pictures")
    with pytest.raises(StorageError, match="is being rebuilt: this takes a moment"):
        searcher.refresh()
    anew.finish()
    anew.close()
    searcher.refresh()
    assert searcher.info.uuid != former
    assert searcher.search(searcher.stored(0)[0], Refine(k=3)).hits
    searcher.close()


def test_an_index_of_another_model_is_not_taken(tmp_path: Path) -> None:
    searcher = Searcher(make_gallery(tmp_path), ColourEncoder())  # type: ignore[arg-type]
    shutil.rmtree(tmp_path / "art.index")
    make_gallery(tmp_path, fingerprint="shapes").close()
    with pytest.raises(ArtefactError, match="start the server again"):
        searcher.refresh()
    searcher.close()


def test_it_warms_up_what_visitors_ask_first(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher.warm(threading.Event())
    monkeypatch.setattr(searcher.index, "preview", None)
    monkeypatch.setattr("hashing.store.embedded.query.select_facets", None)
    assert searcher.pictures.shape(0) != (1, 1)
    assert searcher.index.facets()


def test_pictures_are_encoded_there(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    encode = searcher.encoder.encode
    monkeypatch.setattr(
        searcher.encoder,
        "encode",
        lambda images: threads.append(threading.current_thread().name) or encode(images),
    )
    searcher.encode(Image.new("RGB", (32, 32)))
    assert threads == ["network_0"]
