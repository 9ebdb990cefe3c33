"""A run that starts from a whole model: what is taken over, what is refused, what is kept."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hashing.config import (
    Config,
    DataConfig,
    LossTerm,
    ModelConfig,
    OptimConfig,
    Preprocessing,
    TrainConfig,
)
from hashing.errors import UsageError
from hashing.models import load_model
from hashing.progress import progress, set_quiet
from hashing.training import Runtime, train
from hashing.training.checks import check
from hashing.training.distributed import World
from hashing.training.evaluation import compute_logits
from hashing.training.preparation import prepare
from hashing.training.provenance import public_config
from hashing.training.runlog import read_records
from hashing.training.runs import make_learner, make_network
from hashing.training.start import check_centres, has_seen_all, start_remarks, teach_losses

HERE = World(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def probe(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head on a frozen network, with whitening, a hidden layer, and BatchNorm folded away."""
    out = tmp_path_factory.mktemp("probe") / "run"
    train(probing(pictures), out, Runtime())
    return out / "model"


def probing(pictures: Path) -> Config:
    return Config(
        model=ModelConfig(
            "small_cnn",
            whiten=16,
            head="mlp",
            dropout=0.1,
            lengths=(8, 16),
            fitted=0.25,
            fitted_whiten=0.5,
        ),
        preprocessing=Preprocessing(32),
        data=DataConfig("folder", pictures, protocol="holdout", fields={"label": 1.0}),
        losses=(LossTerm("greedyhash"), LossTerm("orthohash")),
        optim=OptimConfig(lr=5e-3, backbone_lr=0),
        train=TrainConfig(epochs=8, batch=16, views=1, validate_every=0),
    )


def tuning(pictures: Path, probe: Path, **changes: Any) -> Config:
    config = probing(pictures)
    model = replace(config.model, batchnorm=False, dropout=0.0)
    settings = {"epochs": 1, "batch": 16, "precision": "float32"} | changes
    optim = OptimConfig(lr=1e-3, backbone_lr=0.1)
    return replace(config, model=model, start=probe, optim=optim, train=TrainConfig(**settings))


def test_the_first_logits_are_those_of_the_start(pictures: Path, probe: Path) -> None:
    config = tuning(pictures, probe)
    examples = prepare(config, Runtime())
    rows = examples.trained
    found = compute_logits(make_network(config), examples, rows)
    np.testing.assert_array_equal(found, compute_logits(load_model(probe), examples, rows))


def test_a_run_that_spoils_its_start_ends_with_it(
    pictures: Path, probe: Path, tmp_path: Path
) -> None:
    config = tuning(pictures, probe)
    config = replace(config, optim=OptimConfig(lr=3.0, clip=0, warmup=0, schedule="constant"))
    train(config, tmp_path / "run", Runtime())
    scores = [r for r in read_records(tmp_path / "run/metrics.jsonl") if "validation" in r]
    assert (scores[0]["step"], scores[0]["epoch"]) == (0, -1)
    assert scores[-1]["validation"] < scores[0]["validation"]
    before, after = load_model(probe).state_dict(), load_model(tmp_path / "run/model").state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_what_a_start_has_fitted_asks_nothing_of_the_pictures(
    pictures: Path, probe: Path, tmp_path: Path
) -> None:
    for file in sorted(pictures.rglob("00[0-4].png")):  # 20, less than the whitening's components
        (tmp_path / "few" / file.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "few" / file.parent.name / file.name).write_bytes(file.read_bytes())
    config = tuning(pictures, probe, batch=4, validate_every=0)
    config = replace(config, data=replace(config.data, root=tmp_path / "few"))
    train(config, tmp_path / "run", Runtime())
    before, after = load_model(probe), load_model(tmp_path / "run" / "model")
    # How bits were fitted is no part of a model: a start may have had it otherwise.
    assert (config.model.fitted_whiten, before.config.fitted_whiten) == (0.5, 0)
    for name in ("whitening", "fitted"):
        ours, theirs = (getattr(network, name).state_dict() for network in (after, before))
        assert all(torch.equal(ours[part], theirs[part]) for part in theirs)


