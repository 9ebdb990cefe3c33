"""An index in a folder.

index.db      SQLite, the truth: items, metadata, codes, removals, the current generation
index.sum     what was published last: its generation, a checksum of index.db
previews.db   SQLite: a small JPEG for each item
segments/     immutable files with the codes as the search engine reads them
lock          held by the one writer

writing   rows ─▶ changes ─▶ publication (start there: the protocol is its first function);
          creation for the first generation
reading   segments ─▶ snapshot ─▶ reader ─▶ index, with query for what SQL answers
both      schema, generation; checks and verify say whether all is as it was written
"""
