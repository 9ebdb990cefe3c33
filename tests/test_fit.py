import hashlib
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hashing import functions, places
from hashing.cli.console import run
from hashing.cli.index import main
from hashing.codes import Codes
from hashing.collection import Collection
from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model
from hashing.errors import InputError, UsageError
from hashing.fit import fit, fit_pictures, linear_hash, save_fit
from hashing.models import HashModel, load_model, read_manifest, save_model
from hashing.sources import Catalogue, read_catalogue

SMALL = ModelConfig("small_cnn", lengths=(8, 16))
SIZE_32 = Preprocessing(size=32)
LENGTHS = (16, 32, 64)


@pytest.fixture(scope="module")
def features() -> NDArray[np.float32]:
    """600 vectors of 100 dimensions whose variance falls off as that of a network's features."""
    random = np.random.default_rng(0)
    clusters = random.standard_normal((40, 100))[random.integers(0, 40, 600)]
    values = (clusters + random.standard_normal((600, 100))) / np.sqrt(1 + np.arange(100))
    mixed = values @ np.linalg.qr(random.standard_normal((100, 100)))[0] + 3
    return mixed.astype(np.float32)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for n in range(20):
        coarse = random.integers(0, 256, (5, 5, 3), np.uint8)
        Image.fromarray(coarse).resize((40, 36)).save(folder / f"{n:02}.png")
    return read_catalogue(folder)


def logits(
    features: NDArray[np.float32], method: str, lengths: tuple[int, ...]
) -> NDArray[np.float64]:
    weight, bias = linear_hash(features, lengths, method)  # type: ignore[arg-type]
    return features @ weight.T + bias


def recall(features: NDArray[np.float32], codes: NDArray[np.bool_]) -> float:
    """Share of each vector's 10 nearest among the 50 nearest codes."""
    signs = np.where(codes, 1, -1)
    by_code = np.argsort(-(signs @ signs.T), axis=1, kind="stable")[:, 1:51]
    squares = (features**2).sum(1)
    by_value = np.argsort(squares - 2 * features @ features.T, axis=1)[:, 1:11]
    pairs = zip(by_code, by_value, strict=True)
    return float(np.mean([np.isin(near, found).mean() for found, near in pairs]))


def test_pca_by_singular_values(features: NDArray[np.float32]) -> None:
    found = logits(features, "pca", LENGTHS)
    centred = features - features.mean(0, dtype=np.float64)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(found), np.abs(left * values)[:, :64], atol=1e-4)


def test_fewer_pictures_than_features(features: NDArray[np.float32]) -> None:
    few = features[:70]
    weight, bias = linear_hash(few, (64,), "pca")
    variances, vectors = np.linalg.eigh(np.cov(few.T.astype(np.float64)))
    np.testing.assert_allclose(np.abs(weight), np.abs(vectors[:, ::-1][:, :64].T), atol=1e-4)
    np.testing.assert_allclose((few @ weight.T + bias).var(0, ddof=1), variances[::-1][:64], 1e-3)


def test_itq_loses_less_than_pca(features: NDArray[np.float32]) -> None:
    def loss(method: str) -> float:
        found = logits(features, method, (32,))
        return float(((np.sign(found) - found / found.std()) ** 2).mean())

    assert loss("itq") < 0.8 * loss("pca")


def test_itq_of_one_length_is_a_rotation_of_pca(features: NDArray[np.float32]) -> None:
    pca, itq = (linear_hash(features, (32,), method)[0] for method in ("pca", "itq"))  # type: ignore[arg-type]
    np.testing.assert_allclose(itq @ itq.T, np.eye(32), atol=1e-9)
    np.testing.assert_allclose(itq.T @ itq, pca.T @ pca, atol=1e-9)


def test_a_prefix_is_the_code_fitted_for_its_length(features: NDArray[np.float32]) -> None:
    nested, alone = linear_hash(features, LENGTHS, "itq"), linear_hash(features, (16,), "itq")
    np.testing.assert_array_equal(nested[0][:16], alone[0])


