"""The fast engine: codes by bit planes, scanned by the compiled kernel on all cores."""

from hashing.search.scan.engine import KERNEL, SMALL, ScanEngine

__all__ = ["KERNEL", "SMALL", "ScanEngine"]
