"""Several machines that send the same points at once, over real connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from metrics.models import MeasuredValue
from tests.metrics.measuring import address, point
from tests.metrics.registering import metric
from tests.people import machine

pytestmark = pytest.mark.usefixtures("committed")


def test_what_many_send_at_once_is_kept_once(served: LiveServer, token_of: Callable[..., str]) -> None:
    metric()
    headers = {"Authorization": f"Bearer {token_of(machine('meter'), 'executor_system')}"}
    points = [point(number, number / 50, region=f"r{number % 3}") for number in range(400)]

    def send(turn: int) -> int:
        given = points if turn % 2 else points[::-1]
        answer = httpx.post(served.url + address(), json={"unit": "SAR", "points": given}, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["new"] + told["repeated"] == 400
        return int(told["new"])

    with ThreadPoolExecutor(6) as many:
        assert sum(many.map(send, range(12))) == 400
    assert MeasuredValue.objects.count() == 400
