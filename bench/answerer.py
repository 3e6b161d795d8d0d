"""A server that answers every `tasks/get` at once, for measuring the client's side: as many processes as asked for.

Hand-written over asyncio so that it costs less than what it measures: about 0.1 ms a request.
"""

import argparse
import asyncio
import json
import os
import socket
from asyncio import StreamReader, StreamWriter

FIELDS = {
    "resultType": "complete",
    "status": "working",
    "statusMessage": "Matching bank lines with postings.",
    "createdAt": "2026-11-01T10:00:00Z",
    "lastUpdatedAt": "2026-11-01T10:00:00Z",
    "ttlMs": None,
    "pollIntervalMs": 0,
}


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer the requests of one connection until it is closed."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().index(b"content-length:")
            length = int(head[at + 15 : head.index(b"\r\n", at)])
            request = json.loads(await reader.readexactly(length))
            task_id = request["params"]["taskId"]
            body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": FIELDS | {"taskId": task_id}}).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def run(listener: socket.socket) -> None:
    """Serve for ever."""
    server = await asyncio.start_server(serve, sock=listener)
    await server.serve_forever()


def main() -> None:
    """Listen on a free port of loopback, say which, and serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    for _ in range(options.processes - 1):
        if os.fork() == 0:
            break
    asyncio.run(run(listener))


if __name__ == "__main__":
    main()
