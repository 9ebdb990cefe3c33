import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from hashing.data import (
    PROTOCOLS,
    Split,
    make_split,
    number_labels,
    official_parts,
    validation_split,
)
from hashing.errors import InputError, UsageError
from hashing.sources import Catalogue, Item


def catalogue(rows: Sequence[tuple[str, Mapping[str, str]]], *columns: str) -> Catalogue:
    items = [Item(i, path, fields) for i, (path, fields) in enumerate(rows)]
    return Catalogue(Path("pictures"), items, dict.fromkeys(columns, str))


def classes(train: int = 600, test: int = 100) -> Catalogue:
    """Ten classes, test part first, as in the paths' order."""
    rows = [
        (f"{part}/{label}/{i}.png", {"label": str(label)})
        for part, count in (("test", test), ("train", train))
        for label in range(10)
        for i in range(count)
    ]
    return catalogue(rows, "label")


def artworks() -> Catalogue:
    """Four styles; artist n has 5 + n pictures, every tenth of them in another style."""
    rows = []
    for artist in range(40):
        for i in range(5 + artist):
            style = (artist + (i % 10 == 9)) % 4
            rows.append((f"{artist}-{i}.png", {"artist": f"a{artist:02}", "style": f"s{style}"}))
    rows.append(("unknown.png", {}))
    return catalogue(rows, "artist", "style")


def label_array(source: Catalogue, field: str) -> np.ndarray:
    return np.array([label or "" for label in source.labels(field)])


