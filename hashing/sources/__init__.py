"""Items and catalogues: which pictures there are and what is known of them."""

from hashing.sources.catalogue import Catalogue, Item, read_catalogue
from hashing.sources.columns import Value

__all__ = ["Catalogue", "Item", "Value", "read_catalogue"]
