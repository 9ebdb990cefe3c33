"""ArtHash: pictures become compact binary codes, searched by Hamming distance.

    import hashing as ah

    model = ah.Model.load("checkpoints/artworks-lite")
    art = ah.Collection.build("pictures/", model, "art.index")
    found = art.search("query.jpg", k=10)

The names below are the package's face and stay as they are; every other module may change. Each
is imported when it is first asked for, so that `import hashing` takes no time.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashing.codes import Codes
    from hashing.collection import Collection
    from hashing.encoding import Model
    from hashing.filters import Filter
    from hashing.functions import evaluate, fit, search, train

__version__ = "0.1.0"

__all__ = ["Codes", "Collection", "Filter", "Model", "evaluate", "fit", "search", "train"]

_PLACES = {
    "Codes": "hashing.codes",
    "Collection": "hashing.collection",
    "Filter": "hashing.filters",
    "Model": "hashing.encoding",
    "evaluate": "hashing.functions",
    "fit": "hashing.functions",
    "search": "hashing.functions",
    "train": "hashing.functions",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Face(ModuleType):
    """Some rooms are called like functions of the face, which their import would hide."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _PLACES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