def test_losses_know_the_start_before_the_first_step(
    pictures: Path, probe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tuning(pictures, probe)
    examples = prepare(config, Runtime())
    learner = make_learner(config, examples, 1, HERE)
    logits = torch.from_numpy(compute_logits(learner.network, examples, examples.trained))
    labels = torch.from_numpy(examples.labels["label"][examples.trained])[:, None]
    weights = copy.deepcopy(learner.network.state_dict())
    before = learner.objective(logits, labels).item()
    set_quiet(False)
    teach_losses(learner, examples, Runtime(progress=progress))
    seen = len(examples.trained)
    assert f"encoding for the losses: {seen} of {seen}, " in capsys.readouterr().err
    assert learner.objective(logits, labels).item() < before - 0.5
    assert all(torch.equal(weights[n], t) for n, t in learner.network.state_dict().items())
    assert all(parameter.grad is None for parameter in learner.network.parameters())


@pytest.mark.parametrize("beside", ["unlabelled", "labelled"])
def test_losses_learn_from_few_labels_among_many_pictures(
    pictures: Path, probe: Path, beside: str
) -> None:
    config = replace(tuning(pictures, probe), losses=(LossTerm("greedyhash", field="few"),))
    config = replace(config, data=replace(config.data, fields={"few": 1.0, "label": 1.0}))
    examples = prepare(tuning(pictures, probe), Runtime())
    few = examples.labelled[:2]
    labels = np.full(len(examples.contents), -1)
    labels[few] = 0, 1
    others = labels if beside == "unlabelled" else examples.labels["label"]
    examples = replace(
        examples,
        labels={"few": labels, "label": others},
        classes={"few": ["a", "b"], "label": examples.classes["label"]},
        fields=["few", "label"],
    )
    learner = make_learner(config, examples, 1, HERE)
    logits = torch.from_numpy(compute_logits(learner.network, examples, few))
    known = torch.tensor([[0, -1], [1, -1]])
    before = learner.objective(logits, known).item()
    teach_losses(learner, examples, Runtime())
    assert learner.objective(logits, known).item() < before / 2
    nothing = replace(examples, labels=dict.fromkeys(examples.labels, np.full_like(labels, -1)))
    teach_losses(learner, nothing, Runtime())
    assert learner.objective(logits, known).item() < before / 2


def test_losses_of_sets_beside_single_labels_know_the_start(pictures: Path, tmp_path: Path) -> None:
    files = [path.relative_to(pictures) for path in sorted(pictures.rglob("*.png"))]
    rows = [f"{file},{file.parent.name},{file.parent.name}; {file.stem}" for file in files]
    (tmp_path / "tags.csv").write_text("\n".join(["file,kind,tags", *rows]) + "\n")
    several = DataConfig(
        "folder",
        pictures,
        tmp_path / "tags.csv",
        protocol="holdout",
        fields={"kind": 1.0, "tags": 1.0},
        sets={"tags": ";"},
    )
    config = replace(
        probing(pictures),
        model=ModelConfig("small_cnn", lengths=(16,)),
        data=several,
        losses=(LossTerm("greedyhash", field="kind"), LossTerm("orthohash", field="tags")),
    )
    examples = prepare(config, Runtime())
    learner = make_learner(config, examples, 1, HERE)
    asked: list[torch.Tensor] = []
    learner.objective.register_forward_pre_hook(lambda _, given: asked.append(given[1]))
    teach_losses(learner, examples, Runtime())
    assert np.isin(asked[0][:, 1].numpy(), examples.trained).all()  # sets are found by their rows


def test_a_started_run_resumes_to_the_last_bit(pictures: Path, probe: Path, tmp_path: Path) -> None:
    config = tuning(pictures, probe, epochs=2, state_every=2)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(config, whole, Runtime())
    train(config, cut, Runtime())
    states = sorted(cut.glob("state-*.pt"))
    states[-1].unlink()
    for file in sorted((cut / "model").iterdir()):
        file.unlink()
    train(config, cut, Runtime(), resume=True)
    ours, theirs = (json.loads((f / "model/metrics.json").read_text()) for f in (cut, whole))
    assert ours["validations"] == theirs["validations"]
    weights = [load_model(folder / "model").state_dict() for folder in (cut, whole)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("model", {"pooling": "gem"}, r"model.pooling average, as the start .*, found gem"),
        ("model", {"lengths": (8, 32)}, r"model.lengths \[8, 16\], as .*, found \[8, 32\]"),
        ("model", {"whiten": 0}, "model.whiten 16"),
        ("model", {"head": "linear"}, "model.head mlp"),
        ("model", {"batchnorm": True}, "model.batchnorm False"),
        ("model", {"weights": "package"}, "model.weights none with a start, found package"),
        ("preprocessing", {"mean": (0.5, 0.5, 0.5)}, "preprocessing.mean"),
    ],
)
def test_a_network_of_another_shape_is_refused_in_one_line(
    pictures: Path, probe: Path, part: str, changes: dict[str, Any], message: str
) -> None:
    config = tuning(pictures, probe)
    config = replace(config, **{part: replace(getattr(config, part), **changes)})
    with pytest.raises(UsageError, match=message) as caught:
        check(config)
    assert "\n" not in str(caught.value)


def test_other_centres_are_refused(pictures: Path, probe: Path) -> None:
    class Other:
        def record(self) -> dict[str, Any]:
            return {"label": {"centres": ["00ff"]}, "artist": {"centres": ["ff00"]}}

    with pytest.raises(UsageError, match=r"centres of label .* \(4 classes\), found others \(1\)"):
        check_centres(tuning(pictures, probe), Other())  # type: ignore[arg-type]


def test_a_start_that_saw_the_validation_part_is_told(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"refit": true}')
    assert "flatters" in " ".join(start_remarks(tuning(pictures, tmp_path)))
    assert not list(start_remarks(tuning(pictures, tmp_path, refit=True)))
    assert not list(start_remarks(replace(tuning(pictures, tmp_path), start=None)))


def test_the_published_recipe_names_the_start_without_its_place(
    pictures: Path, probe: Path
) -> None:
    assert public_config(tuning(pictures, probe))["start"] == "run/model"


def test_the_published_recipe_names_weights_without_their_places() -> None:
    def public(weights: str) -> object:
        model = ModelConfig("resnet18 + resnet18", weights=weights)
        return public_config(Config(model=model))["model"]["weights"]

    assert public("/home/runs/a/model + package") == "a/model + package"
    assert public("runs/a/model + ../../runs/b/model") == "runs/a/model + b/model"


@pytest.mark.parametrize(
    ("written", "seen"),
    [('{"refit": true}', True), ("{}", False), ("[1]", False), ("[" * 100_000, False)],
)
def test_what_a_start_learned_from_is_read_from_any_folder(
    tmp_path: Path, written: str, seen: bool
) -> None:
    (tmp_path / "metrics.json").write_text(written)
    assert has_seen_all(tmp_path) is seen
