"""Exact search of binary codes by Hamming distance."""

from hashing.search.engine import ENGINES, Engine, make_engine
from hashing.search.reference import ReferenceEngine
from hashing.search.request import Allowed, RadiusRequest, Request, SearchRequest
from hashing.search.result import NO_ID, RadiusResult, SearchResult
from hashing.search.scan import ScanEngine
from hashing.search.scan.sliced import SlicedCodes, build_sliced

__all__ = [
    "ENGINES",
    "NO_ID",
    "Allowed",
    "Engine",
    "RadiusRequest",
    "RadiusResult",
    "ReferenceEngine",
    "Request",
    "ScanEngine",
    "SearchRequest",
    "SearchResult",
    "SlicedCodes",
    "build_sliced",
    "make_engine",
]
