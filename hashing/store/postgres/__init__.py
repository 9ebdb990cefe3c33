"""An index on a PostgreSQL server from version 14 on, in a schema of its own; no extension needed.

state      one row: what the index is at this moment, its number counts publications
items      one row an item: id, file, digest of its content, code, words, one column a field, and
           the publication that took it out
previews   a small JPEG for each item
extras     named blobs

A publication locks the row of the state, so publications follow one another and ids come in the
order of their commits; all of it is one transaction. A reader asks for the rows as of its own
publication. Its codes lie sliced in memory, or in an engine: when it moves on, only those that came
since are fetched (see `code_search`).

server      connections, and what their errors mean
state       the row of the state
schema      tables: made, found, deleted
conditions  a filter as a condition
rows        items as rows, and back
query       questions to the rows, as of a publication
published   the rows as of a publication: all that readers ask
publication what writers do
index       the index
"""