@pytest.mark.parametrize("length", [32, 64])
def test_every_length_is_nearly_as_good_as_alone(
    features: NDArray[np.float32], length: int
) -> None:
    nested = logits(features, "itq", LENGTHS)
    alone = logits(features, "itq", (length,))
    assert recall(features, nested[:, :length] >= 0) > 0.95 * recall(features, alone >= 0)
    assert recall(features, nested[:, :length] >= 0) > recall(
        features, nested[:, : length // 2] >= 0
    )


def test_bits_are_balanced(features: NDArray[np.float32]) -> None:
    share = (logits(features, "itq", LENGTHS) >= 0).mean(0)
    assert abs(share - 0.5).max() < 0.15


@pytest.mark.parametrize("method", ["itq", "pca"])
def test_a_fitted_model_is_an_ordinary_folder(
    catalogue: Catalogue, tmp_path: Path, method: str
) -> None:
    fitted = fit(SMALL, SIZE_32, catalogue, method=method)  # type: ignore[arg-type]
    save_fit(fitted, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.lengths == (8, 16)
    assert not loaded.config.batchnorm
    squares = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), np.uint8)
    np.testing.assert_allclose(
        Model(loaded).logits_of(squares), Model(fitted.model).logits_of(squares), atol=1e-6
    )
    digests = b"".join(hashlib.sha256(catalogue.read(i)).digest() for i in catalogue.items)
    assert read_manifest(tmp_path / "model").extra["fit"] == {
        "method": method,
        "pictures": 20,
        "digest": hashlib.sha256(digests).hexdigest(),
    }
    card = (tmp_path / "model" / "README.md").read_text()
    assert fitted.digest in card
    assert "| 20, without labels |" in card


def test_pictures_of_the_fit_get_different_balanced_codes(catalogue: Catalogue) -> None:
    encoder = Model(fit(SMALL, SIZE_32, catalogue).model)
    images = [Image.open(catalogue.root / item.path) for item in catalogue.items]
    codes, found = encoder.encode(images), encoder.logits(images)
    assert len(set(codes.hex())) > 15
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-4)


def test_a_seed_decides(catalogue: Catalogue) -> None:
    def codes(seed: int) -> list[str]:
        model = fit(SMALL, SIZE_32, catalogue, seed=seed, workers=2).model
        squares = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), np.uint8)
        return Codes.from_logits(Model(model).logits_of(squares)).hex()

    assert codes(0) == codes(0)
    assert codes(0) != codes(1)


def test_fewer_pictures_than_bits(catalogue: Catalogue) -> None:
    config = ModelConfig("small_cnn", lengths=(24,))
    with pytest.raises(InputError, match="as many pictures as bits, 24, found 20"):
        fit(config, SIZE_32, catalogue)


def test_more_bits_than_features(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="at most 500 bits"):
        fit(ModelConfig("small_cnn", lengths=(512,)), SIZE_32, catalogue)


def test_a_broken_picture_is_left_out(catalogue: Catalogue) -> None:
    before = fit(SMALL, SIZE_32, catalogue)
    (catalogue.root / "99.png").write_bytes(b"broken")
    seen: list[int] = []
    after = fit(SMALL, SIZE_32, read_catalogue(catalogue.root), on_progress=seen.append)
    assert [item.path for item, _ in after.failures] == ["99.png"]
    assert (after.pictures, after.digest) == (20, before.digest)
    assert sum(seen) == 21


def test_of_many_pictures_a_part_is_used(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("hashing.fit"), "MAX_PICTURES", 17)
    assert fit(SMALL, SIZE_32, catalogue).pictures == 17


