"""The use cases of a collection of pictures, for programs, command line and server alike.

build, change       pictures and metadata into an index, and out of it
search, recommend   candidates, that `controls` makes an `answer` of; `explain` says why
map, pictures       what a visitor looks at
evaluate, quality   how good the answers are

`Collection` is all of it as one object; everything below it is functions on an `Opened` index.
"""

from hashing.collection.collection import Collection

__all__ = ["Collection"]
