"""Descriptions that others wrote become drafts of connectors: MCP server.json, OpenAPI 3, Airbyte metadata.

Reading is pure (`server_json`, `openapi`, `airbyte`); `service` judges what was read and opens the draft. Nothing is
invented: what a description does not say stays missing, what was guessed or cut is a remark. Nothing is ever fetched.
"""
