from pathlib import Path

import hashing
from hashing.cli import train as command
from hashing.cli.console import run


def test_an_attention_network_is_trained_saved_indexed_and_searched(
    recipe: Path, pictures: Path, tmp_path: Path
) -> None:
    vit = ["--model.backbone", "timm:test_vit", "--preprocessing.size", "32"]
    short = ["--train.epochs", "1", "--out", str(tmp_path / "run"), "--quiet"]
    assert run(command.main, ["--config", str(recipe), *vit, *short]) == 0
    model = hashing.Model.load(tmp_path / "run" / "model")
    assert model.preprocessing.mean == (0.5, 0.5, 0.5)
    with hashing.Collection.build(pictures, model, tmp_path / "art.index") as collection:
        query = pictures / "birch" / "003.png"
        (first, *_) = collection.search(query, k=3)
        assert first.distance == 0
