"""An index in a folder.

index.db      SQLite, the truth: items, metadata, codes, removals, the current generation
index.sum     a checksum of index.db as it was last published
previews.db   SQLite: one small JPEG an item
segments/     immutable files, what the search engine maps
lock          held by the one writer

schema ─▶ generation ─▶ rows ─▶ segments ─▶ publication ─▶ snapshot ─▶ index
"""
