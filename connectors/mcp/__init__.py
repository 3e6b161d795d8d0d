"""A client of the current MCP Tasks protocol, made for watching: it never raises for what a server may do.

`protocol` builds requests, `answers` reads what came back, `observation` holds what was learnt, `client` does the
talking. Nothing here needs a database.
"""
