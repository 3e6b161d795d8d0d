"""The portal's settings; the scheduler and the workers also say which hints they send and take."""

from portal.settings import *  # noqa: F403
from portal.settings import LOGGING

LOGGING["loggers"]["celery.app.trace"] = LOGGING["loggers"]["celery.beat"] = {"level": "INFO"}
