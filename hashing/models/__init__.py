"""Networks that turn pictures into logits, and the folder a finished model lives in."""

from hashing.models.backbones import BACKBONES, TIMM, Backbone, own_preprocessing
from hashing.models.depthwise import use_depthwise
from hashing.models.discriminants import check_discriminants, fit_discriminants
from hashing.models.explanation import Explanation, explain
from hashing.models.folder import (
    Manifest,
    copy_model,
    fingerprint,
    fingerprint_of,
    load_model,
    read_manifest,
    round_to_half,
    save_model,
)
from hashing.models.foreign import check_backbones
from hashing.models.network import HashModel, normalise
from hashing.models.notes import note_extra
from hashing.models.pretrained import at_hand, place_of
from hashing.models.products import use_products
from hashing.models.publishing import CACHE, publish_folder
from hashing.models.whitening import check_whitening, fit_whitening

__all__ = [
    "BACKBONES",
    "CACHE",
    "TIMM",
    "Backbone",
    "Explanation",
    "HashModel",
    "Manifest",
    "at_hand",
    "check_backbones",
    "check_discriminants",
    "check_whitening",
    "copy_model",
    "explain",
    "fingerprint",
    "fingerprint_of",
    "fit_discriminants",
    "fit_whitening",
    "load_model",
    "normalise",
    "note_extra",
    "own_preprocessing",
    "place_of",
    "publish_folder",
    "read_manifest",
    "round_to_half",
    "save_model",
    "use_depthwise",
    "use_products",
]
