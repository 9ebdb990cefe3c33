import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.collection.layout import lay_out
from hashing.collection.map import (
    CHART,
    COLOURS,
    POINT,
    REST,
    Map,
    draw_map,
    has_map,
    read_map,
)
from hashing.search import SearchRequest
from hashing.store import Index, NewItem, create_index


def groups(count: int, seed: int = 0) -> Codes:
    """Codes around three unrelated ones."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 2, (3, 64))
    flips = rng.random((count, 64)) < 0.06
    return Codes(np.packbits(centres[np.arange(count) % 3] ^ flips, axis=1), 64)


def test_like_lies_beside_like() -> None:
    places = lay_out(groups(60))
    assert places.shape == (60, 2)
    assert places.min() == 0
    assert places.max() == 1
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert (gaps.argmin(axis=1) % 3 == np.arange(60) % 3).mean() > 0.95


def test_equal_codes_give_equal_maps() -> None:
    np.testing.assert_array_equal(lay_out(groups(20)), lay_out(groups(20)))


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_small_collections_have_a_map_too(count: int) -> None:
    places = lay_out(groups(count))
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()


@pytest.mark.parametrize("distinct", [1, 2, 4, 5, 8])
@pytest.mark.parametrize("kind", ["scattered", "in a row", "one bit each"])
@pytest.mark.robustness("works with few distinct codes")
def test_few_distinct_codes_of_many_works(distinct: int, kind: str) -> None:
    bits = {
        "scattered": np.random.default_rng(1).integers(0, 2, (distinct, 64)),
        "in a row": np.tri(distinct, 64),
        "one bit each": np.eye(distinct, 64),
    }[kind]
    code = np.arange(40) % distinct
    places = lay_out(Codes(np.packbits(bits.astype(np.uint8), axis=1)[code], 64))
    assert len(np.unique(places, axis=0)) == 40, "works of one code hide each other"
    assert places.min() == 0
    assert places.max() == 1
    gaps = np.linalg.norm(places[:, None] - places[None, :distinct], axis=2)
    assert (gaps.argmin(axis=1) == code).all(), "a work lies nearer to another code than to its own"


def test_five_copies_of_one_picture_have_a_map(tmp_path: Path) -> None:
    with create_index(
        tmp_path / "index", bits=64, lengths=(64,), fingerprint="", columns={}, model=tmp_path
    ) as index:
        index.add([NewItem(f"{n}.jpg", {}, bytes(8), bytes(32)) for n in range(5)])
        draw_map(index)
        assert has_map(index)


def test_the_map_follows_the_index(new_gallery: Index) -> None:
    assert read_map(new_gallery) is None
    assert not has_map(new_gallery)
    draw_map(new_gallery)
    assert has_map(new_gallery)
    before = read_map(new_gallery)
    assert before is not None
    assert before["id"].tolist() == new_gallery.ids().tolist()
    new_gallery.remove([3])
    code = new_gallery.codes([7]).packed[0].tobytes()
    (added,) = new_gallery.add([NewItem("late.jpg", {}, code, bytes(32))])
    after = read_map(new_gallery)
    assert after is not None
    assert set(after["id"].tolist()) == set(before["id"].tolist()) - {3} | {added}
    place = {int(p["id"]): (float(p["x"]), float(p["y"])) for p in after}
    near = new_gallery.search(SearchRequest(new_gallery.codes([7]), 5)).ids[0]
    four = [np.array(place[int(i)]) for i in near if i != added][:4]
    closest = min(combinations(four, 2), key=lambda pair: np.linalg.norm(pair[0] - pair[1]))
    assert place[int(added)] == pytest.approx(np.mean(closest, axis=0).tolist(), abs=1e-6)


def test_more_works_than_are_laid_out_together_hang_beside_their_like() -> None:
    codes = groups(300)
    places = lay_out(codes, landmarks=60)
    assert len(np.unique(places, axis=0)) == 300
    centres = np.array([places[kind::3].mean(axis=0) for kind in range(3)])
    nearest = np.linalg.norm(places[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == np.arange(300) % 3).mean() > 0.9


def test_a_notebook_draws_every_work_in_the_colour_of_its_group() -> None:
    names = [f"group <{n}>" for n in range(len(COLOURS) + 1) for _ in range(20 - n)] + [""]
    points = np.zeros(len(names), POINT)
    points["id"], points["x"] = range(len(names)), np.linspace(0, 1, len(names))
    drawn = Map(points, names)
    shown = drawn._repr_html_()
    paths = dict(re.findall(r'<path stroke="(#\w+)" d="([^"]*)"/>', shown))
    counts = [paths[colour].count("h0") for colour in (*COLOURS, REST)]
    assert counts == [*range(20, 20 - len(COLOURS), -1), 20 - len(COLOURS) + 1]
    assert "group &lt;0&gt;" in shown
    assert f"group &lt;{len(COLOURS)}&gt;" not in shown, "only those with a colour are named"
    assert f"M{CHART}.0 0.0h0" in paths[REST]
    assert np.asarray(drawn)["x"].tolist() == drawn["x"].tolist()
    assert repr(drawn) == f"Map({len(names)} works, {len(COLOURS) + 1} groups)"
