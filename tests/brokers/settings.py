"""The portal's settings with nothing but its background work, and work that can be watched."""

import os

from portal.settings import *  # noqa: F403

INSTALLED_APPS = ["portal.operations", "django.contrib.contenttypes", "django.contrib.auth"]
AUTH_USER_MODEL = "auth.User"
MIDDLEWARE = []
ROOT_URLCONF = "tests.brokers.work"
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
TEMPLATES = []
TICKS = [
    ("tests.brokers.work.note", float(os.environ.get("NOTE_SECONDS", "0.3"))),
    ("tests.brokers.work.fail", 0.3),
    ("tests.brokers.work.hang", 0.3),
    ("tests.brokers.no_such_module.tick", 0.3),
]
