"""A worker of users, as a process of its own: claims parts over HTTP, loads them, tells what it loaded.

`python worker.py ADDRESS TOKEN NAME LEASE SECONDS FATE`: FATE `steady` works to the end, `dies` kills itself with its first part
in its hands, `sleeps` outlives its lease once, until another has the part, and then tells what it did all the same. What it was
told goes to stdout, a line a part.
"""

import os
import signal
import sys
import time

import httpx


def main(address: str, token: str, name: str, lease: str, seconds: str, fate: str) -> None:
    client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    while True:
        answer = client.post("claim/", json={"worker": name, "lease_seconds": int(lease)})
        answer.raise_for_status()
        told = answer.json()
        part = told["partition"]
        if part is None:
            if told["again_seconds"] is None:
                return
            time.sleep(0.2)
            continue
        if fate == "dies":
            sys.stdout.write(f"died {part['number']}\n")
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(seconds))
        if fate == "sleeps":
            while client.get("partitions/?limit=200").json()["results"][part["number"] - 1]["worker"] == name:
                time.sleep(0.3)
            fate = "steady"
        body = {"worker": name, "lease": part["lease"], "state": "done", "rows": part["number"]}
        # Told twice, as by one who did not hear the first answer.
        answers = [client.post(f"partitions/{part['number']}/", json=body).status_code for _ in range(2)]
        sys.stdout.write(" ".join(map(str, (*answers, part["number"]))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
