from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from hashing.cli.names import NAMES, names_text
from hashing.cli.train import announcement, parse, recipes_text, with_own_recipe
from hashing.config import Config, LossTerm, Preprocessing
from hashing.errors import UsageError
from hashing.places import recipes
from hashing.recipes import add_config, new_parser, read_recipe
from hashing.training.provenance import plain_config

SORTED = list(recipes().values())
RELEASED = sorted(
    file.parent for file in (Path(__file__).parents[2] / "checkpoints").glob("*/recipe.yaml")
)


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_the_file_is_read_and_the_command_line_has_the_last_word(tmp_path: Path) -> None:
    text = "optim: {lr: 1e-4, clip: 2}\nlosses:\n- {name: dsh, weight: 0.5, args: {margin: 8}}\n"
    file = write(tmp_path / "recipe.yaml", text)
    _, config = parse(["--config", file, "--optim.lr", "1e-2", "--model.lengths", "[16, 32]"])
    assert config.optim.lr == 0.01
    assert config.optim.clip == 2
    assert config.model.lengths == (16, 32)
    assert config.losses == (LossTerm("dsh", 0.5, {"margin": 8}),)
    assert config.train == Config().train


def test_without_a_recipe_the_demo_is_meant() -> None:
    options, config = parse([])
    assert Path(str(options.config[0])).stem == "demo"
    assert config.data.name == "generated"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--optim.lrr", "1"], "unknown key 'optim.lrr'; did you mean optim.lr?"),
        (["--optin.lr", "1"], "unknown key 'optin.lr'; did you mean optim.lr?"),
        (["--evalute", "x"], "unknown key 'evalute'; did you mean evaluate?"),
        (["--losses", '[{"nam": "dsh"}]'], "unknown key 'nam'; did you mean name?"),
        (["--config", "none.yaml"], "none.yaml; --recipes lists those there are"),
        (["--optim.lr", "fast"], "optim.lr: expected float, found fast"),
        (["--optim.schedule", "cosin"], "did you mean cosine?"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_key_in_a_file_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "recipe.yaml", "train: {epoch: 3}\n")
    with pytest.raises(UsageError, match=r"unknown key 'train.epoch'; did you mean train.epochs\?"):
        parse(["--config", file])


@pytest.mark.parametrize("path", SORTED, ids=lambda path: path.stem)
def test_every_recipe_parses_and_has_its_line(path: Path) -> None:
    _, config = parse(["--config", str(path)])
    assert asdict(config) != asdict(Config())
    lines = [line for line in recipes_text().splitlines() if line.split()[0] == path.stem]
    assert len(lines) == 1
    assert len(lines[0].split()) > 3


def test_written_settings_parse_to_the_same(tmp_path: Path) -> None:
    _, config = parse(["--data.root", "/some/where", "--optim.milestones", "[1, 2.5]"])
    file = write(tmp_path / "config.yaml", yaml.safe_dump(plain_config(config)))
    assert parse(["--config", file])[1] == config


