"""A student and its teacher: what is asked, what is learned, what is refused."""

import copy
import json
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from hashing.cli import train as command
from hashing.cli.console import run
from hashing.config import (
    Config,
    DataConfig,
    DistillationConfig,
    LossTerm,
    ModelConfig,
    OptimConfig,
    Preprocessing,
    TrainConfig,
)
from hashing.errors import UsageError
from hashing.images import decode, to_square
from hashing.losses import Targets
from hashing.models import HashModel, load_model, normalise, save_model
from hashing.sources import Catalogue
from hashing.training import Runtime, accelerated, train
from hashing.training.batches import Batch, Batches, Mixed
from hashing.training.distributed import World
from hashing.training.preparation import prepare
from hashing.training.runs import make_learner
from hashing.training.teaching import Teacher, teacher_remarks

HERE = World(0, 1, torch.device("cpu"))
OTHER_EYES = Preprocessing(40, "stretch", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


def main(*arguments: object) -> int:
    return run(command.main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def teacher(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of another size, shape and length than the student's, sure of its bits."""
    folder = tmp_path_factory.mktemp("teacher") / "model"
    torch.manual_seed(5)
    network = HashModel(ModelConfig("small_cnn", lengths=(8, 24)), OTHER_EYES).train()
    for norm in network.modules():
        if isinstance(norm, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            norm.momentum = None  # one pass over all pictures sets the statistics
    network(normalise(seen_by_teacher(sorted(pictures.rglob("*.png"))), OTHER_EYES))
    save_model(network, folder)
    return folder


def seen_by_teacher(paths: Sequence[Path]) -> torch.Tensor:
    return torch.from_numpy(np.stack([to_square(decode(path), 40, "stretch") for path in paths]))


@pytest.fixture
def beside(pictures: Path, tmp_path: Path) -> Path:
    """Eight new pictures, one that cannot be read, and a copy of every labelled one."""
    folder = tmp_path / "beside"
    folder.mkdir()
    rng = np.random.default_rng(9)
    for number in range(8):
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(folder / f"{number}.png")
    for path in pictures.rglob("*.png"):
        (folder / f"copy-{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
    return folder


def config(pictures: Path, teacher: Path | None, unlabelled: Path | None = None) -> Config:
    return Config(
        model=ModelConfig("small_cnn", lengths=(8, 16)),
        preprocessing=Preprocessing(32),
        data=DataConfig("folder", pictures, protocol="holdout", fields={"label": 1.0}),
        losses=(LossTerm("dsh"),),
        teacher=teacher,
        distillation=DistillationConfig(unlabelled=unlabelled),
        optim=OptimConfig(lr=3e-3, warmup=0),
        train=TrainConfig(epochs=4, batch=16, precision="float32", augment="none"),
    )


@pytest.mark.parametrize("onnx_from", [500, 1])
def test_the_teacher_sees_every_picture_by_its_own_preprocessing(
    pictures: Path, teacher: Path, onnx_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if onnx_from == 1:
        pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    monkeypatch.setattr(accelerated, "ACCELERATE_FROM", onnx_from)
    examples = prepare(config(pictures, teacher), Runtime("cpu"))
    lesson, network = examples.lesson, load_model(teacher)
    assert lesson is not None
    assert lesson.rows.tolist() == examples.trained.tolist()
    paths = sorted(pictures.rglob("*.png"))
    squares = seen_by_teacher([paths[row] for row in examples.trained])
    with torch.inference_mode():
        images = normalise(squares, OTHER_EYES)
        features, logits = network.features(images), network(images)
    features = (features - features.mean(0)) / features.std(0, correction=0).clamp(min=1e-6)
    chosen = [5, 0, 30]
    targets = lesson.of(examples.trained[chosen], HERE.device)
    torch.testing.assert_close(targets.features, features[chosen], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(targets.logits, logits[chosen], atol=1e-4, rtol=1e-4)


def test_a_teacher_that_whitens_teaches_what_its_head_sees(pictures: Path, tmp_path: Path) -> None:
    """Which of the whitened features matter more is left as whitening has it."""
    model = ModelConfig("small_cnn", lengths=(8,), whiten=4)
    network = HashModel(model, Preprocessing(32))
    shares = torch.tensor([8.0, 4.0, 2.0, 1.0])
    network.whiten(torch.eye(4, network.channels) * shares[:, None], torch.arange(4.0))
    save_model(network, tmp_path / "model")
    examples = prepare(config(pictures, tmp_path / "model"), Runtime("cpu"))
    assert examples.lesson is not None
    found = examples.lesson.targets.features
    squares = torch.from_numpy(examples.squares[examples.trained])
    with torch.inference_mode():
        pooled = load_model(tmp_path / "model").features(normalise(squares, Preprocessing(32)))
    seen = pooled[:, :4] * shares
    seen = seen - seen.mean(0)
    torch.testing.assert_close(found, seen / seen.square().mean().sqrt(), atol=1e-3, rtol=1e-3)


def test_a_teacher_of_the_same_size_gets_the_students_pictures(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = Preprocessing(32, mean=(0.1, 0.2, 0.3))
    save_model(HashModel(ModelConfig("small_cnn", lengths=(8,)), same), tmp_path / "model")
    monkeypatch.setattr("hashing.training.teaching.LazySquares", None)  # decodes nothing again
    examples = prepare(config(pictures, tmp_path / "model"), Runtime("cpu"))
    assert examples.lesson is not None
    squares = torch.from_numpy(examples.squares[examples.trained[:4]])
    with torch.inference_mode():
        logits = load_model(tmp_path / "model")(normalise(squares, same))
    torch.testing.assert_close(examples.lesson.targets.logits[:4], logits)


def test_what_a_batch_gave_is_copied_and_let_go(teacher: Path) -> None:
    """Else glibc 2.36 can use the space of no batch again, and memory grows by every picture."""
    asked = Teacher(teacher, HERE.device)
    given: list[weakref.ref[torch.Tensor]] = []
    held = 0

    def features(images: torch.Tensor) -> torch.Tensor:
        nonlocal held
        held = max(held, sum(one() is not None for one in given))
        found = torch.full((len(images), asked.network.channels), float(len(given)))
        given.append(weakref.ref(found))
        return found

    asked.network.features = features  # type: ignore[method-assign]
    rows = np.arange(5, 5 + 6 * 64 + 1)
    squares = np.zeros((len(rows) + 5, 40, 40, 3), np.uint8)
    lesson = asked.lesson(Catalogue(teacher, [], {}), squares, OTHER_EYES, rows, Runtime("cpu"))
    assert len(given) == 7
    assert held == 1  # that of the batch before
    first = lesson.targets.features[:, 0]
    assert torch.equal(first.unique(return_counts=True)[1], torch.tensor([64] * 6 + [1]))


@pytest.mark.parametrize("fits", [True, False])
def test_unlabelled_pictures_are_learned_from_but_no_query_is(
    fits: bool, pictures: Path, teacher: Path, beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashing.training.preparation.fits_in_memory", lambda *_: fits)
    alone = prepare(config(pictures, None), Runtime("cpu"))
    examples = prepare(config(pictures, teacher, beside), Runtime("cpu"))
    assert [split.digest for split in examples.splits] == [s.digest for s in alone.splits]
    assert np.all(examples.labels["label"][examples.unlabelled] == -1)
    assert examples.labels["label"][:96].tolist() == alone.labels["label"].tolist()
    queries = {*examples.test.query, *(examples.validation.query if examples.validation else ())}
    assert len(examples.unlabelled) == 8 + 96 - len(queries)
    assert len(examples.trained) == len(alone.trained) + len(examples.unlabelled)
    assert not queries & set(examples.trained)
    assert examples.lesson is not None
    assert examples.lesson.targets.logits.shape == (len(examples.trained), 24)
    shown = examples.squares[examples.unlabelled[:8]]
    first = np.asarray(Image.open(beside / "0.png"))
    assert (shown[0] == first).all()


def test_a_student_comes_nearer_to_its_teacher(pictures: Path, teacher: Path) -> None:
    settings = config(pictures, teacher)
    train = replace(settings.train, epochs=8)
    settings = replace(settings, losses=(LossTerm("quantisation", 0.0),), train=train)
    examples = prepare(settings, Runtime("cpu"))
    batches = Batches(settings, examples, HERE)
    learner = make_learner(settings, examples, batches.steps_per_epoch, HERE)
    assert learner.distillation is not None
    before = learner.distillation.projection.weight.clone()
    losses = [
        learner.step(epoch * batches.steps_per_epoch + step, batch).loss
        for epoch in range(8)
        for step, batch in enumerate(batches(epoch, 0))
    ]
    per_epoch = np.reshape(losses, (8, -1)).mean(axis=1)
    assert per_epoch[-1] < 0.8 * per_epoch[0]
    assert not torch.equal(learner.distillation.projection.weight, before)
    rows = examples.test.query
    squares = torch.from_numpy(examples.squares[rows])
    network = learner.result.eval()
    own = load_model(teacher)
    with torch.inference_mode():
        found = network(normalise(squares, settings.preprocessing))
        paths = sorted(pictures.rglob("*.png"))
        wanted = own(normalise(seen_by_teacher([paths[row] for row in rows]), OTHER_EYES))
    bits = found.sign() == wanted[:, :16].sign()
    assert bits.float().mean() > 0.8


@pytest.mark.parametrize("repeat", [1, 2])
def test_an_epoch_takes_labelled_pictures_as_often_as_is_said(
    repeat: int, pictures: Path, teacher: Path, beside: Path
) -> None:
    settings = config(pictures, teacher, beside)
    settings = replace(
        settings,
        distillation=replace(settings.distillation, oversample=3),
        train=replace(settings.train, batch=4, repeat=repeat, augment="standard"),
    )
    examples = prepare(settings, Runtime("cpu"))
    shown: dict[int, list[torch.Tensor]] = {}
    for batch in Batches(settings, examples, HERE)(1, 0):
        for number, image in zip(batch.labels[:, -1].tolist(), batch.images, strict=True):
            shown.setdefault(number, []).append(image)
    unlabelled = set(examples.unlabelled.tolist())
    wanted = {int(row): repeat * (1 if row in unlabelled else 3) for row in examples.trained}
    missing = {row: often - len(shown.get(row, ())) for row, often in wanted.items()}
    assert set(shown) <= set(wanted)
    assert min(missing.values()) >= 0
    assert sum(missing.values()) == sum(wanted.values()) % 4  # the remainder is left out
    for views in shown.values():
        assert len({view.numpy().tobytes() for view in views}) == len(views)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_picture_that_has_a_part_of_another_is_taught_by_both(
    accumulate: int, pictures: Path, teacher: Path
) -> None:
    settings = config(pictures, teacher)
    mixing = replace(settings.train, cutmix=1.0, accumulate=accumulate)
    settings = replace(settings, train=mixing)
    examples = prepare(settings, Runtime("cpu"))
    images, labels, targets, mixed = next(Batches(settings, examples, HERE)(0, 0))
    assert examples.lesson is not None
    assert targets is not None
    assert mixed is not None
    assert mixed.targets is not None
    others = examples.lesson.of(mixed.labels[:, -1].numpy(), HERE.device)
    assert torch.equal(mixed.targets.features, others.features)
    assert torch.equal(mixed.targets.logits, others.logits)
    assert not torch.equal(others.logits, targets.logits)

    def loss(own: torch.Tensor, told: Targets | None, other: Mixed | None = None) -> float:
        learner = make_learner(settings, examples, 4, HERE)
        return learner.step(0, Batch(images, own, told, other)).loss

    ends = loss(labels, targets), loss(mixed.labels, others)
    for kept in (0.0, 0.25, 1.0):
        found = loss(labels, targets, mixed._replace(kept=kept))
        assert found == pytest.approx(kept * ends[0] + (1 - kept) * ends[1], rel=1e-5)


def test_the_network_itself_is_drawn(pictures: Path, teacher: Path) -> None:
    """Without any own loss and with unlabelled pictures alone there is still a gradient."""
    settings = replace(config(pictures, teacher), losses=(LossTerm("dsh", 0.0),))
    examples = prepare(settings, Runtime("cpu"))
    learner = make_learner(settings, examples, 4, HERE)
    before = {name: tensor.clone() for name, tensor in learner.network.named_parameters()}
    images, labels, targets, _ = next(Batches(settings, examples, HERE)(0, 0))
    learner.step(0, Batch(images, torch.full_like(labels, -1), targets))
    assert all(not torch.equal(p, before[name]) for name, p in learner.network.named_parameters())


def test_a_state_holds_what_distillation_learned(pictures: Path, teacher: Path) -> None:
    settings = config(pictures, teacher)
    examples = prepare(settings, Runtime("cpu"))
    batches = list(Batches(settings, examples, HERE)(0, 0))[:3]
    straight = make_learner(settings, examples, 4, HERE)
    for step, batch in enumerate(batches):
        straight.step(step, batch)
    first, second = (make_learner(settings, examples, 4, HERE) for _ in range(2))
    for step in range(2):
        first.step(step, batches[step])
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    second.step(2, batches[2])
    for name, tensor in straight.state_dict()["distillation"].items():
        assert torch.equal(tensor, second.state_dict()["distillation"][name])
    for name, tensor in straight.network.state_dict().items():
        assert torch.equal(tensor, second.network.state_dict()[name])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--teacher", "nowhere"], 4, "nowhere/config.json; train.py"),
        (["--distillation.unlabelled", "."], 2, "expected a teacher for distillation.unlabelled"),
    ],
)
def test_one_line_before_any_picture_is_read(
    arguments: list[str],
    code: int,
    message: str,
    recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hashing.training.preparation.load_dataset", None)
    assert main("--config", recipe, "--out", tmp_path / "run", *arguments) == code
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_an_unlabelled_folder_that_is_not_there(
    recipe: Path, teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--teacher", teacher, "--distillation.unlabelled", tmp_path / "none"]
    assert main("--config", recipe, "--out", tmp_path / "run", *given) == 3
    assert "expected a folder or a tar archive of pictures" in capsys.readouterr().err


def test_the_recipe_that_distils_runs(pictures: Path, teacher: Path, tmp_path: Path) -> None:
    """`artworks_distilled` on a few small pictures: its losses and weights, not its size."""
    metadata = tmp_path / "art.csv"
    files = sorted(path.relative_to(pictures) for path in pictures.rglob("*.png"))
    rows = [f"{f},{f.parent.name},{f.parent.name} {int(f.stem) % 3}" for f in files]
    metadata.write_text("\n".join(["file,style,artist", *rows]) + "\n")
    shipped = Path(__file__).parents[2] / "configs" / "artworks_distilled.yaml"
    assert yaml.safe_load(shipped.read_text())["teacher"]
    given = ["--data.root", pictures, "--data.metadata", metadata, "--teacher", teacher]
    given += ["--model.backbone", "small_cnn", "--model.weights", "none", "--model.stages", 1]
    given += ["--model.whiten", 12, "--optim.freeze_layers", 2]
    given += ["--preprocessing.size", 32, "--train.sizes", "[32]", "--train.epochs", 1]
    given += ["--train.batch", 16, "--train.precision", "float32", "--device", "cpu"]
    assert main("--config", shipped, "--out", tmp_path / "run", *given, "--quiet") == 0
    assert load_model(tmp_path / "run" / "model").lengths == (16, 32, 64, 128)
    told = json.loads((tmp_path / "run" / "model" / "metrics.json").read_text())
    assert (
        f"teacher {told['configuration']['teacher']}"
        in (tmp_path / "run" / "model" / "README.md").read_text()
    )
    assert told["configuration"]["teacher"] == "/".join(teacher.parts[-2:])


def test_what_a_user_should_know_of_a_teacher(pictures: Path, tmp_path: Path) -> None:
    settings = replace(config(pictures, None), losses=(LossTerm("csq"),))

    def taught(extra: dict[str, object], refit: bool) -> list[str]:
        network = HashModel(settings.model, settings.preprocessing)
        files = {"metrics.json": json.dumps({"refit": refit})}
        save_model(network, tmp_path / "model", extra=extra, files=files)
        return list(teacher_remarks(replace(settings, teacher=tmp_path / "model"), objective))

    examples = prepare(settings, Runtime("cpu"))
    objective = make_learner(settings, examples, 4, HERE).objective
    same = {"objective": json.loads(json.dumps(objective.record()))}
    assert taught(same, refit=False) == []
    (told,) = taught({}, refit=False)
    assert "class centres of label are not the student's" in told
    (told,) = taught(same, refit=True)
    assert "validation flatters the student" in told
    free = replace(settings, distillation=DistillationConfig(codes=0.0))
    assert list(teacher_remarks(replace(free, teacher=tmp_path / "model"), objective)) == [told]
    assert list(teacher_remarks(settings, objective)) == []


def test_what_cannot_be_fitted_is_told_before_the_teacher_is_asked(
    pictures: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashing.training.teaching.Teacher.lesson", None)
    asked = config(pictures, teacher)
    asked = replace(asked, model=replace(asked.model, whiten=12, discriminants=4))
    with pytest.raises(UsageError, match=r"model\.discriminants up to 3, .* found 4"):
        prepare(asked, Runtime("cpu"))


def test_a_frozen_student_learns_in_parts_what_it_learns_at_once(
    pictures: Path, teacher: Path, tmp_path: Path
) -> None:
    asked = config(pictures, teacher)
    asked = replace(
        asked,
        model=replace(asked.model, batchnorm=False),
        optim=OptimConfig("sgd", lr=1e-3, backbone_lr=0),
    )
    ends = []
    for parts in (1, 2):
        settings = replace(asked.train, epochs=1, accumulate=parts, validate_every=0)
        out = tmp_path / str(parts) / "run"
        train(replace(asked, train=settings), out, Runtime())
        ends.append(load_model(out / "model").state_dict())
    for name, value in ends[0].items():
        torch.testing.assert_close(ends[1][name], value, rtol=1e-4, atol=1e-6)
