"""Exact search of binary codes by Hamming distance."""

from hashing.search.protocol import NO_ID, Engine, RadiusResult, SearchResult

__all__ = ["NO_ID", "Engine", "RadiusResult", "SearchResult"]
