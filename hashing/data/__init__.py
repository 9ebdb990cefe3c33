"""Data sets, protocols and batches; `transforms` and `cutmix` alone import torch."""

from hashing.data.beside import beside
from hashing.data.datasets import DATASETS, check_root, find_dataset, load_dataset
from hashing.data.duplicates import Looks, count_duplicates, look_at
from hashing.data.held_out import Fields, Rows
from hashing.data.labels import digest_catalogue, number_labels, number_sets, official_parts
from hashing.data.protocols import PROTOCOLS, Protocol, Split, make_split, validation_split
from hashing.data.samplers import balanced_batches, shard, shuffled_batches
from hashing.data.squares import (
    LazySquares,
    Squares,
    decode_squares,
    fits_in_memory,
    look_through,
    read_ahead,
)

__all__ = [
    "DATASETS",
    "PROTOCOLS",
    "Fields",
    "LazySquares",
    "Looks",
    "Protocol",
    "Rows",
    "Split",
    "Squares",
    "balanced_batches",
    "beside",
    "check_root",
    "count_duplicates",
    "decode_squares",
    "digest_catalogue",
    "find_dataset",
    "fits_in_memory",
    "load_dataset",
    "look_at",
    "look_through",
    "make_split",
    "number_labels",
    "number_sets",
    "official_parts",
    "read_ahead",
    "shard",
    "shuffled_batches",
    "validation_split",
]
