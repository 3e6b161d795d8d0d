"""The lists of 50 connectors, API and page, as CPU of the serving process per request, beside their raw limit.

The raw side is an empty view of Django REST Framework with the same middleware, token and permission, whose body one SQL
statement builds. All answer in this process, in turn, without a network; the database's own CPU is not in the figures.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.scratch import scratch_database

RAW = """
SELECT json_build_object('results', json_agg(r))::text FROM (
  SELECT 'RT-' || lpad(c.id::text, greatest(3, length(c.id::text)), '0') AS id, c.kind, c.key, c.name, c.state,
    t.key AS owner, c.version, c.digest, c.document->>'description' AS description, c.created_at, c.updated_at,
    c.customer_impacting, c.contract_version, c.approval_class, c.reversibility_class, c.sensitivity_class, c.endpoint,
    jsonb_array_length(c.document#>'{facets,contract,operations}') AS operations,
    jsonb_array_length(c.document#>'{runtime_tool,allowlist}') AS allowlisted_agents,
    c.document#>'{data_movement,schedule}' AS schedule, c.document#>'{data_movement,freshness_seconds}' AS freshness_seconds
  FROM connectors_connector c JOIN people_team t ON t.id = c.owner_id
  WHERE c.kind IN ('runtime_tool', 'data_movement') AND c.state = 'active'
  ORDER BY c.key, c.id DESC LIMIT 50
) AS r
"""


def _connectors(count: int) -> None:
    from connectors.models import Connector, ConnectorKind
    from portal.operations.services import database_now
    from portal.registry.models import EntryState
    from tests.documents import runtime_tool_document
    from tests.people import team

    now, owner, made = database_now(), team("crm-team"), []
    for number in range(count):
        one = Connector(
            kind=ConnectorKind.RUNTIME_TOOL, state=EntryState.ACTIVE, version=1, created_at=now, updated_at=now
        )
        one.take_document(runtime_tool_document(f"tool-{number:04}"), owner)
        made.append(one)
    # Past the version store: this is about reading.
    Connector.objects.bulk_create(made)


def _cpu_ms(call: Callable[[], object], requests: int) -> float:
    begun = time.process_time()
    for _ in range(requests):
        call()
    return (time.process_time() - begun) / requests * 1000


def _calls() -> dict[str, Callable[[], bytes]]:
    """What is measured, by name; each gives the body and refuses anything but 200."""
    from django.contrib.auth.decorators import login_not_required
    from django.db import connection
    from django.http import HttpResponse
    from django.test import Client
    from django.urls import path
    from django.utils.decorators import method_decorator
    from rest_framework.request import Request
    from rest_framework.views import APIView

    import portal.urls
    from portal.operations.services import database_now
    from portal.people.tokens import create_token
    from tests.people import actor, user

    @method_decorator(login_not_required, name="dispatch")
    class Raw(APIView):
        def get(self, request: Request) -> HttpResponse:
            with connection.cursor() as cursor:
                cursor.execute(RAW)
                return HttpResponse(cursor.fetchone()[0], content_type="application/json")

    portal.urls.urlpatterns.append(path("bench-raw/", Raw.as_view()))
    token = create_token(actor=actor("adam"), user=user("amal"), actor_type="human", name="bench", now=database_now())
    bearer = {"Authorization": f"Bearer {token}"}
    browser, machine = Client(), Client(headers=bearer)
    browser.force_login(user("amal"))

    def get(client: Client, address: str) -> Callable[[], bytes]:
        def call() -> bytes:
            response: Any = client.get(address)
            assert response.status_code == 200, (address, response.status_code, response.content[:300])
            content: bytes = response.content
            return content

        return call

    return {
        "raw": get(machine, "/bench-raw/"),
        "api": get(machine, "/api/v1/connectors/?state=active"),
        "page": get(browser, "/tools/?state=active"),
    }


def _same_rows(raw: bytes, api: bytes) -> None:
    import orjson

    ours, theirs = orjson.loads(api)["results"], orjson.loads(raw)["results"]
    assert len(ours) == 50
    assert [set(row) for row in ours] == [set(row) for row in theirs], set(ours[0]) ^ set(theirs[0])
    assert [row["id"] for row in ours] == [row["id"] for row in theirs]


def _profile(call: Callable[[], object]) -> None:
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.enable()
    for _ in range(100):
        call()
    profile.disable()
    pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(45)
    pstats.Stats(profile, stream=sys.stdout).sort_stats("cumulative").print_stats(80)


def run(options: argparse.Namespace) -> None:
    """Print CPU per request and the ratio."""
    with scratch_database():
        from django.db import connection

        _connectors(options.connectors)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        calls = _calls()
        for call in calls.values():
            _cpu_ms(call, 30)
        _same_rows(calls["raw"](), calls["api"]())
        spent: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(8):
            for name, call in calls.items():
                spent[name].append(_cpu_ms(call, max(1, options.requests // 8)))
        found = {name: statistics.median(values) for name, values in spent.items()}
        print(
            f"API list of 50: raw {found['raw']:5.2f} ms CPU   ours {found['api']:5.2f} ms"
            f"   ratio {found['api'] / found['raw']:4.2f} (aim 2.5)"
        )
        print(f"page with a list of 50: {found['page']:5.2f} ms CPU (aim 25)")
        if options.profile:
            _profile(calls[options.profile])


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--connectors", type=int, default=1000, help="connectors in the registry (1,000)")
    parser.add_argument("--requests", type=int, default=240, help="requests to each address (240)")
    parser.add_argument("--profile", choices=("raw", "api", "page"), help="print where the time of one goes")
