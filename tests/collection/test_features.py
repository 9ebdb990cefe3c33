"""A collection that keeps features: searched and measured by their distances."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from starlette.testclient import TestClient

from hashing.collection import Collection
from hashing.collection.request import Refine
from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model
from hashing.errors import UsageError
from hashing.models import HashModel, normalise, save_model
from hashing.search.features import DISTANCES
from hashing.service.api import create_app
from hashing.service.current import Current

COUNT = 14


def draw(folder: Path, count: int, seed: int = 0) -> None:
    """Pictures of two kinds, one of them twice, with a table."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 5, 5, 3), np.uint8)
    coarse[::2, ..., 0] //= 4
    coarse[9] = coarse[4]
    for number, pixels in enumerate(coarse):
        Image.fromarray(pixels).resize((96, 96)).save(folder / f"{seed}{number:02}.png")
    with (folder / "metadata.csv").open("w", newline="") as file:
        rows = [(path.name, "ab"[int(path.stem) % 2]) for path in sorted(folder.glob("*.png"))]
        csv.writer(file).writerows([("file", "kind"), *rows])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw(folder := tmp_path_factory.mktemp("features") / "pictures", COUNT)
    return folder


@pytest.fixture(scope="module")
def kept(folder: Path) -> Iterator[Collection]:
    with Collection.build(folder, "texture", folder.parent / "kept.index", features=True) as made:
        yield made


def described(folder: Path) -> NDArray[np.float64]:
    pictures = sorted(folder.glob("*.png"))
    features = Model.load("texture").features(pictures)
    return features.astype(np.float16).astype(np.float64)


def apart(rows: NDArray[np.float64], query: NDArray[np.float64], by: str) -> NDArray[np.float64]:
    if by == "cosine":
        return 1 - rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
    return np.linalg.norm(rows - query, ord=2 if by == "euclidean" else 1, axis=1)