def test_the_command(
    catalogue: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = fit(SMALL, SIZE_32, catalogue).model
    save_model(first, tmp_path / "other")
    arguments = ["fit", "--images", str(catalogue.root), "--weights", str(tmp_path / "other")]
    arguments += ["--bits", "16", "--out", str(tmp_path / "model"), "--json"]
    assert run(main, arguments) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["pictures"] == 20
    assert json.loads(output.out)["distinct"] > 15
    assert "warning" not in output.err
    model = load_model(tmp_path / "model")
    assert (model.config.backbone, model.lengths) == ("small_cnn", (16,))
    assert model.preprocessing == SIZE_32
    assert run(main, arguments) == 2
    assert "exists already" in capsys.readouterr().err


def test_few_distinct_codes_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    random = np.random.default_rng(0)
    for n in range(20):
        shade = random.integers(0, 256, 3, np.uint8) if n < 6 else (9, 9, 9)
        Image.new("RGB", (40, 40), tuple(int(value) for value in shade)).save(
            pictures / f"{n:02}.png"
        )
    arguments = ["fit", "--images", str(pictures), "--backbone", "small_cnn", "--weights", "none"]
    arguments += ["--bits", "16", "--size", "32", "--out", str(tmp_path / "model"), "--json"]
    assert run(main, arguments) == 0
    output = capsys.readouterr()
    distinct = json.loads(output.out)["distinct"]
    assert 1 < distinct <= 7
    (warning,) = [line for line in output.err.splitlines() if line.startswith("warning: ")]
    assert f"only {distinct} distinct codes of 20 pictures" in warning
    assert "--weights" in warning


def test_a_model_of_timm_is_fitted_with_its_own_preprocessing(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    pictures, out = str(catalogue.root), tmp_path / "model"
    network = ["--backbone", "timm:test_convnext", "--weights", "none", "--bits", "16"]
    assert run(main, ["fit", "--images", pictures, "--out", str(out), *network]) == 0
    model = load_model(out)
    assert model.config.backbone == "timm:test_convnext"
    assert (model.preprocessing.size, model.preprocessing.mean) == (160, (0.5, 0.5, 0.5))


def test_another_models_head_is_left_behind(catalogue: Catalogue, tmp_path: Path) -> None:
    config = ModelConfig("small_cnn", lengths=(8,), whiten=16, head="mlp", dropout=0.1)
    save_model(HashModel(config, SIZE_32), tmp_path / "trained")
    start = ["--weights", str(tmp_path / "trained"), "--bits", "8"]
    out = ["--out", str(tmp_path / "model")]
    assert run(main, ["fit", "--images", str(catalogue.root), *start, *out]) == 0
    found = load_model(tmp_path / "model").config
    assert (found.backbone, found.whiten, found.head) == ("small_cnn", 0, "linear")


def test_a_strangers_network_is_code_only_where_it_is_allowed(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, ran = tmp_path / "stranger", tmp_path / "ran"
    save_model(HashModel(SMALL, SIZE_32), folder)
    told = json.loads((folder / "config.json").read_text())
    told["model"]["backbone"] = "strange_nets:net"
    (folder / "config.json").write_text(json.dumps(told))
    (tmp_path / "strange_nets.py").write_text(f"open({str(ran)!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="ARTHASH_PLUGINS=strange_nets"):
        fit_pictures(catalogue.root, weights="stranger", bits=16)
    assert not ran.exists()
    found = fit_pictures(catalogue.root, backbone="small_cnn", weights="stranger", bits=16)
    assert found.model.config.backbone == "small_cnn"


def test_weights_are_a_word_before_they_are_a_folder(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none").mkdir()
    found = fit_pictures(catalogue.root, backbone="small_cnn", weights="none", bits=16, size=32)
    assert found.model.config.weights == "none"


def test_a_released_model_is_found_from_any_folder(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(HashModel(SMALL, SIZE_32), tmp_path / "small")
    monkeypatch.setattr(places, "released", {"mine": tmp_path / "small"}.get)
    found = fit_pictures(catalogue.root, weights="checkpoints/mine", bits=16).model
    assert (found.config.backbone, found.preprocessing) == ("small_cnn", SIZE_32)


@pytest.mark.parametrize("bits", [12, 36])
def test_codes_of_other_lengths_than_bytes_are_indexed(tmp_path: Path, bits: int) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(40):
        pixels = random.integers(0, 256, (4, 4, 3), np.uint8)
        Image.fromarray(pixels).resize((40, 40)).save(folder / f"{number:02}.png")
    save_model(HashModel(ModelConfig("small_cnn", lengths=(64,)), SIZE_32).eval(), tmp_path / "w")
    model = functions.fit(folder, bits=bits, weights=str(tmp_path / "w"), out=tmp_path / "model")
    assert model.network.bits == bits
    with Collection.build(folder, tmp_path / "model", tmp_path / "c.index") as made:
        found = made.search(folder / "07.png", k=3)
        assert (found[0].id, found[0].distance) == (7, 0)
        assert max(hit.distance for hit in made.search(folder / "07.png", k=40)) <= bits
        assert made.index.verify() == []
