"""`manage.py tick`: do a worker's regular work in the foreground, without any broker."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.operations.ticks import all_ticks, worker_ticker


class Command(BaseCommand):
    """Runs every function of settings.TICKS: once, or until Ctrl-C."""

    help = "Do the regular background work in this process, without a broker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then exit 1 if any part failed")

    def handle(self, *args: Any, **options: Any) -> None:
        ticks = all_ticks()
        if options["once"]:
            failed = [path for path, tick in ticks.items() if not tick.run()]
            if failed:
                raise CommandError(f"Failed: {', '.join(failed)}; the log says why.")
            return
        end = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: end.set())
        ticker = worker_ticker(list(ticks.values()))
        ticker.start()
        end.wait()
        ticker.stop(seconds=5)
