"""Whether the tools of a server are what was approved.

`fingerprints` and `comparing` judge without a database, `probing` asks a server, `recording` keeps what was seen, `standing`
brings it in line with the approved pins, `watching` does it by itself in every worker, `proposing` makes a document of it.
"""
