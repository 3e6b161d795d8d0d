"""The Celery application: settings that survive a broker's absence, and the beat schedule.

A message is only a hint that some work may be due. Losing, repeating or delaying it changes nothing: the
database says what is due, and every worker looks by itself (`portal.operations.ticks`).
"""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.apps.worker import Worker
from django.conf import settings
from kombu import Queue

from portal.broker import embedded
from portal.operations.ticks import SCHEDULER, SCHEDULER_SECONDS, SignOfLife, Tick, Ticker, all_ticks, worker_ticker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Hints that nobody took are not worth keeping: the newest few say as much as all of them.
_MOST_HINTS = 1000
# Workers tick by themselves, so the scheduler need not be as fine as they are.
_LEAST_BEAT_SECONDS = 5.0


def broker_settings(url: str) -> dict[str, Any]:
    """Celery's settings for one BROKER_URL; empty means the embedded broker in the data directory."""
    if not url:
        return embedded(settings.DATA_DIR / "broker")
    if url.startswith("amqp"):
        arguments = {"x-queue-type": "quorum", "x-max-length": _MOST_HINTS, "x-overflow": "drop-head"}
        return {
            "broker_url": url,
            "broker_transport_options": {"confirm_publish": True},
            "task_default_queue_type": "quorum",
            "task_default_exchange_type": "direct",
            "task_queues": [Queue(settings.BROKER_QUEUE, routing_key=settings.BROKER_QUEUE, queue_arguments=arguments)],
        }
    return {
        "broker_url": url,
        "broker_transport_options": {"socket_keepalive": True, "health_check_interval": 25},
        "redis_socket_connect_timeout": 5,
        "redis_socket_keepalive": True,
    }


app = Celery("portal")
app.conf.update(
    broker_connection_max_retries=None,
    broker_connection_retry=True,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=4,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # Acknowledged before the work: a hint is not worth a redelivery, and late ones end workers (Redis).
    task_acks_late=False,
    task_ignore_result=True,
    result_backend=None,
    task_default_queue=settings.BROKER_QUEUE,
    task_default_routing_key=settings.BROKER_QUEUE,
    task_serializer="json",
    accept_content=["json"],
    enable_utc=True,
    worker_pool="threads",
    worker_concurrency=4,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    beat_max_loop_interval=5,
    **broker_settings(settings.BROKER_URL),
)

_ticks = all_ticks()


def _add_task(tick: Tick) -> None:
    """One task without arguments for each tick, called like it, and its place in the schedule."""

    def hint() -> None:
        tick.run(hint=True)

    app.task(name=tick.path)(hint)
    # No `expires`: with clocks that differ it would throw every message away.
    app.conf.beat_schedule[tick.path] = {
        "task": tick.path,
        "schedule": max(tick.seconds, _LEAST_BEAT_SECONDS),
    }


for _tick in _ticks.values():
    _add_task(_tick)

# The scheduler's own sign of life: sent by it, through the broker, noted by whichever worker takes it.
_add_task(SignOfLife(SCHEDULER, SCHEDULER_SECONDS))


class Ticking(bootsteps.StartStopStep):
    """Makes the worker tick. Comes before the consumer, which waits for the broker for as long as it is away."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Worker, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._ticker: Ticker | None = None

    def start(self, parent: Worker) -> None:
        """Begin to tick."""
        self._ticker = worker_ticker(list(_ticks.values()))
        self._ticker.start()

    def stop(self, parent: Worker) -> None:
        """End within a few seconds."""
        if self._ticker is not None:
            self._ticker.stop(seconds=5)

    terminate = stop


app.steps["worker"].add(Ticking)
