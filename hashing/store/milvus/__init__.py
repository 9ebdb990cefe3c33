"""Codes in Milvus, behind rows on PostgreSQL: `?engine=milvus+http://host:19530/collection`.

With `?index=ivf` behind the collection, which in a URL is written %3Findex=ivf or as it is, only
the codes of the clusters nearest to a query are compared, and no answer of it is `complete`.

One collection for each code length, `<collection>_<bits>`, whose description names the index. A row
has the item's id, its code, its first fields as small numbers (`slots`), by which the server leaves
out what cannot pass a filter, and the publication that removed it, so readers of different
publications ask the same rows. Three rows with ids below 0 say how far a collection is: who comes
later, reader or writer, takes over what is missing, and doing so twice does no harm, for rows are
upserted by id.

Ties are put in order here: Milvus gives them in any. Where the cut goes through a tied group, one
more search by radius brings all of it. Filters are `candidates`'.

server      the client: what is asked and written, and what its errors mean
follow      a `CodeSearch`: collections that follow the rows, and are put right
answers     distances as of a publication
"""

from hashing.store.milvus.follow import Milvus

__all__ = ["Milvus"]
