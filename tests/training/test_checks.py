"""What is wrong in a configuration is said in one line before any picture is read."""

from pathlib import Path

import pytest

from hashing.cli.train import parse
from hashing.errors import ArtHashError, InputError, UsageError
from hashing.training import Runtime, train
from hashing.training.checks import check


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--losses", '[{"name": "dsh", "args": {"margin": "wide"}}]'], "expected float | None, f"),
        (["--losses", '[{"name": "dhs"}]'], "did you mean dsh?"),
        (["--losses", '[{"name": "absent_pkg:Loss"}]'], "needs the package absent_pkg"),
        (["--losses", '[{"name": "json:JSONDecoder"}]'], "expected a subclass of hashing.losses"),
        (["--losses", '[{"name": "TripletMarginLoss", "args": {"a": 1}}]'], "do not fit"),
        (["--losses", '[{"name": "dsh", "field": "labell"}]'], "did you mean label?"),
        (["--centres.share", "1.5"], "centres.share above 0 and at most 1, found 1.5"),
        (["--centres.coarser", '{"artist": "label"}'], "in centres.coarser 'artist'"),
        (["--model.lengths", "[12, 24]"], "found [12, 24]"),
        (["--model.backbone", "small_cn"], "did you mean small_cnn?"),
        (["--model.stem", "cifar"], "has no cifar stem"),
        (["--optim.freeze_layers", "5"], "freeze_layers below 4, the layers of the backbone"),
        (["--train.batch", "4", "--train.accumulate", "4"], "at least two pictures in each part"),
        (["--model.weights", "/nowhere"], "/nowhere"),
        (["--data.name", "foldr"], "did you mean folder?"),
        (["--data.protocol", "ful"], "did you mean full?"),
        (["--train.augment", "stand"], "did you mean standard?"),
        (["--train.cutmix", "1.5"], "train.cutmix from 0 to 1"),
        (["--train.cutmix", "0.5", "--optim.backbone_lr", "0"], "a frozen backbone sees whole"),
    ],
)
def test_mistakes_are_found_before_pictures_are_read(
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setattr("hashing.training.runs.prepare", None)
    monkeypatch.chdir(tmp_path)
    _, config = parse(["--config", str(recipe), *arguments])
    with pytest.raises(ArtHashError) as caught:
        train(config, tmp_path / "run", Runtime())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_network_without_norms_over_pictures_learns_from_parts_of_one(recipe: Path) -> None:
    arguments = ["--train.batch", "4", "--train.accumulate", "4", "--model.batchnorm", "false"]
    check(parse(["--config", str(recipe), *arguments])[1])


def test_unlabelled_pictures_stand_in_no_group_of_a_label(recipe: Path) -> None:
    arguments = ["--distillation.unlabelled", "beside", "--train.per_label", "4"]
    with pytest.raises(UsageError, match=r"expected train\.per_label 0 .* found 4"):
        check(parse(["--config", str(recipe), *arguments])[1])


@pytest.mark.parametrize(
    ("arguments", "found"),
    [(["--distillation.unlabelled", "beside"], 0), ([], 2)],
)
def test_labelled_pictures_come_oftener_only_beside_unlabelled_ones(
    arguments: list[str], found: int, recipe: Path
) -> None:
    arguments = [*arguments, "--distillation.oversample", str(found)]
    with pytest.raises(UsageError, match=rf"expected distillation\.oversample 1.* found {found}:"):
        check(parse(["--config", str(recipe), *arguments])[1])


def test_a_good_configuration_passes(recipe: Path) -> None:
    check(parse(["--config", str(recipe)])[1])


def test_a_missing_folder_is_told_before_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"expected data\.root"):
        check(parse(["--config", "artworks_cpu"])[1])
    with pytest.raises(InputError, match=r"as data\.root, found nothing: nowhere"):
        check(parse(["--config", "artworks_cpu", "--data.root", "nowhere"])[1])
