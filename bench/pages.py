"""Every list of the pages at a hundred thousand rows, with each of its orders and filters; and the palette over all of it.

Server time of the first page in this process, database included, without a network. The raw side of the palette is one lookup by
primary key through the same middleware: an address that answers at once.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.scratch import scratch_database

WORDS = ("billing", "bil", "ledger gateway", "gateway 9998", "الفواتير", "zzzz", "RT-007", "tool-777", "crm-lookup-500", "e",
         "inc", "CHG-12", "ware house", "sync 12345")  # fmt: skip


def _timed(call: Callable[[], object], times: int) -> list[float]:
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        spent.append((time.perf_counter() - begun) * 1000)
    return spent


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)] if len(values) < 20 else statistics.quantiles(values, n=20)[-1]


def run(options: argparse.Namespace) -> None:
    """Print p95 of each list over its queries, the worst query, and the palette."""
    with scratch_database():
        from django.db import connection
        from django.test import Client

        from portal.web.ahead import load_ahead
        from tests import many
        from tests.people import user

        begun = time.perf_counter()
        many.fill(options.page_rows)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        print(f"filled in {time.perf_counter() - begun:.0f} s")
        load_ahead()
        clients: dict[str, Client] = {}

        def get(who: str, address: str) -> Callable[[], Any]:
            if who not in clients:
                clients[who] = Client()
                clients[who].force_login(user(who))

            def call() -> None:
                answer = clients[who].get(address)
                assert answer.status_code == 200, (address, answer.status_code)

            return call

        every: list[float] = []
        for path, who, filterset in many.lists():
            if options.page and options.page not in path:
                continue
            found: dict[str, float] = {}
            for query in many.asked_of(filterset):
                address = f"{path}{'&' if '?' in path else '?'}{query}"
                get(who, address)()
                spent = _timed(get(who, address), options.page_times)
                every += spent
                found[query] = _p95(spent)
            worst = max(found, key=lambda query: found[query])
            over = sum(value > 150 for value in found.values())
            print(f"{path:28} {len(found):3} queries   p95 {_p95(list(found.values())):6.1f} ms   worst {found[worst]:6.1f} ms "
                  f"({worst or 'bare'})   over 150 ms: {over}", flush=True)  # fmt: skip
            if options.worst:
                for query, value in sorted(found.items(), key=lambda item: -item[1])[:8]:
                    print(f"      {value:7.1f} ms  {query}")
        slow = sum(value > 150 for value in every)
        print(f"all lists: {len(every)} requests, median {statistics.median(every):.1f} ms, p95 {_p95(every):.1f} ms, "
              f"over 150 ms: {slow}, worst {max(every):.1f} ms")  # fmt: skip
        raw = _timed(get("amal", "/palette/"), options.page_times * 5)
        asked = {words: _timed(get("amal", f"/palette/?q={words}"), options.page_times * 5) for words in WORDS}
        told = [value for values in asked.values() for value in values]
        print(
            f"palette: {statistics.median(told):.1f} ms (p95 {_p95(told):.1f}) over {len(WORDS)} words; "
            f"without words {statistics.median(raw):.1f} ms: ratio {statistics.median(told) / statistics.median(raw):.2f}"
        )
        for words, values in asked.items():
            print(f"      {_p95(values):7.1f} ms  {words}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--page-rows", type=int, default=100_000, help="rows of the largest tables (100,000)")
    parser.add_argument("--page-times", type=int, default=5, help="requests to each address (5)")
    parser.add_argument("--page", default="", help="only lists whose address holds this")
    parser.add_argument("--worst", action="store_true", help="print the slowest queries of each list")
