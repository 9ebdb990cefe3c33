"""The package's face: a few names, loaded late, whose documentation runs."""

import contextlib
import doctest
import inspect
import itertools
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from PIL import Image

import hashing as ah
from hashing.collection.parts import Look
from hashing.collection.request import Refine
from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ImageError, UsageError
from hashing.models import HashModel, save_model

ROOT = Path(__file__).parent.parent
COUNT = 40
STYLES = ("Red School", "Green School")


def draw(folder: Path) -> None:
    """Noise on red or green ground, a table of works beside it, some pictures to ask with."""
    (folder / "pictures").mkdir()
    rng = np.random.default_rng(0)
    lines = ["file,title,artist,style,year"]
    for number in range(COUNT):
        pixels = rng.integers(0, 120, (5, 5, 3), np.uint8)
        pixels[..., number % 2] += 120
        Image.fromarray(pixels).resize((48, 48)).save(folder / "pictures" / f"{number:02}.png")
        style = STYLES[number % 2]
        lines.append(f"{number:02}.png,Work {number},Painter {number % 4},{style},{1890 + number}")
    (folder / "works.csv").write_text("\n".join(lines), encoding="utf-8")
    for place, name in enumerate(("a", "b", "query")):
        Image.open(folder / "pictures" / f"{place:02}.png").save(folder / f"{name}.jpg")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as somebody has it who begins: pictures, a table, a small model."""
    folder = tmp_path_factory.mktemp("desk")
    draw(folder)
    torch.manual_seed(0)
    network = HashModel(ModelConfig("small_cnn", lengths=(16, 32, 64)), Preprocessing(size=32))
    save_model(network, folder / "checkpoints" / "artworks-lite")
    return folder


def ten_lines() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return block


def test_the_ten_lines_run_as_written(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    rng = np.random.default_rng(0)
    database, labels_db = rng.normal(size=(50, 64)), list("abcde") * 10
    names = {
        "pil_image": Image.open("b.jpg"),
        "array": np.asarray(Image.open("a.jpg")),
        "database": database,
        "labels": ["a", "b", float("nan")],
        "labels_db": labels_db,
    }
    exec(compile(ten_lines(), "README.md", "exec"), names)
    codes, art = names["codes"], names["art"]
    assert (len(codes), codes.bits) == (3, 64)
    assert codes.distances(codes)[0, 2] <= 1  # the same picture from a file and as an array
    found = names["found"]
    assert len(found) == 10
    assert all(hit.fields["year"] > 1900 for hit in found)
    assert [hit.distance for hit in found] == sorted(hit.distance for hit in found)
    assert found._repr_html_().count("data:image/jpeg;base64,/9j/") == 10
    liked = names["liked"]
    assert len(liked) == 20
    assert not {3, 17} & {hit.id for hit in liked}
    score = names["score"]
    assert score.labels == ["style", "artist"]
    assert "nDCG@10" in score._repr_html_()
    assert names["flat"].ids.shape == (3, 10)
    assert 0 < names["table"].mean_average_precision < 1
    assert names["table"].without_relevant == 1
    art.close()
    assert "Work" in found._repr_html_()  # an answer outlives its collection


def test_a_model_of_ones_own_pictures(desk: Path, tmp_path: Path) -> None:
    arguments = {"bits": 16, "backbone": "small_cnn", "weights": "none", "size": 32}
    model = ah.fit(desk / "pictures", **arguments)
    assert model.folder is None
    with ah.Collection.build(desk / "pictures", model, tmp_path / "art.index") as art:
        assert art.info.lengths == (16,)
    with ah.Collection.open(tmp_path / "art.index") as art:  # the index has kept the model
        assert art.search(desk / "pictures" / "03.png", k=1)[0].distance == 0
        assert art.model.fingerprint == model.fingerprint
    saved = ah.fit(desk / "pictures", out=tmp_path / "model", **arguments)
    assert ah.Model.load(tmp_path / "model").fingerprint == saved.fingerprint == model.fingerprint
    with pytest.raises(UsageError, match="exists already"):
        ah.fit(desk / "pictures", out=tmp_path / "model", **arguments)


def test_a_model_by_a_recipe(tmp_path: Path) -> None:
    settings = {
        "data.count": 240,
        "model.backbone": "small_cnn",
        "preprocessing.size": 32,
        "train.epochs": 1,
    }
    model = ah.train("demo", data=tmp_path / "data", out=tmp_path / "run", settings=settings)
    assert model.folder == tmp_path / "run" / "model"
    assert model.network.config.backbone == "small_cnn"
    with pytest.raises(UsageError, match=r"did you mean train\.epochs"):
        ah.train("demo", settings={"train.epoch": 3})
    with pytest.raises(UsageError, match="expected a recipe"):
        ah.train("demos")


def test_pictures_come_in_any_form(desk: Path) -> None:
    model = ah.Model.load(desk / "checkpoints" / "artworks-lite", device="cpu")
    path = desk / "pictures" / "05.png"
    image = Image.open(path)
    forms = [path, str(path), path.read_bytes(), image, np.asarray(image)]
    codes = model.encode(forms)
    assert len(set(codes.hex())) == 1
    np.testing.assert_array_equal(codes.packed, ah.Codes.from_logits(model.logits(forms)).packed)
    grey = np.asarray(image.convert("L"))
    assert len(model.encode([grey])) == 1
    for wrong in (np.zeros((48, 48, 3)), np.zeros((48, 48, 7), np.uint8), desk / "none.jpg"):
        with pytest.raises(ImageError):
            model.encode([wrong])


@pytest.mark.parametrize("bits", [12, 264, 512])
@pytest.mark.parametrize("engine", ["scan", "reference", "faiss"])
def test_codes_of_any_length_are_searched(engine: str, bits: int) -> None:
    if engine == "faiss":
        pytest.importorskip("faiss", reason="faiss-cpu is not installed")
    codes = ah.Codes.from_logits(np.random.default_rng(0).standard_normal((5, bits)))
    found = ah.search(codes, codes, 3, max_distance=0, engine=engine)
    assert found.ids.tolist() == [[row, -1, -1] for row in range(5)]
    assert found.distances.tolist() == [[0, bits + 1, bits + 1]] * 5
    assert found.distances.dtype == np.int32
    short = ah.search(codes, codes, 5, bits=10, engine=engine)
    expected = codes.prefix(10).distances(codes.prefix(10))
    assert short.ids.tolist() == np.argsort(expected, axis=1, kind="stable").tolist()
    assert short.distances.tolist() == np.sort(expected, axis=1).tolist()
    with pytest.raises(UsageError, match=f"at most {bits} bits"):
        ah.search(codes, codes, bits=bits + 4, engine=engine)


def test_labels_that_are_missing_match_nothing() -> None:
    codes = ah.Codes.from_hex(["00", "01", "07", "ff"], 8)
    for missing in (None, float("nan"), np.nan):
        found = ah.evaluate(codes, ["a", "a", missing, missing], ks=[1])
        assert found.without_relevant == 2
    numbers = ah.evaluate(codes, np.array([1.0, 1.0, np.nan, np.nan]), ks=[1])
    assert numbers == found


PLAIN = [1, 1, 2, 3]
ROWS = np.array([[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    "labels",
    [
        np.array(PLAIN),
        list(np.array(PLAIN)),
        torch.tensor(PLAIN),
        list(torch.tensor(PLAIN)),
        ["a", "a", "b", "c"],
        np.array(["a", "a", "b", "c"]),
        [{1}, [1], frozenset({2}), {3}],
        [{1, None}, {1, float("nan")}, {2, float("nan")}, {np.int64(3)}],
        [set(torch.tensor([label])) for label in PLAIN],
        ROWS,
        ROWS == 1,
        torch.tensor(ROWS).float(),
    ],
    ids=lambda labels: type(labels).__name__,
)
def test_labels_of_any_form_mean_the_same(labels: Any) -> None:
    codes = ah.Codes.from_hex(["00", "01", "07", "ff"], 8)
    assert ah.evaluate(codes, labels, ks=[1]) == ah.evaluate(codes, PLAIN, ks=[1])


def test_labels_of_a_data_frame_are_those_of_lists() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    codes = ah.Codes.from_hex(["00", "01", "07", "ff"], 8)
    assert ah.evaluate(codes, pandas.DataFrame(ROWS)) == ah.evaluate(codes, PLAIN)
    with pytest.raises(UsageError, match="0 and 1 of each"):
        ah.evaluate(codes, pandas.DataFrame({"style": ["a", "b"] * 2, "artist": list("wxyz")}))
    for kind, values in (("Int64", [1, 1, None, None]), ("string", ["a", "a", None, None])):
        found = ah.evaluate(codes, pandas.Series(values, dtype=kind))
        assert found == ah.evaluate(codes, values)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(PLAIN)[:, None],
        2 * ROWS - 1,
        ROWS / 2,
        ROWS[None],
        np.array([["a"], ["a"], ["b"], ["c"]]),
        np.array([["a", "x"], ["a", "x"], ["b", "x"], ["c", "x"]]),
        list(ROWS),
        [[[1]], [[1]], [[2]], [[3]]],
        [{1}, 1, 2, 3],
        [["cat"], "cat", "dog", "tree"],
    ],
    ids=str,
)
def test_labels_of_no_known_form_are_refused(labels: Any) -> None:
    codes = ah.Codes.from_hex(["00", "01", "07", "ff"], 8)
    with pytest.raises(UsageError, match="expected"):
        ah.evaluate(codes, labels, ks=[1])


def test_items_of_very_many_labels_are_graded() -> None:
    codes = ah.Codes.from_hex(["00", "01", "07", "ff"], 8)

    def measured(tags: set[int], others: set[int]) -> dict[int, float]:
        return ah.evaluate(codes, [tags, {1}, {1, 2}, others], ks=[1, 3]).ndcg_at

    many, some = set(range(1100)), set(range(100))
    assert measured(many, many) == pytest.approx(measured(some, some))
    assert measured(many, {2}) == pytest.approx(measured(some, {2}))


def test_labels_of_two_forms_are_not_compared() -> None:
    codes = ah.Codes.from_hex(["00", "01", "07", "ff"], 8)
    for mine, theirs in itertools.permutations((PLAIN, [{label} for label in PLAIN], ROWS), 2):
        with pytest.raises(UsageError, match="expected"):
            ah.evaluate(codes, mine, codes, theirs)


def test_several_fields_are_graded_by_their_order() -> None:
    codes = ah.Codes.from_hex(["00", "01", "03"], 8)
    both = ah.evaluate(codes, {"style": ["a", "a", "b"], "artist": ["x", "y", "x"]}, ks=[1])
    # nearest to the first: grade 1 of at most 2; to the second: one of two; to the third: 0
    assert both.ndcg_at[1] == pytest.approx((1 / 3 + 1 / 2 + 0) / 3)
    with pytest.raises(UsageError, match="labels_db"):
        ah.evaluate(codes, ["a", "b", "c"], codes)
    with pytest.raises(UsageError, match="fields"):
        ah.evaluate(codes, {"style": ["a"] * 3}, codes, {"artist": ["a"] * 3})


def test_arrays_are_searched_like_codes() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(30, 16))
    codes = ah.Codes.from_logits(logits)
    expected = ah.search(codes[:3], codes, k=4)
    forms = (logits, torch.from_numpy(logits), codes.signs(), codes.packed, codes.unpacked() > 0)
    for form in forms:
        found = ah.search(form[:3], form, k=4)
        np.testing.assert_array_equal(found.ids, expected.ids)
    with pytest.raises(UsageError, match=r"Codes\.from_bits"):
        ah.search(codes.unpacked()[:3], codes)


def test_import_brings_nothing_heavy() -> None:
    code = (
        "import sys, hashing; "
        "assert set(hashing.__all__) <= set(dir(hashing)); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'PIL', 'torch', 'argparse')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_rooms_do_not_hide_the_functions_of_their_name() -> None:
    code = (
        "import hashing, hashing.search.scan, hashing.fit, inspect; "
        "assert inspect.isfunction(hashing.search) and inspect.isfunction(hashing.fit); "
        "from hashing.search import SearchRequest"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def public_objects() -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [(name, getattr(ah, name)) for name in ah.__all__]
    for cls in (ah.Codes, ah.Model, ah.Collection):
        found += [
            (f"{cls.__name__}.{name}", member)
            for name, member in inspect.getmembers(cls)
            if not name.startswith("_")
            and (inspect.isroutine(member) or isinstance(member, property))
        ]
    return [(name, thing) for name, thing in found if name != "Filter"]


@pytest.mark.parametrize(("name", "thing"), public_objects())
def test_every_public_object_says_what_it_takes_and_shows_it(name: str, thing: object) -> None:
    text = inspect.getdoc(thing) or ""
    assert "Example:" in text
    if not inspect.isroutine(thing):
        return
    signature = inspect.signature(thing)
    for parameter in signature.parameters.values():
        if parameter.name not in ("self", "cls"):
            assert re.search(rf"^ +{parameter.name}: ", text, re.MULTILINE), parameter.name
    gives = str(signature.return_annotation)
    plain = "Self" in gives or "Codes" in gives or "None" in gives  # codes of codes
    assert "Returns:" in text or plain or not signature.parameters.keys() - {"self"}


MODULES = [
    "hashing.codes.codes",
    "hashing.codes.packed",
    "hashing.collection.asking",
    "hashing.collection.collection",
    "hashing.collection.editing",
    "hashing.collection.holding",
    "hashing.collection.keeping",
    "hashing.collection.surveying",
    "hashing.encoding.model",
    "hashing.encoding.decoded",
    "hashing.functions",
]
"""Where the public objects are written."""


@pytest.fixture(scope="module")
def furnished(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with a collection, too; what it holds is for copies to be made of."""
    left = shutil.ignore_patterns("*.index")  # by the test of the ten lines
    folder = shutil.copytree(desk, tmp_path_factory.mktemp("furnished") / "desk", ignore=left)
    with contextlib.chdir(folder):
        ah.Collection.build(
            "pictures/", "checkpoints/artworks-lite", "art.index", metadata="works.csv"
        ).close()
    return folder


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_run(
    module: str, furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = doctest.DocTestFinder().find(import_module(module))
    examples = [example for example in found if example.examples]
    assert examples
    runner = doctest.DocTestRunner()
    model = ah.Model.load(furnished / "checkpoints" / "artworks-lite", "cpu")
    for number, example in enumerate(examples):
        monkeypatch.chdir(shutil.copytree(furnished, tmp_path / str(number)))
        with ah.Collection.open("art.index", model=model) as art:
            names = {"ah": ah, "art": art, "model": model, "np": np, "pathlib": pathlib}
            names |= {"PIL": PIL, "Look": Look, "Refine": Refine, "Codes": ah.Codes}
            example.globs |= names
            runner.run(example)
    assert not runner.failures


def test_a_device_that_is_not_there_is_one_line(desk: Path, tmp_path: Path) -> None:
    for arguments in (
        ["fit", "--images", desk / "pictures", "--out", tmp_path / "m", "--weights", "none"],
        ["build", "--model", desk / "checkpoints/artworks-lite", "--images", desk / "pictures",
         "--out", tmp_path / "i"],
    ):  # fmt: skip
        command = [sys.executable, "index.py", *map(str, arguments), "--device", "cuda:99"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "expected a device that this torch can use, found 'cuda:99'" in done.stderr
        assert done.stderr.count("\n") == 1


def test_evaluate_takes_sets_of_labels_and_the_field_s_mean() -> None:
    codes = ah.Codes.from_hex(["00", "01", "07", "ff"], 8)
    labels = [["sky", "sea"], ["sea"], ["city"], ["sky", "sea"]]
    found = ah.evaluate(codes, labels, ks=[1, 2])
    # The first three queries find sea at once, nothing, nothing; the last finds it third.
    assert found.mean_average_precision_of_found_at[1] == pytest.approx((1 + 1 + 0 + 0) / 4)
    assert found.without_relevant == 1
    assert found.weighted_mean_average_precision == pytest.approx(
        ((1 + 3 / 3) / 2 + (1 + 2 / 3) / 2 + 0 + (1 / 2 + 3 / 3) / 2) / 4
    )
    columns = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    assert ah.evaluate(codes, columns, ks=[1, 2]) == found


RESULTS = {
    "Answer": "collection.answer",
    "Changes": "collection.sync",
    "Codes": "codes",
    "Duplicates": "collection.duplicates",
    "Evaluation": "collection.evaluation",
    "Explanation": "collection.explain",
    "Map": "collection.map",
    "Outcome": "collection.intake",
    "RetrievalMetrics": "metrics",
    "SearchResult": "search",
    "Understood": "collection.words",
    "Walk": "collection.path",
}
"""What the face gives, and the modules it is from."""
OTHERS = {"Query", "Taste", "Mix", "Filter", "Compare", "Model", "Page", "StoredItem", "Recognised"}
"""What is asked with, is held, or is a plain record (`Filter` begins with `Compare`)."""


def test_every_result_shows_itself_in_a_notebook() -> None:
    for name, module in RESULTS.items():
        assert hasattr(getattr(import_module(f"hashing.{module}"), name), "_repr_html_"), name
    given = [str(inspect.signature(f).return_annotation) for f in functions_of_the_face()]
    names = {re.findall(r"\w+", text)[0] for text in map(unqualified, given)}
    plain = {
        "bool",
        "int",
        "list",
        "tuple",
        "NDArray",
        "ndarray",
        "Self",
        "None",
        "bitarray",
        "str",
    }
    assert names - plain - OTHERS == set(RESULTS), "a new result: does a notebook show it?"


def functions_of_the_face() -> list[Callable[..., object]]:
    return [thing for _, thing in public_objects() if inspect.isroutine(thing)]


def unqualified(annotation: str) -> str:
    """Such as `Map` for `<class 'hashing.collection.map.Map'>`."""
    return re.sub(r"^<class '|'>$|\b\w+\.|^'", "", annotation)


def test_nearest_rows_are_a_table_in_a_notebook() -> None:
    codes = ah.Codes.from_hex(["00", "03", "ff"] * 5, 8)
    shown = ah.search(codes, codes[:3], k=3, max_distance=2)._repr_html_()
    assert "15 queries, 3 places" in shown
    assert "<tr><td>1</td><td>1 (0)</td><td>0 (2)</td><td>–</td></tr>" in shown
    assert shown.count("<tr>") == 1 + 10, "the first queries, not all"
    assert "<td>2</td><td>ff</td>" in codes._repr_html_()
    assert codes._repr_html_().count("<tr>") == 1 + 8
