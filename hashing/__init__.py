"""ArtHash: pictures become compact binary codes, searched by Hamming distance."""

__version__ = "0.1.0"
