"""The model that made an index, wherever it lies now."""

from pathlib import Path

from hashing.encoding import Model
from hashing.errors import ArtefactError
from hashing.store import IndexInfo


def model_of(info: IndexInfo, model: Model | Path | None = None, device: str = "auto") -> Model:
    """The model of an index: the one given, or the one it remembers, with the features it keeps.

    Raises ArtefactError for a model that did not make the index.
    """
    named = Path(info.model) if model is None else model
    loaded = Model.load(named, device) if isinstance(named, Path) else named
    if loaded.fingerprint != info.fingerprint:
        raise ArtefactError(
            f"{info.location} was made with the model {info.fingerprint[:12]} (then at "
            f"{info.model}), found {loaded.fingerprint[:12]}; give that model or build a new index"
        )
    return loaded.with_features(info.features) if info.features else loaded
