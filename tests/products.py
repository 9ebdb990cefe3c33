"""A catalogue of 500 products to search: nothing in it has to do with art."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from hashing.cli.index import main
from hashing.collection import Collection

COUNT = 500
CATEGORIES = ("Bag", "Chair", "Lamp", "Mug", "Shoe")
NAMES = ("Arlo", "Birk", "Colt", "Dune", "Ekko", "Fjell", "Glim", "Hale", "Ivar", "Jute")
BRANDS = [f"{name} & Co" for name in NAMES]
COLOURS = {
    "red": (200, 60, 50),
    "green": (70, 150, 80),
    "blue": (60, 80, 190),
    "black": (40, 40, 40),
}


def product(number: int) -> dict[str, str]:
    """One row of the catalogue; every tenth has no price."""
    category = CATEGORIES[number % 5]
    brand = BRANDS[number // 5 % 10]
    colour = tuple(COLOURS)[number // 50 % 4]
    price = "" if number % 10 == 9 else f"{5 + number % 40 * 2.5:.2f}"
    return {
        "Image file": f"{number:03}.png",
        "name": f"{brand.split()[0]} {category} {number}",
        "brand": brand,
        "category": category,
        "colour": colour,
        "price": price,
        "sku": f"{2000 + number // 100}.{number % 100:02}",
    }


def draw(row: dict[str, str], number: int) -> Image.Image:
    """A shape for the category in the product's colour."""
    image = Image.new("RGB", (64, 48), (244, 242, 238))
    pen = ImageDraw.Draw(image)
    shift = number % 7
    box = (14 + shift, 8, 44 + shift, 38)
    fill = COLOURS[row["colour"]]
    match row["category"]:
        case "Bag":
            pen.rectangle(box, fill=fill)
        case "Chair":
            pen.line((box[0], box[1], box[0], box[3], box[2], box[3]), fill=fill, width=6)
        case "Lamp":
            pen.polygon(
                [(box[0], box[3]), (box[2], box[3]), ((box[0] + box[2]) / 2, box[1])], fill=fill
            )
        case "Mug":
            pen.ellipse(box, fill=fill)
        case _:
            pen.rectangle((box[0], 26, box[2] + 8, 36), fill=fill)
    return image


def write_catalogue(folder: Path) -> Path:
    """Pictures and a table with semicolons, as shops export them; returns the table."""
    folder.mkdir(parents=True)
    rows = [product(number) for number in range(COUNT)]
    for number, row in enumerate(rows):
        draw(row, number).save(folder / row["Image file"])
    table = folder.parent / "export.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return table


def fit_model(pictures: Path, out: Path) -> Path:
    """A network that learned nothing, and a hash layer fitted to the pictures."""
    network = ["--backbone", "small_cnn", "--weights", "none", "--size", "32", "--bits", "64"]
    assert main(["fit", *network, "--images", str(pictures), "--out", str(out), "--quiet"]) == 0
    return out


@pytest.fixture(scope="session")
def shop_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the command, as a shop would."""
    folder = tmp_path_factory.mktemp("shop")
    table = write_catalogue(folder / "pictures")
    torch.manual_seed(0)  # the network's weights
    model = fit_model(folder / "pictures", folder / "model")
    pictures, out = folder / "pictures", folder / "shop.index"
    arguments = ["--model", model, "--images", pictures, "--metadata", table, "--out", out]
    assert main(["build", *map(str, arguments), "--quiet"]) == 0
    return out


@pytest.fixture(scope="session")
def shop(shop_index: Path) -> Iterator[Collection]:
    with Collection.open(shop_index) as collection:
        yield collection
