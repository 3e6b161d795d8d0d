"""What a server process does before its first request, so that no request waits for it.

Addresses, templates and languages are loaded on first use otherwise, and a full collection of garbage, which looks at
everything that was ever loaded (a quarter of a million objects, 150 ms), falls on one request in hundreds. What is loaded
here stays until the process ends, so it is taken out of what is looked at (`gc.freeze`). A page makes many
objects and drops them at its end; looking among them at every 700, as Python does by itself, costs 6 % of its time.
"""

import gc
import logging
from pathlib import Path

from django.conf import settings
from django.template import TemplateSyntaxError, engines
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation

_log = logging.getLogger(__name__)


def load_ahead() -> None:
    """Load what every process of the web needs, and leave it out of later collections of garbage.

    A template that does not parse is named in the log and fails where it is used, not here: the other pages serve.
    """
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            translation.gettext("")
            _walk(get_resolver())
    _parse_templates()
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)


def _walk(resolver: URLResolver) -> None:
    below: list[URLPattern | URLResolver] = resolver.url_patterns
    for entry in below:
        if isinstance(entry, URLResolver):
            _walk(entry)
    resolver._populate()  # as `reverse` does when it is first asked


def _parse_templates() -> None:
    engine = engines["django"]
    for directory in settings.TEMPLATES[0]["DIRS"]:
        for path in sorted(Path(directory).rglob("*.html")):
            try:
                engine.get_template(path.relative_to(directory).as_posix())
            except TemplateSyntaxError:
                _log.exception("The template %s does not parse.", path.name)