@pytest.mark.parametrize(
    ("protocol", "sizes", "validation"),
    [
        ("dsh", (6000, 1000, 1000), (5400, 600, 600)),
        ("full", (6000, 1000, 6000), (5400, 600, 5400)),
        ("5k", (5000, 1000, 1000), (4500, 500, 4500)),
        ("5k-59k", (5000, 1000, 6000), (4500, 500, 4500)),
    ],
)
def test_sizes_of_the_class_protocols(
    protocol: str, sizes: tuple[int, ...], validation: tuple[int, ...]
) -> None:
    source = classes()
    split = make_split(source, protocol)
    small = validation_split(source, split)
    assert (len(split.train), len(split.query), len(split.database)) == sizes
    assert (len(small.train), len(small.query), len(small.database)) == validation
    labels = label_array(source, "label")
    for rows in (split.train, split.query, small.train, small.query):
        assert set(Counter(labels[rows]).values()) == {len(rows) // 10}


def test_class_protocols_use_the_parts_they_name() -> None:
    source = classes()
    test, train = np.arange(1000), np.arange(1000, 7000)
    dsh, full = make_split(source, "dsh"), make_split(source, "full")
    assert [x.tolist() for x in (dsh.train, dsh.query, dsh.database)] == [
        train.tolist(),
        test.tolist(),
        test.tolist(),
    ]
    assert np.array_equal(full.database, train)
    short, long = make_split(source, "5k"), make_split(source, "5k-59k")
    assert np.array_equal(short.query, long.query)
    assert np.array_equal(short.train, long.train)
    assert np.array_equal(np.union1d(short.database, short.train), long.database)
    assert (short.query < 1000).any()
    assert (short.query >= 1000).any()


ALL = [("classes", name) for name in ("dsh", "full", "5k", "5k-59k", "holdout")] + [
    ("artworks", name) for name in ("art-seen", "art-new", "art-disjoint")
]
SOURCES = {"classes": classes(), "artworks": artworks()}


AMONG_THEMSELVES = {
    ("dsh", "test"),
    ("dsh", "validation"),
    ("art-new", "test"),
    ("art-new", "validation"),
    ("art-disjoint", "test"),
}


def test_all_protocols_are_tried() -> None:
    assert {name for _, name in ALL} == set(PROTOCOLS) - {"lists"}  # those in test_lists.py


@pytest.mark.parametrize(("kind", "protocol"), ALL)
def test_what_holds_for_every_protocol(kind: str, protocol: str, tmp_path: Path) -> None:
    source = SOURCES[kind]
    split = make_split(source, protocol, seed=3)
    small = validation_split(source, split)
    for one in (split, small):
        for rows in (one.train, one.query, one.database):
            assert rows.dtype == np.int64
            assert (np.diff(rows) > 0).all()
            assert len(rows)
        assert not np.intersect1d(one.train, one.query).size
        inside = np.isin(one.query, one.database)
        assert inside.all() if (protocol, one.part) in AMONG_THEMSELVES else not inside.any()
    assert np.isin(np.concatenate([small.train, small.query, small.database]), split.train).all()
    assert np.array_equal(np.union1d(small.train, small.query), split.train)
    again = make_split(source, protocol, seed=3)
    assert (again.digest, again.part, small.part) == (split.digest, "test", "validation")
    assert validation_split(source, again).digest == small.digest
    drawn_anew = make_split(source, protocol, seed=4)
    assert (drawn_anew.digest == split.digest) == (protocol in ("dsh", "full"))
    assert validation_split(source, drawn_anew).digest != small.digest
    split.write(tmp_path / "split.json")
    written = json.loads((tmp_path / "split.json").read_text())
    assert written["query"] == split.query.tolist()
    assert (written["digest"], written["seed"], written["protocol"]) == (split.digest, 3, protocol)


def test_art_seen_and_art_new_take_a_share_of_each_artist() -> None:
    source = SOURCES["artworks"]
    artists = label_array(source, "artist")
    seen, new = make_split(source, "art-seen"), make_split(source, "art-new")
    totals, queries = Counter(artists), Counter(artists[seen.query])
    for artist, count in totals.items():
        assert queries[artist] == (max(1, round(0.15 * count)) if artist else 0)
    assert np.array_equal(seen.query, new.query)
    assert np.array_equal(seen.train, new.train)
    assert np.array_equal(seen.database, seen.train)
    held = Counter(artists[validation_split(source, seen).query])
    assert all(held[artist] >= 1 for artist in totals if artist)


def test_a_labels_only_picture_is_never_held_out() -> None:
    rows = [(f"{i}.png", {"label": "many"}) for i in range(20)] + [("x.png", {"label": "one"})]
    split = make_split(catalogue(rows, "label"), "holdout")
    assert 20 in split.train
    assert len(split.query) == 3


def test_art_disjoint_holds_out_artists_whole() -> None:
    source = SOURCES["artworks"]
    artists, styles = label_array(source, "artist"), label_array(source, "style")
    split = make_split(source, "art-disjoint")
    small = validation_split(source, split)
    for one in (split, small):
        assert not set(artists[one.query]) & set(artists[one.train])
    assert not set(artists[split.query]) & (set(artists[small.train]) | set(artists[small.query]))
    home = {a: Counter(styles[artists == a]).most_common(1)[0][0] for a in set(artists) if a}
    for style in sorted(set(home.values())):
        total = (styles == style).sum()
        sizes = [
            ((artists == a) & (styles == style)).sum()
            for a in set(artists[split.query])
            if home[a] == style
        ]
        assert sum(sizes) >= 0.2 * total
        assert sum(sizes) - max(sizes) < 0.2 * total
    assert len(source) - 1 in split.train


def test_a_style_keeps_an_artist_of_its_own() -> None:
    rows = [(f"{i}.png", {"artist": "only", "style": "lonely"}) for i in range(9)]
    rows += [(f"b{i}.png", {"artist": f"b{i // 5}", "style": "shared"}) for i in range(20)]
    split = make_split(catalogue(rows, "artist", "style"), "art-disjoint")
    assert set(range(9)) <= set(split.train.tolist())
    assert len(split.query) == 5


def test_parts_are_found_in_folders_or_a_column() -> None:
    def parts(*rows: tuple[str, Mapping[str, str]]) -> tuple[list[int], list[int]] | None:
        found = official_parts(catalogue(rows, "split"))
        return None if found is None else (found[0].tolist(), found[1].tolist())

    assert parts(("set/train/a/1.png", {}), ("set/Test/a/1.png", {})) == ([0], [1])
    assert parts(("train/1.png", {}), ("val/1.png", {})) == ([0], [1])
    assert parts(("train/1.png", {}), ("val/1.png", {}), ("test/1.png", {})) == ([0, 1], [2])
    assert parts(("x.png", {"split": "test"}), ("test/y.png", {"split": "train"})) == ([1], [0])
    assert parts(("train/1.png", {}), ("extra/1.png", {}), ("test/1.png", {})) == ([0], [2])
    assert parts(("train/1.png", {}), ("b/test.png", {})) is None
    assert parts(("a/1.png", {})) is None


def test_auto_suits_the_catalogue() -> None:
    plain = catalogue([(f"a{i % 2}/{i}.png", {"label": f"a{i % 2}"}) for i in range(20)], "label")
    assert make_split(SOURCES["classes"]).protocol == "full"
    assert make_split(SOURCES["artworks"]).protocol == "art-seen"
    assert make_split(plain).protocol == "holdout"


def test_digest_tells_splits_apart_and_ignores_how_they_came_about() -> None:
    rows = np.arange(4)
    one = Split("full", "test", 0, rows[:2], rows[2:], rows[:2])
    assert one.digest == Split("full", "test", 9, rows[:2], rows[2:], rows[:2]).digest
    others = [
        Split("dsh", "test", 0, rows[:2], rows[2:], rows[:2]),
        Split("full", "validation", 0, rows[:2], rows[2:], rows[:2]),
        Split("full", "test", 0, rows[:3], rows[3:], rows[:2]),
        Split("full", "test", 0, rows[:2], rows[2:], rows[:1]),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 5


def test_rows_can_be_left_out() -> None:
    source = classes()
    split = make_split(source, "full")
    less = split.without(np.array([0, 5, 1000, 6999]))
    assert (len(less.train), len(less.query), len(less.database)) == (5998, 998, 5998)
    assert less.digest != split.digest
    assert split.without(np.array([], np.int64)).digest == split.digest
    assert not np.isin(validation_split(source, less).database, [1000, 6999]).any()


def test_numbers_of_labels() -> None:
    codes, names = number_labels(["b", None, "a", "b"])
    assert (codes.tolist(), names, codes.dtype) == ([1, -1, 0, 1], ["a", "b"], np.int64)


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("dsh", "expected a train and a test part in pictures"),
        ("full", "--data.protocol auto"),
        ("5k", "expected 600 pictures of each class, found 10 of 'a0'"),
        ("art-seen", "role creator"),
        ("art-disjoint", "role creator"),
    ],
)
def test_a_protocol_that_does_not_suit_says_why(protocol: str, words: str) -> None:
    plain = catalogue([(f"{i}.png", {"label": f"a{i % 2}"}) for i in range(20)], "label")
    with pytest.raises(InputError, match=words):
        make_split(plain, protocol)


