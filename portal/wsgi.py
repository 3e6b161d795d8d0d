"""The WSGI application, loaded whole before the first request."""

import gc
import os

from django.core.wsgi import get_wsgi_application

gc.disable()  # while loading: next to nothing of it is garbage (0.4 s of 3.2)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

from portal.web.ahead import load_ahead  # noqa: E402 - needs the apps that the line above loads

load_ahead()
gc.enable()
