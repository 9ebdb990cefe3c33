"""One collection from its building to its end, without a command line and without a server."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hashing.codes import Codes
from hashing.collection import Collection
from hashing.collection.choices import recall_choices
from hashing.collection.compare import compare
from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model
from hashing.errors import ArtefactError, ImageError, InputError, UsageError
from hashing.filters import equals
from hashing.models import HashModel, save_model
from hashing.store import is_index
from tests.store.servers import PostgresServer


def network(seed: int) -> HashModel:
    torch.manual_seed(seed)
    return HashModel(ModelConfig("small_cnn", lengths=(16, 32)), Preprocessing(size=32)).eval()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    lines = ["file,brand,price"]
    for number in range(12):
        pixels = rng.integers(0, 256, (4 + number, 4, 3), np.uint8)
        Image.fromarray(pixels).resize((40, 40)).save(folder / f"{number:02}.png")
        lines.append(f"{number:02}.png,{'AB'[number % 2]},{10 * number}")
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def shop(pictures: Path, tmp_path: Path) -> Iterator[Collection]:
    with Collection.build(pictures, Model(network(0)), tmp_path / "shop.index") as collection:
        yield collection


def test_what_is_known_of_it(shop: Collection, pictures: Path) -> None:
    assert len(shop) == 12
    assert shop.info.columns == {"brand": str, "price": int}
    assert "12 items, 32 bits" in repr(shop)
    assert shop.outcome is not None
    assert (shop.outcome.added, shop.outcome.broken) == (12, [])
    assert "<td>added</td><td>12</td>" in shop.outcome._repr_html_()
    assert "already there" in str(shop.outcome)
    assert [item.fields["price"] for item in shop.items([3, 1])] == [30, 10]
    assert shop.ids(where="price >= 100").tolist() == [10, 11]
    assert shop.map()["id"].tolist() == list(range(12))
    assert shop.model.folder == Path(shop.info.location) / "model"


def test_a_query_may_be_a_picture_or_a_code(shop: Collection, pictures: Path) -> None:
    path = pictures / "05.png"
    code = shop.index.codes([5])
    expected = [(hit.id, hit.distance) for hit in shop.search(code, k=12)]
    assert expected == sorted(expected, key=lambda hit: (hit[1], hit[0]))
    queries = (path, str(path), path.read_bytes(), Image.open(path), code.hex()[0])
    for query in queries:
        assert [(hit.id, hit.distance) for hit in shop.search(query, k=12)] == expected
    with pytest.raises(UsageError, match="expected one code, found 2"):
        shop.search(shop.index.codes([1, 2]))
    with pytest.raises(ImageError, match="none"):
        shop.search("none.png")
    with pytest.raises(UsageError, match="k of at least 1"):
        shop.search(code, k=0)


def test_search_is_narrowed_shortened_and_ordered_anew(shop: Collection, pictures: Path) -> None:
    path = pictures / "05.png"
    kept = {hit.id for hit in shop.search(path, k=12, where="brand = 'A'")}
    assert kept == {0, 2, 4, 6, 8, 10}
    assert {hit.id for hit in shop.search(path, k=12, where=equals("brand", "A"))} == kept
    short = shop.search(path, k=12, bits=16)
    codes = shop.index.codes([hit.id for hit in short]).prefix(16)
    distances = codes.distances(shop.index.codes([5]).prefix(16))[:, 0]
    assert [hit.distance for hit in short] == distances.tolist()
    near = shop.search(path, k=12, max_distance=8)
    assert [hit.id for hit in near] == [h.id for h in shop.search(path, k=12) if h.distance <= 8]
    logits = shop.model.logits([path])[0]
    scores = shop.index.codes(range(12)).signs() @ logits
    ranked = [hit.id for hit in shop.search(path, k=12, rerank=12)]
    assert ranked == np.argsort(-scores, kind="stable").tolist()
    with pytest.raises(UsageError, match="rerank at least"):
        shop.search(path, k=5, rerank=3)
    with pytest.raises(UsageError, match="colour"):
        shop.search(path, where="colour = 'red'")


def test_likes_may_be_ids_of_any_kind_and_codes(shop: Collection) -> None:
    liked = shop.recommend(like=[3, 7], k=5)
    assert not {3, 7} & {hit.id for hit in liked}
    numbers = shop.recommend(like=list(np.array([3, 7])), k=5)
    assert [hit.id for hit in numbers] == [hit.id for hit in liked]
    array = shop.recommend(like=shop.ids()[[3, 7]], dislike=shop.ids()[:0], k=5)
    assert [hit.id for hit in array] == [hit.id for hit in liked]
    with pytest.raises(UsageError, match="work 3, found both"):
        shop.taste(np.array([3, 7]), np.array([3]))
    code = shop.index.codes([3]).hex()[0]
    assert 3 in {hit.id for hit in shop.recommend(like=[code], k=12)}


def test_a_text_is_a_list_of_one(shop: Collection, pictures: Path, tmp_path: Path) -> None:
    model = Model(network(0))
    for number, given in enumerate((str, lambda text: [text])):
        exclude, exif, cosine = map(given, ("0*.png", "date", "cosine"))
        choice = {"exclude": exclude, "exif": exif, "features": True}
        with Collection.build(pictures, model, tmp_path / f"{number}", **choice) as some:
            assert [item.file for item in some.items()] == ["10.png", "11.png"]
            assert recall_choices(some.index).said() == {"exclude": ["0*.png"], "exif": ["date"]}
            assert "features, cosine" in some.evaluate(["brand"], by=cosine).results
            assert some.add(pictures, exclude=exclude).already == 2
            compared = compare([some], pictures / "10.png", by=cosine)
            assert [name.rpartition(" ")[2] for name, _ in compared.rankings] == ["cosine"]
        assert shop.sync(exclude=given("1*.png"), dry_run=True).deleted == ["10.png", "11.png"]
        assert list(shop.evaluate(given("brand")).labels) == ["brand"]
        assert list(shop.evaluate(sets=given("brand")).labels) == ["brand"]
        grey, picture = given("808080"), pictures / "03.png"
        kept = shop.colours(grey).tolist()
        assert sorted(hit.id for hit in shop.search(picture, k=12, palette=grey)) == sorted(kept)
        assert len(kept) < len(shop.colours(grey, every=True)) == len(shop)
        code = given(shop.index.codes([3]).hex()[0])
        assert shop.recommend(code, k=12)[0].id == 3


def test_pictures_come_and_go(shop: Collection, pictures: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (200, 10, 10)).save(tmp_path / "new.png")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"broken\.jpg"):
        shop.add(tmp_path, strict=True)
    found = shop.add(tmp_path)
    assert (found.added, len(found.broken), len(shop)) == (1, 1, 13)
    assert shop.add(tmp_path).already == 1
    assert shop.remove([0, 1, 99]) == 2
    assert shop.remove(where="price > 80") == 3
    assert len(shop) == 8
    assert shop.remove([], where=None) == 0
    shop.compact()
    assert shop.map()["id"].tolist() == shop.ids().tolist()


def test_a_column_may_be_called_as_files_are(shop: Collection, pictures: Path) -> None:
    shop.index.change(shop.items([1]), {"file": str})
    picture = (pictures / "01.png").read_bytes()
    with Collection.open(shop.info.location) as art:
        new = art.add_picture(picture, "new.png", {"file": "another"})
        assert new == art.add_picture(picture, "new.png", {}) == 12
        assert art.item(new).file == "new.png"


def test_another_model_is_refused_when_it_is_needed(shop: Collection, pictures: Path) -> None:
    location = shop.info.location
    with Collection.open(location, model=Model(network(1))) as other:
        assert len(other.similar(3, k=2)) == 2  # no model needed
        with pytest.raises(ArtefactError, match="was made with the model"):
            other.search(pictures / "03.png")
    with pytest.raises(UsageError, match="exists already"):
        Collection.build(pictures, Model(network(0)), location)


def test_another_reader_sees_changes_when_it_looks(shop: Collection) -> None:
    with Collection.open(shop.info.location) as other:
        shop.remove([0])
        assert (len(other), other.refresh(), len(other), other.refresh()) == (12, True, 11, False)


def test_roles_are_chosen_when_it_is_built(pictures: Path, tmp_path: Path) -> None:
    save_model(network(0), tmp_path / "model")
    roles = {"group": "price"}
    with Collection.build(
        pictures, str(tmp_path / "model"), tmp_path / "a.index", roles=roles
    ) as shop:
        assert shop.info.roles == {"group": "price", "creator": "brand"}
    with pytest.raises(UsageError, match="unknown column"):
        Collection.build(pictures, tmp_path / "model", tmp_path / "b.index", roles={"year": "age"})


def test_nothing_is_left_of_a_build_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="none of 1 pictures can be read"):
        Collection.build(tmp_path / "source", Model(network(0)), tmp_path / "a.index")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_nothing_is_left_of_it_on_a_server_either(server: PostgresServer, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.jpg").write_bytes(b"no picture")
    save_model(network(0), tmp_path / "model")
    with pytest.raises(InputError, match="none of 1 pictures can be read"):
        Collection.build(tmp_path / "source", tmp_path / "model", server.url("empty"))
    assert not is_index(server.url("empty"))
    assert (tmp_path / "model").is_dir()


def test_an_evaluation_shows_itself(shop: Collection, pictures: Path) -> None:
    found = shop.evaluate(labels=["brand"])
    assert (found.queries, found.database) == (12, 12)
    assert "12 queries, 12 items, relevant by brand" in str(found)
    assert found._repr_html_().count("<table>") == len(found.tables())
    outside = shop.evaluate(labels=["brand"], images=pictures)
    assert outside.recommendation is None
    assert list(outside.results)[:2] == list(found.results)
    with pytest.raises(InputError, match="colour"):
        shop.evaluate(labels=["colour"])


@pytest.mark.parametrize("rerank", [-4, 0])
def test_an_evaluation_reranks_something(shop: Collection, rerank: int) -> None:
    with pytest.raises(UsageError, match=f"at least 1 .* found {rerank}"):
        shop.evaluate(images="not read before", rerank=rerank)


def test_an_item_is_explained_by_an_id_of_any_kind(shop: Collection) -> None:
    found = shop.explain(3, 5)
    numpy = shop.explain(3, shop.ids()[5])
    np.testing.assert_array_equal(found.query, numpy.query)
    np.testing.assert_array_equal(found.query, shop.index.codes([5]).unpacked()[0])


def test_an_answer_is_read_like_a_list(shop: Collection) -> None:
    found = shop.similar(3, k=4)
    assert [hit.file for hit in found] == [shop.item(hit.id).file for hit in found]
    assert found[0] == next(iter(found)) == found.hits[0]
    assert str(found).count("\n") == 4
    assert found.code is not None
    assert Codes.from_hex([found.code], 32).distances(shop.index.codes([3]))[0, 0] == 0


def test_numbers_that_are_not_whole_are_refused(shop: Collection) -> None:
    code = shop.opened.code(1)
    for wrong in ({"k": 2.5}, {"k": True}, {"max_distance": 1.5}, {"bits": 32.0}):
        name, value = next(iter(wrong.items()))
        with pytest.raises(UsageError, match=f"expected a whole number for {name}, found {value}"):
            shop.search(code, **wrong)  # type: ignore[arg-type]
    assert len(shop.search(code, k=np.int64(2))) == 2  # type: ignore[arg-type]
