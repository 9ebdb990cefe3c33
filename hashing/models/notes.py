"""What is noted of a model after it was made; its weights and its fingerprint stay as they are."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hashing.files import read_regular, write_new
from hashing.models.folder import read_manifest
from hashing.models.publishing import CONFIG


def note_extra(folder: Path, name: str, value: Mapping[str, Any]) -> None:
    """Keep a JSON value under `extra` in `config.json`; one of that name is replaced.

    Raises ArtefactError where `folder` is no model, OSError where it cannot be written.
    """
    folder = Path(folder)
    read_manifest(folder)
    content = json.loads(read_regular(folder / CONFIG))
    content["extra"] = content["extra"] | {name: value}
    write_new(folder / CONFIG, [(json.dumps(content, indent=2) + "\n").encode()])
