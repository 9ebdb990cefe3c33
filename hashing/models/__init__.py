"""Networks that turn pictures into logits, and the folder a finished model lives in."""

from hashing.models.backbones import BACKBONES
from hashing.models.folder import (
    Manifest,
    fingerprint,
    fingerprint_of,
    load_model,
    publish_folder,
    read_manifest,
    round_to_half,
    save_model,
)
from hashing.models.network import Explanation, HashModel, normalise
from hashing.models.products import use_products

__all__ = [
    "BACKBONES",
    "Explanation",
    "HashModel",
    "Manifest",
    "fingerprint",
    "fingerprint_of",
    "load_model",
    "normalise",
    "publish_folder",
    "read_manifest",
    "round_to_half",
    "save_model",
    "use_products",
]
