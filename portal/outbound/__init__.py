"""Requests the portal sends to addresses that people may choose: MCP servers and webhooks.

`guard` decides which addresses may be reached, `network` connects to them, `kept` keeps connections, `client` sends,
`secrets` turns a credential's reference into its text. Nothing here needs a database.
"""
