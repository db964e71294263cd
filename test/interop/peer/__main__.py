"""A peer as a process: commands come as lines of JSON on stdin, what happens goes as lines of JSON to stdout.

A command is `{"id": 1, "do": "share", ...}`; `{"id": 1, "ok": {...}}` or `{"id": 1, "error": {"code", "message"}}`
answers it. The process ends after `leave`, or when stdin does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from .answerer import Pace
from .contents import VERSION
from .failure import Failure
from .peer import Peer, Settings


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


async def _do(peer: Peer, command: dict[str, Any]) -> dict[str, Any]:
    match command["do"]:
        case "share":
            holding = await peer.share(Path(command["path"]), command["name"])
            return {"id": holding.manifest.id, "segments": holding.manifest.segments}
        case "withdraw":
            await peer.withdraw(command["file"])
            return {}
        case "list":
            return {"entries": await peer.diary.entries()}
        case "get":
            return await peer.get(command["name"], Path(command["output"]))
        case "served":
            return {"served": peer.server.served}
        case "hello":
            await peer.hello(command["host"], command["port"], command["version"])
            return {}
        case "leave":
            await peer.leave()
            return {}
        case other:
            raise Failure("BAD_REQUEST", f"no command {other}")


async def _answer(peer: Peer, command: dict[str, Any]) -> None:
    try:
        _say({"id": command["id"], "ok": await _do(peer, command)})
    except (Failure, OSError) as error:
        failure = error if isinstance(error, Failure) else Failure("DISK_FAILED", str(error))
        _say({"id": command["id"], "error": {"code": failure.code, "message": failure.message}})


async def _run(settings: Settings) -> int:
    peer = Peer(settings, _say)
    try:
        port = await peer.start()
    except Failure as failure:
        _say({"event": "failed", "error": {"code": failure.code, "message": failure.message}})
        return 1
    _say({"event": "ready", "port": port})
    stdin = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    commands: set[asyncio.Task[None]] = set()
    while line := await stdin.readline():
        command = json.loads(line)
        task = asyncio.create_task(_answer(peer, command))
        if command["do"] == "leave":
            await task
            return 0
        commands.add(task)
        task.add_done_callback(commands.discard)
    return 0


def main() -> int:
    """Reads the arguments and runs until told to leave."""
    parser = argparse.ArgumentParser(prog="peer", description="A small P2P peer.")
    parser.add_argument("--diary", required=True, metavar="HOST:PORT")
    parser.add_argument("--id", required=True)
    parser.add_argument("--data-dir", required=True, type=Path)
    parser.add_argument("--delay-ms", type=float, default=0, help="for every packet sent of a segment")
    parser.add_argument("--packet-bytes", type=int, default=1_024)
    parser.add_argument("--compress", action="store_true", help="serve deflated where that is shorter")
    parser.add_argument("--join-version", type=int, default=VERSION)
    parser.add_argument("--hello-version", type=int, default=VERSION)
    given = parser.parse_args()
    host, _, port = given.diary.rpartition(":")
    settings = Settings(
        diary_host=host,
        diary_port=int(port),
        peer=given.id,
        data_dir=given.data_dir,
        pace=Pace(given.delay_ms, given.packet_bytes),
        compress=given.compress,
        join_version=given.join_version,
        hello_version=given.hello_version,
    )
    return asyncio.run(_run(settings))


if __name__ == "__main__":
    sys.exit(main())
