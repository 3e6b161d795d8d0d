"""The dictionary: writing the module from 5,000 metrics, beside reading them and putting their documents down as JSON."""

import argparse
import statistics
import time
from collections.abc import Callable

import orjson

from bench.scratch import scratch_database


def _spent(call: Callable[[], object], rounds: int = 5) -> float:
    found = []
    for _round in range(rounds):
        begun = time.perf_counter()
        call()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def run(options: argparse.Namespace) -> None:
    """Print the figures."""
    with scratch_database():
        from metrics import modules
        from metrics.commands import keyed
        from metrics.models import Metric
        from portal.operations.services import database_now
        from tests.metrics.registering import metric_document
        from tests.people import team

        now, owner = database_now(), team()
        rows = []
        for number in range(options.metrics):
            row = Metric(state="active", version=1, created_at=now, updated_at=now)
            row.take_document(metric_document(f"metric_{number:05d}_sar"), owner)
            rows.append(row)
        Metric.objects.bulk_create(rows, batch_size=1000)
        for form in modules.FORMATS:
            raw = _spent(lambda: orjson.dumps(list(Metric.objects.values_list("document", flat=True))))
            ours = _spent(lambda form=form: modules.module(keyed(), form))
            print(
                f"module of {options.metrics:,} metrics in {form:<10} read alone {raw * 1000:6.1f} ms"
                f"   module {ours * 1000:6.1f} ms   ratio {ours / raw:5.2f} (aim 1 s)"
            )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--metrics", type=int, default=5_000, help="metrics in the dictionary (5,000)")
