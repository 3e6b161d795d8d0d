"""The text of a decision as HTML. It is written by users: no HTML of theirs, no scripts, nothing fetched from elsewhere."""

from collections.abc import Sequence
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# The page has its own h1 and h2.
_UNDER = 2


def _reader() -> MarkdownIt:
    # `js-default` passes no HTML on and refuses addresses such as javascript: and data:.
    reader = MarkdownIt("js-default", {"maxNesting": 20}).disable(["html_block", "html_inline"])
    reader.add_render_rule("image", _image)
    reader.add_render_rule("link_open", _link)
    reader.core.ruler.push("levels", _levels)
    return reader


def _image(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """Its words: a page loads no picture from elsewhere."""
    return f"<em>{escape(tokens[index].content)}</em>"


def _link(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("rel", "nofollow noopener noreferrer")
    return self.renderToken(tokens, index, options, env)


def _levels(state: StateCore) -> None:
    """Headings under those of the page, each at most one level below the one before, however the text jumps."""
    above: list[str] = []
    for token in state.tokens:
        if token.type == "heading_open":
            while above and above[-1] >= token.tag:
                above.pop()
            above.append(token.tag)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, _UNDER + len(above))}"


_READER = _reader()


def html(text: str) -> SafeString:
    """Safe HTML of a Markdown text; headings begin at h3."""
    made: str = _READER.render(text)
    return mark_safe(made)  # noqa: S308 - made by the reader above, which passes no HTML of the text on
