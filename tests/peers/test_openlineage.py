"""The official Python client of OpenLineage against the receiver, plain and packed, through a gateway that fails once."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pytest_django.live_server_helper import LiveServer

from metrics.models import LineageEvent, LineageNode, LineageRun
from tests.metrics.lineage.telling import INPUT, OUTPUT, bound, edges
from tests.peers.tools import needs_python

needs_python("openlineage.client")

import requests
from openlineage.client import OpenLineageClient, OpenLineageClientOptions
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
)
from openlineage.client.facet_v2 import schema_dataset
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpCompression, HttpConfig, HttpTransport

PRODUCER = "https://example.com/scheduler/1.0"


@pytest.fixture
def token(committed: None, token_of: Callable[..., str]) -> str:
    """A token of the account that reports for `nightly`."""
    bound()
    return token_of("loader")


def client(url: str, token: str, **more: Any) -> OpenLineageClient:
    provider = ApiKeyTokenProvider({"apiKey": token})
    return OpenLineageClient(transport=HttpTransport(HttpConfig(url=url, auth=provider, **more)))


def run_event(state: RunState, run: str, namespace: str = "nightly", **more: Any) -> RunEvent:
    fields = schema_dataset.SchemaDatasetFacet(
        fields=[schema_dataset.SchemaDatasetFacetFields(name="order_id", type="text")]
    )
    told: dict[str, Any] = {
        "eventType": state,
        "eventTime": datetime.now(UTC).isoformat(),
        "run": Run(runId=run),
        "job": Job(namespace=namespace, name="load_orders"),
        "producer": PRODUCER,
        "inputs": [InputDataset(**INPUT)],
        "outputs": [OutputDataset(**OUTPUT, facets={"schema": fields})],
    }
    return RunEvent(**(told | more))


@pytest.mark.parametrize("compression", [None, HttpCompression.GZIP])
def test_runs_jobs_and_datasets(served: LiveServer, token: str, compression: Any) -> None:
    sender = client(served.url, token, compression=compression)
    run = str(uuid4())
    sender.emit(run_event(RunState.START, run))
    sender.emit(run_event(RunState.COMPLETE, run))
    now = datetime.now(UTC).isoformat()
    sender.emit(JobEvent(eventTime=now, producer=PRODUCER, job=Job(namespace="nightly", name="load_orders")))
    sender.emit(
        DatasetEvent(eventTime=now, producer=PRODUCER, dataset=StaticDataset(namespace="nightly", name="orders"))
    )
    assert LineageEvent.objects.count() == 4
    assert [(one[0], one[1]) for one in edges()] == [
        ("orders-to-warehouse", OUTPUT["name"]), (INPUT["name"], "orders-to-warehouse"),
    ]  # fmt: skip
    assert LineageNode.objects.get(name=OUTPUT["name"]).columns == ["order_id"]


def test_the_client_that_is_set_up_by_its_options(served: LiveServer, token: str) -> None:
    sender = OpenLineageClient(url=served.url, options=OpenLineageClientOptions(api_key=token))
    sender.emit(run_event(RunState.COMPLETE, str(uuid4())))
    assert LineageRun.objects.get().completed_at is not None


class Gateway:
    """Passes bytes on to the portal, after the whole answer of the first request was swallowed and told as 503."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.failed = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _address = self.socket.accept()
                threading.Thread(target=self._serve, args=(here,), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        with here, socket.create_connection(self.target) as there, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += here.recv(65536)
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            while len(head.split(b"\r\n\r\n", 1)[1]) < length:
                head += here.recv(65536)
            there.sendall(head.replace(b"keep-alive", b"close"))
            answer = b""
            while part := there.recv(65536):
                answer += part
                if b"\r\n\r\n" in answer:
                    break
            if not self.failed:
                # The portal has kept it; the client does not hear of that.
                self.failed += 1
                answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            here.sendall(answer.replace(b"HTTP/1.1 201 Created\r\n", b"HTTP/1.1 201 Created\r\nConnection: close\r\n"))


@pytest.fixture
def gateway(served: LiveServer) -> Iterator[Gateway]:
    """In front of the portal."""
    host, port = served.url.removeprefix("http://").split(":")
    made = Gateway(host, int(port))
    yield made
    made.socket.close()


def test_what_is_sent_again_after_a_503_is_kept_once(gateway: Gateway, token: str) -> None:
    sender = client(gateway.url, token)
    sender.emit(run_event(RunState.COMPLETE, str(uuid4())))
    assert gateway.failed == 1
    assert (LineageEvent.objects.count(), LineageRun.objects.count()) == (1, 1)


def status_of(call: Callable[[], Any]) -> int:
    with pytest.raises(requests.HTTPError) as caught:
        call()
    return int(caught.value.response.status_code)


def test_what_is_foreign_or_unsound_is_refused(served: LiveServer, token: str, token_of: Callable[..., str]) -> None:
    sender, run = client(served.url, token), str(uuid4())
    assert status_of(lambda: sender.emit(run_event(RunState.COMPLETE, run, namespace="daily"))) == 403
    assert status_of(lambda: client(served.url, token_of("amal")).emit(run_event(RunState.COMPLETE, run))) == 403
    assert status_of(lambda: client(served.url, "unknown").emit(run_event(RunState.COMPLETE, run))) == 401
    # The client lets both through.
    assert status_of(lambda: sender.emit(run_event(RunState.COMPLETE, run, producer="me"))) == 400
    assert status_of(lambda: sender.emit(run_event(RunState.COMPLETE, run, eventTime="2026-11-22T10:00:00"))) == 400
    assert not LineageEvent.objects.exists()
