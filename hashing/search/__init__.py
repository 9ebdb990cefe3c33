"""Exact search of binary codes by Hamming distance."""

from hashing.search.engines import ENGINES, make_engine
from hashing.search.parts import Allowed
from hashing.search.protocol import NO_ID, Engine, RadiusResult, SearchResult
from hashing.search.reference import ReferenceEngine
from hashing.search.scan import ScanEngine
from hashing.search.sliced import SlicedCodes, build_sliced

__all__ = [
    "ENGINES",
    "NO_ID",
    "Allowed",
    "Engine",
    "RadiusResult",
    "ReferenceEngine",
    "ScanEngine",
    "SearchResult",
    "SlicedCodes",
    "build_sliced",
    "make_engine",
]
