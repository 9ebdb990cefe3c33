"""Which rooms and modules one piece of work passes through, and how often it turns back.

    python benchmarks/walks.py MODEL PICTURES

Four walks: a file to its stored code, an uploaded picture to an answer, the name of a loss in a
recipe to the object, a filter as text to the rows that pass. Each is done once beforehand, so that
what is loaded late is there. Counted is what calls what: rooms (or modules) in the order in which
they are first called, and as a turn back each arrow from one to another that the walk had come to
before it. The ground that everything stands on (errors, progress, …) is no station.
"""

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

AROUND = ("hashing.errors", "hashing.registry", "hashing.progress", "hashing.files")
"""The ground that everything stands on; not a station of any walk."""


class Walk:
    """What is called while it is open, over all threads."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], None] = {}

    def __enter__(self) -> "Walk":
        threading.setprofile(self._look)
        sys.setprofile(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _look(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or (module := station(frame)) is None:
            return
        back, caller = frame.f_back, None
        while back is not None and caller is None:  # past libraries between ours and ours
            caller, back = station(back), back.f_back
        self.calls[caller or "", module] = None

    def course(self, name: Callable[[str], str]) -> tuple[list[str], list[str]]:
        """Stations in order, and arrows back, by the name of each module's station."""
        stations = list(dict.fromkeys(name(module) for _, module in self.calls))
        place = {station: number for number, station in enumerate(stations)}
        arrows = {(name(a), name(b)) for a, b in self.calls if name(a) in place}
        return stations, sorted(f"{a} > {b}" for a, b in arrows if place[b] < place[a])


def room(module: str) -> str:
    """The folder or file of the package that a module is in."""
    return ".".join(module.split(".")[1:2])


def whole(module: str) -> str:
    """The module without the package."""
    return module.removeprefix("hashing.")


def station(frame: FrameType) -> str | None:
    """The module of the package that a frame is in, but for the ground and generated methods."""
    name = str(frame.f_globals.get("__name__", ""))
    inside = name.startswith("hashing.") and name not in AROUND
    return name if inside and not frame.f_code.co_filename.startswith("<") else None


def walk(title: str, do: Callable[[], object]) -> None:
    """Do it twice, and print the course of the second time."""
    do()
    with Walk() as walked:
        do()
    rooms, back = walked.course(room)
    modules, turns = walked.course(whole)
    print(f"\n{title}: {len(rooms)} rooms, {len(back)} back; {len(modules)} modules, {len(turns)}")
    print("  " + " > ".join(rooms), *(f"  back: {arrow}" for arrow in back), sep="\n")
    print("  " + " > ".join(modules), *(f"  back: {arrow}" for arrow in turns), sep="\n")


def main() -> None:
    """Walk all four."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path)
    arguments = parser.parse_args()

    from fastapi.testclient import TestClient

    import hashing as ah
    from hashing.cli.index import main as index
    from hashing.losses import make_objective
    from hashing.recipes import read_recipe
    from hashing.service.api import create_app
    from hashing.service.current import Current

    with tempfile.TemporaryDirectory() as folder:
        places = (Path(folder) / f"{number}.index" for number in range(2))
        common = ["build", "--model", arguments.model, "--images", arguments.pictures, "--out"]
        walk("file to stored code", lambda: index([*map(str, common), str(next(places))]))
        art = ah.Collection.open(Path(folder) / "0.index")
        client = TestClient(create_app(Current(art), page=False), base_url="http://127.0.0.1")
        picture = {"picture": next(arguments.pictures.glob("*.jpg")).read_bytes()}
        walk("upload to answer", lambda: client.post("/api/v1/search", files=picture))

        def objective() -> object:
            config = read_recipe("dsh")
            classes = dict.fromkeys(config.data.fields, 8)
            return make_objective(config.losses, config.data.fields, classes, config.model.lengths)

        walk("loss name to object", objective)
        walk("filter to mask", lambda: art.ids(where="year > 1900 and style = 'Cubism'"))
        art.close()


if __name__ == "__main__":
    main()