@pytest.mark.parametrize("by", DISTANCES)
def test_search_ranks_as_numpy_does(
    kept: Collection, folder: Path, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = described(folder)
    assert kept.info.features == rows.shape[1]
    monkeypatch.setattr("hashing.collection.search.PART", 3 * rows.shape[1])  # three at a time
    for query in (4, 6):
        measured = apart(rows, rows[query], by).round(9)
        found = kept.search(sorted(folder.glob("*.png"))[query], k=COUNT, by=by)
        assert [hit.id for hit in found] == np.lexsort((np.arange(COUNT), measured)).tolist()
        far = [hit.measured for hit in found]
        np.testing.assert_allclose(far, np.sort(measured), atol=1e-7)
        assert found.similarity(found[0]) == 1
        similar = kept.similar(query, k=COUNT, by=by)
        assert [hit.id for hit in similar] == [hit.id for hit in found if hit.id != query]
    assert found.by == by
    assert str(found).startswith(by)


def test_filters_and_limits_hold_for_features(kept: Collection, folder: Path) -> None:
    found = kept.similar(4, k=COUNT, where="kind = 'b'", by="cosine")
    assert {hit.fields["kind"] for hit in found} == {"b"}
    nearest = found[0].measured
    assert nearest is not None
    within = kept.search(folder / "004.png", k=COUNT, max_distance=nearest, by="cosine")
    assert within.hits
    assert all((hit.measured or 0) <= nearest for hit in within)


def test_codes_are_the_same_with_features_and_without(kept: Collection, folder: Path) -> None:
    with Collection.build(folder, "texture", folder.parent / "plain.index") as plain:
        ids = plain.ids()
        assert plain.index.codes(ids).hex() == kept.index.codes(ids).hex()
        with pytest.raises(UsageError, match="build it with --features"):
            plain.similar(0, by="cosine")
        with pytest.raises(UsageError, match="build it with --features"):
            plain.evaluate(by=["cosine"])


def test_what_cannot_be_asked_by_features_is_said(kept: Collection) -> None:
    code = kept.index.codes([0]).hex()[0]
    with pytest.raises(UsageError, match="found a code"):
        kept.search(code, by="cosine")
    with pytest.raises(UsageError, match="neither rerank nor bits"):
        kept.search(code, by="cosine", bits=16)
    with pytest.raises(UsageError, match="hamming"):
        kept.search(code, by="hammering")


def test_the_api_searches_by_features(kept: Collection, folder: Path) -> None:
    with TestClient(create_app(Current(kept), page=False), base_url="http://localhost") as client:
        assert client.get("/api/v1/facets").json()["features"] == kept.info.features
        plain = {"diversity": 0, "fold": False, "by": "manhattan"}
        answer = client.get("/api/v1/items/4/similar", params=plain).json()
        expected = kept.similar(4, by="manhattan")
        assert answer["by"] == "manhattan"
        assert [hit["id"] for hit in answer["results"]] == [hit.id for hit in expected]
        first = answer["results"][0]
        assert first["measured"] == expected[0].measured == 0
        assert first["similarity"] == 1
        picture = {"picture": (folder / "006.png").read_bytes()}
        found = client.post("/api/v1/search", params=plain | {"max_distance": 0.5}, files=picture)
        assert [hit["id"] for hit in found.json()["results"]] == [6]
        code = client.post("/api/v1/search", params=plain, data={"code": expected.code})
        assert code.status_code == 422
        assert "found a code" in code.json()["error"]["message"]
        wrong = client.get("/api/v1/items/4/similar", params={"by": "cosinus"})
        assert wrong.status_code == 422


def test_features_count_beside_the_code(kept: Collection, folder: Path) -> None:
    rows = described(folder)
    near = 1 - np.array([apart(row[None], rows[4], "cosine")[0] for row in rows])
    codes = kept.index.codes(np.arange(COUNT))
    far = codes.distances(codes[4:5])[:, 0] / kept.info.bits
    others = [row for row in range(COUNT) if row != 4]
    expected = sorted(others, key=lambda row: 2 * far[row] - 0.5 * near[row])
    asked = Refine(COUNT, diversity=0, fold=False, features=0.5)
    found = [hit.id for hit in kept.answer(kept.stored(4), asked)]
    assert found == expected
    plain = [hit.id for hit in kept.answer(kept.stored(4), replace(asked, features=0))]
    assert found != plain
    with TestClient(create_app(Current(kept), page=False), base_url="http://localhost") as client:
        told = {"diversity": 0, "fold": False, "features": 0.5, "k": COUNT}
        answer = client.get("/api/v1/items/4/similar", params=told).json()
        assert [hit["id"] for hit in answer["results"]] == expected
    code = kept.query(kept.index.codes([4]))  # has no features: only the code counts
    assert [hit.id for hit in kept.answer(code, replace(asked, k=1))] == [4]
    with pytest.raises(UsageError, match="weight of features between 0 and 1"):
        Refine(features=2)


def test_what_comes_later_has_features_too(folder: Path) -> None:
    pictures = folder.parent / "growing"
    draw(pictures, 12)
    place = folder.parent / "growing.index"
    with Collection.build(pictures, "texture", place, features=True) as art:
        draw(pictures, 12, seed=1)
        (pictures / "copy.png").write_bytes((pictures / "004.png").read_bytes())
        assert len(art.sync().new) == 12
        one = (pictures / "102.png").read_bytes()
        (pictures / "104.png").rename(pictures / "moved.png")
        art.sync()
        added = art.add_picture(one, "shop/one.png", {})
        rows = art.index.features(art.ids())
        by_file = {item.file: row for item, row in zip(art.items(), rows, strict=True)}
        np.testing.assert_array_equal(by_file["copy.png"], by_file["004.png"])
        np.testing.assert_array_equal(by_file["shop/one.png"], by_file["102.png"])
        expected = Model.load("texture").features([pictures / "moved.png"]).astype(np.float16)
        np.testing.assert_array_equal(by_file["moved.png"], expected[0])
        assert art.similar(added, k=1, by="euclidean")[0].measured == 0


def test_an_interrupted_build_goes_on_as_it_began(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("hashing.collection.build._complete", fail)
        with pytest.raises(KeyboardInterrupt):
            Collection.build(folder, "texture", tmp_path / "a.index", features=True)
    with pytest.raises(UsageError, match="go on with --features"):
        Collection.build(folder, "texture", tmp_path / "a.index")
    with Collection.build(folder, "texture", tmp_path / "a.index", features=True) as done:
        assert done.info.unfinished is None


def test_evaluation_measures_each_distance(kept: Collection, folder: Path) -> None:
    found = kept.evaluate(["kind"], by=list(DISTANCES))
    rows, kinds = described(folder), [item.fields["kind"] for item in kept.items()]
    contents = [item.content for item in kept.items()]
    for by in DISTANCES:
        first = []
        for query in range(COUNT):
            measured = apart(rows, rows[query], by)
            others = [i for i in range(COUNT) if contents[i] != contents[query]]
            best = min(others, key=lambda i: measured[i])
            first.append(kinds[best] == kinds[query])
        assert found.results[f"features, {by}"].precision_at[1] == pytest.approx(np.mean(first))
    outside = kept.evaluate(["kind"], images=folder, by=["cosine"])
    inside = found.results["features, cosine"].mean_average_precision
    assert outside.results["features, cosine"].mean_average_precision == pytest.approx(inside)


def test_a_network_gives_the_same_codes_from_its_features(small_model: Model) -> None:
    squares = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    features = small_model.features_of(squares)
    assert features.shape == (5, small_model.width)
    np.testing.assert_array_equal(small_model.logits_from(features), small_model.logits_of(squares))


def whitening() -> HashModel:
    config = ModelConfig("small_cnn", lengths=(16,), batchnorm=False, whiten=8)
    network = HashModel(config, Preprocessing(size=32)).eval()
    network.whiten(torch.randn(8, network.channels), torch.randn(8))
    return network


def test_a_network_that_whitens_keeps_whitened_features() -> None:
    network = whitening()
    assert network.whitening is not None
    squares = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    with torch.inference_mode():
        pooled = network.features(normalise(torch.from_numpy(squares), network.preprocessing))
        expected = pooled @ network.whitening.weight.T + network.whitening.bias
    model = Model(network)
    found = model.features_of(squares)
    assert model.width == 8
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(model.logits_from(found), model.logits_of(squares))


def test_an_index_that_keeps_pooled_features_of_a_whitening_model_goes_on(
    folder: Path, tmp_path: Path
) -> None:
    save_model(whitening(), tmp_path / "model")
    model = Model.load(tmp_path / "model")
    before = model.with_features(model.network.channels)  # as all were until they were whitened
    place = tmp_path / "old.index"
    Collection.build(folder, before, place, features=True).close()
    with Collection.open(place) as old:
        assert old.info.features == model.network.channels != model.width
        picture = folder / "004.png"
        assert old.search(picture, k=1, by="cosine")[0].id == 4
        answer = old.answer(old.query(picture), Refine(3, features=1.0, fold=False))
        assert answer.hits[0].id == 4
        assert old.index.codes([4]).hex() == model.encode([picture]).hex()
        added = old.add_picture(picture.read_bytes(), "again.png", {})
        np.testing.assert_array_equal(*old.index.features([4, added]))


@pytest.fixture
def small_model() -> Model:
    config = ModelConfig("small_cnn", lengths=(16,), batchnorm=False)
    return Model(HashModel(config, Preprocessing(size=32)))


def test_palettes_are_those_of_what_was_decoded(
    kept: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(kept.index), "preview", None)  # nothing is looked at again
    pixel = np.asarray(Image.open(folder / "003.png"))[48, 48]
    found = kept.colours([bytes(pixel.tolist()).hex()])
    assert 3 in found
