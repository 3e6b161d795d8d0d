"""The text of a decision as HTML. It is written by users: no HTML of theirs, no scripts, nothing fetched from elsewhere."""

from collections.abc import Sequence
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

# The page has its own h1 and h2.
_UNDER = 2


def _reader() -> MarkdownIt:
    # `js-default` passes no HTML on and refuses addresses such as javascript: and data:.
    reader = MarkdownIt("js-default", {"maxNesting": 20}).disable(["html_block", "html_inline"])
    reader.add_render_rule("image", _image)
    reader.add_render_rule("link_open", _link)
    reader.add_render_rule("heading_open", _heading)
    reader.add_render_rule("heading_close", _heading)
    return reader


def _image(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """Its words: a page loads no picture from elsewhere."""
    return f"<em>{escape(tokens[index].content)}</em>"


def _link(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("rel", "nofollow noopener noreferrer")
    return self.renderToken(tokens, index, options, env)


def _heading(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    token.tag = f"h{min(6, int(token.tag[1:]) + _UNDER)}"
    return self.renderToken(tokens, index, options, env)


_READER = _reader()


def html(text: str) -> SafeString:
    """Safe HTML of a Markdown text; headings begin at h3."""
    made: str = _READER.render(text)
    return mark_safe(made)  # noqa: S308 - made by the reader above, which passes no HTML of the text on
