"""An index in a folder.

index.db      SQLite, the truth: items, metadata, codes, removals, the current generation
index.sum     a checksum of index.db as it was last published
previews.db   SQLite: a small JPEG for each item
segments/     immutable files that the search engine maps
lock          held by the one writer

writing   rows ─▶ changes ─▶ publication (start there: the protocol is its first function);
          creation for the first generation
reading   segments ─▶ snapshot ─▶ reader ─▶ index, with query for what SQL answers
both      schema, generation; checks and verify say whether all is as it was written
"""
