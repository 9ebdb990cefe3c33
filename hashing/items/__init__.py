"""Items and catalogues: which pictures there are and what is known of them."""

from hashing.items.catalogue import Catalogue, Item, read_catalogue
from hashing.items.metadata import Value

__all__ = ["Catalogue", "Item", "Value", "read_catalogue"]