def test_a_model_of_timm_brings_its_own_preprocessing(tmp_path: Path) -> None:
    lite = ["--model.backbone", "timm:tf_efficientnet_lite2"]
    bare = write(tmp_path / "bare.yaml", "data: {name: folder}\n")
    own = parse(["--config", bare, *lite])[1].preprocessing
    assert own == Preprocessing(size=260, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    file = write(tmp_path / "recipe.yaml", "preprocessing: {size: 96, std: [0.2, 0.2, 0.2]}\n")
    asked = parse(["--config", file, *lite, "--preprocessing.fit", "stretch"])[1].preprocessing
    assert asked == Preprocessing(96, "stretch", own.mean, (0.2, 0.2, 0.2))
    with pytest.raises(UsageError, match="timm knows no model 'nope'"):
        parse(["--model.backbone", "timm:nope"])


def test_the_names_in_the_help_are_those_of_the_tables() -> None:
    from hashing.data import DATASETS, PROTOCOLS
    from hashing.data.transforms import AUGMENTATIONS
    from hashing.losses import LOSSES
    from hashing.models.backbones import BACKBONES

    tables = (LOSSES, BACKBONES, DATASETS, PROTOCOLS, AUGMENTATIONS)
    for (kind, names), table in zip(NAMES.items(), tables, strict=True):
        assert set(names) == set(table), kind
        assert len(names) == len(table), kind
    assert "orthohash" in names_text()


def test_a_place_may_be_given_as_a_path() -> None:
    settings = {"start": Path("a b/model"), "data.root": Path("pictures")}
    config = read_recipe("demo", settings)
    assert (config.start, config.data.root) == (Path("a b/model"), Path("pictures"))
    several = read_recipe("demo", {"start": [Path("a"), "b"]})
    assert several.starts == (Path("a"), Path("b"))


def test_the_help_says_of_every_key_a_whole_sentence() -> None:
    told = {action.dest: action.help or "" for action in add_config(new_parser())._actions}
    keys = [key for key in told if "." in key and key != "losses.help"]
    assert len(keys) > 60
    for key in [*keys, "losses", "start", "teacher"]:
        assert told[key].endswith("."), key
    assert told["start"].endswith("Of several folders it is the average of their weights.")
    assert told["distillation.angles"] == told["distillation.distances"]


def test_a_model_is_evaluated_by_its_own_recipe(tmp_path: Path) -> None:
    write(tmp_path / "recipe.yaml", "data: {name: cifar10, protocol: 5k}\n")
    for arguments in (["--evaluate", str(tmp_path)], [f"--evaluate={tmp_path}"]):
        options, config = parse(with_own_recipe([*arguments, "--data.root", "/pictures"]))
        assert (config.data.protocol, config.data.root) == ("5k", Path("/pictures"))
        assert options.evaluate == tmp_path
    asked = with_own_recipe(["--evaluate", str(tmp_path), "--config", "demo"])
    assert parse(asked)[1].data.name == "generated"
    with pytest.raises(UsageError, match="name one by --config"):
        with_own_recipe(["--evaluate", str(tmp_path / "none")])


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("data: {name: 'hostile:net'}", "data set hostile:net is code .* ARTHASH_PLUGINS=hostile"),
        ("data: {protocol: 'hostile:net'}", "protocol hostile:net .* ARTHASH_PLUGINS=hostile"),
        ("data: {name: 'absent_pkg:net'}", "needs the package absent_pkg"),
        ("model: {class_path: hostile.Net}", "settings alone"),
        ("model.class_path: hostile.Net", "settings alone"),
        ("model: hostile.Net", "settings alone"),
        ("losses: [hostile.Net]", "settings alone"),
        ("losses: [{name: dsh, args: {a: {class_path: hostile.Net}}}]", "settings alone"),
        ("losses: [{name: dsh, args: {a: '{class_path: hostile.Net}'}}]", "settings alone"),
        (
            "losses: [{name: dsh, args: '{\"class\\u005fpath\": hostile.Net}'}]",
            "settings alone",
        ),
        ("config: other.yaml", "settings alone"),
        ("out: elsewhere", "settings alone"),
        ("data: &a [*a]", "settings alone"),
        ("data: {", "settings alone"),
        ("- data", "settings alone"),
        ("\x00", "settings alone"),
    ],
)
def test_a_models_own_recipe_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, message: str
) -> None:
    write(tmp_path / "recipe.yaml", recipe)
    (tmp_path / "hostile.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Net: ...")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message) as caught:
        parse(with_own_recipe(["--evaluate", "."]))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_a_models_own_recipe_says_nothing_of_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "data: {name: 'mine:net', sets: {tags: ', '}, root: victim, metadata: victim.csv}\n"
    write(tmp_path / "recipe.yaml", text)
    monkeypatch.setenv("ARTHASH_PLUGINS", "mine")
    data = parse(with_own_recipe(["--calibrate", str(tmp_path)]))[1].data
    assert (data.name, data.sets) == ("mine:net", {"tags": ", "})
    assert (data.root, data.metadata) == (None, None)


@pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: folder.name)
def test_recipes_of_released_models_are_plain(folder: Path) -> None:
    assert parse(with_own_recipe(["--evaluate", str(folder)]))[1].data.fields


def test_what_is_about_to_be_done_is_said() -> None:
    told = announcement("demo", parse([])[1], Path("runs/demo"))
    assert "minutes on a CPU" in told
    assert "resnet50 at 64 px, dsh + MultiSimilarityLoss, data generated, 4 epochs" in told
    assert "\n" not in told


def test_the_example_of_a_sweep_names_keys_there_are() -> None:
    sweep = yaml.safe_load((Path(__file__).parents[2] / "examples" / "sweep.yaml").read_text())
    for key, space in sweep["parameters"].items():
        for value in space.get("values", [space.get("min"), space.get("max")]):
            parse(["--config", "cifar10_5k", f"--{key}={value}"])
    assert sweep["metric"]["name"] == "validation"
