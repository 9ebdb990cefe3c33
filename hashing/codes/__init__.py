"""Binary codes: the sign rule, packing, prefixes, distances, hexadecimal text, files."""

from hashing.codes.codes import Codes, check_bits

__all__ = ["Codes", "check_bits"]