def test_a_protocol_that_draws_nothing_is_refused() -> None:
    singles = catalogue([(f"{i}.png", {"label": str(i)}) for i in range(5)], "label")
    with pytest.raises(InputError, match="test split of protocol holdout, found 5, 0 and 5"):
        make_split(singles, "holdout")
    pairs = catalogue([(f"{i}.png", {"label": str(i // 2)}) for i in range(6)], "label")
    split = make_split(pairs, "holdout")
    with pytest.raises(InputError, match="validation split of protocol holdout, found 3, 0 and 3"):
        validation_split(pairs, split)


@pytest.mark.parametrize("protocol", ["holdout", "art-seen"])
def test_of_pictures_with_several_labels_a_share_of_all_that_carry_any_is_drawn(
    protocol: str,
) -> None:
    tags = [f"tag {i}; tag {(i * i) % 7}" for i in range(100)] + [" ; "] * 50
    source = catalogue([(f"{i}.png", {"tags": value}) for i, value in enumerate(tags)], "tags")
    given = {"field": "tags", "roles": {"creator": "tags"}, "sets": {"tags": ";"}}
    split = make_split(source, protocol, **given)
    assert (len(split.query), len(split.train)) == (15, 135)
    held = validation_split(source, split, **given)
    assert (len(held.query), len(held.train)) == (8, 127)
    assert (np.concatenate([split.query, held.query]) < 100).all()


def test_draws_stay_the_same_from_version_to_version() -> None:
    split = make_split(SOURCES["artworks"], "art-disjoint")
    assert split.digest.startswith("a2d1a073c5c5")
    assert make_split(SOURCES["classes"], "5k").digest.startswith("8b85ee7fa2ad")


def test_an_unknown_protocol_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean art-disjoint"):
        make_split(SOURCES["artworks"], "art-disjiont")


SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "cifar10" / "cifar10.tar.gz"


@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/data/cifar10 beside the checkout")
def test_the_shared_cifar10() -> None:
    from hashing.config import DataConfig
    from hashing.data import load_dataset

    source = load_dataset(DataConfig("cifar10", SHARED))
    split = make_split(source, "5k")
    assert (len(split.train), len(split.query), len(split.database)) == (5000, 1000, 54000)
    split = make_split(source, "full")
    assert (len(split.train), len(split.query), len(split.database)) == (50000, 10000, 50000)


@pytest.mark.parametrize("protocol", ["art-seen", "art-new", "art-disjoint"])
def test_any_columns_can_be_creator_and_group(protocol: str) -> None:
    """The same rows are drawn whatever the columns are called."""
    art = artworks()
    names = {"artist": "workshop", "style": "kind of thing"}
    items = [
        Item(i.id, i.path, {names[name]: value for name, value in i.fields.items()})
        for i in art.items
    ]
    things = Catalogue(Path("things"), items, dict.fromkeys(names.values(), str))
    roles = {"creator": "workshop", "group": "kind of thing"}
    one, other = make_split(art, protocol), make_split(things, protocol, roles=roles)
    assert one.digest == other.digest
    assert validation_split(art, one).digest == validation_split(things, other, roles=roles).digest
    with pytest.raises(InputError, match="expected a column of the role creator"):
        make_split(things, protocol)
