"""A server process has loaded everything before its first request, and leaves it out of collections of garbage."""

import json
import subprocess
import sys

from django.conf import settings

ASKED = """
import gc, json
import portal.wsgi
from django.template import engines
from django.urls import get_resolver
from django.utils.translation import trans_real
(partials,) = engines["django"].engine.template_loaders
(loader,) = partials.loaders
print(json.dumps({
    "templates": [template.name for template in loader.get_template_cache.values()],
    "addresses": sorted(get_resolver()._reverse_dict),
    "languages": sorted(trans_real._translations),
    "frozen": gc.get_freeze_count(),
    "looked at": len(gc.get_objects()),
    "on": gc.isenabled(),
}))
"""


def test_a_web_process_loads_ahead_and_freezes_what_it_loaded() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASKED], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True, timeout=60
    )
    found = json.loads(answer.stdout.splitlines()[-1])
    every = {
        path.relative_to(settings.BASE_DIR / "templates").as_posix()
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
    }
    assert every <= set(found["templates"])
    assert found["addresses"] == found["languages"] == ["ar", "en"]
    assert found["on"]
    assert found["frozen"] > 100_000 > 20 * found["looked at"]
