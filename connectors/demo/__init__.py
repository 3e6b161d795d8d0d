"""A server to try the portal on: an MCP server on loopback whose tools finish in time, finish late, fail or hang."""
