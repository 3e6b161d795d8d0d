"""The embedded broker: kombu's filesystem transport, with messages that appear whole.

Kombu writes a message under its final name, where a consumer may find it half written and die of it.
Here it is renamed into place. Why this broker: docs/decisions/0001-embedded-broker.md.
"""

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "portal-files"


class Channel(filesystem.Channel):
    """The filesystem channel with an atomic put."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time.monotonic_ns() // 1_000_000}_{uuid.uuid4()}"
        # Consumers look for names that end in `.<queue>.msg`.
        path = Path(self.data_folder_out) / f"{name}.{queue}.msg"
        fresh = path.with_name(f"{name}.new")
        fresh.write_text(dumps(payload), encoding="utf-8")
        os.replace(fresh, path)


class Transport(filesystem.Transport):
    """The transport behind the scheme `portal-files`."""

    Channel = Channel


def embedded(folder: Path) -> dict[str, Any]:
    """Celery's settings for the broker whose messages live in `folder`, which is made when missing."""
    queue, control = folder / "queue", folder / "control"
    for directory in (queue, control):
        directory.mkdir(parents=True, exist_ok=True)
    options = {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
        "polling_interval": 1.0,
    }
    return {"broker_url": f"{SCHEME}://", "broker_transport_options": options}


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
