"""A whole peer: what it holds, whom it serves, what it downloads."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .answerer import Pace
from .contents import VERSION, check_name, manifest_of_file
from .diary import Diary
from .download import Download
from .failure import Failure
from .holding import Holding
from .serve import Server
from .source import Source

DRAIN_SECONDS = 10.0
"""A leaving peer finishes what it owes, for so long at most."""
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Settings:
    """How a peer is started."""

    diary_host: str
    diary_port: int
    peer: str
    data_dir: Path
    pace: Pace = field(default_factory=Pace)
    compress: bool = False
    join_version: int = VERSION
    hello_version: int = VERSION


class Peer:
    """Make it with `start`. `say` gets what happens, for whoever looks on."""

    def __init__(self, settings: Settings, say: Callable[[dict[str, Any]], None]) -> None:
        self._settings = settings
        self._say = say
        self._tasks: set[asyncio.Task[None]] = set()
        self._diary: Diary | None = None
        self.server = Server(
            settings.peer, settings.pace, settings.compress, settings.hello_version, self._withdraw_changed
        )

    async def start(self) -> int:
        """Listens and joins the diary; returns the port that others connect to. Raises Failure."""
        settings = self._settings
        port = await self.server.listen(0)
        self._diary = await Diary.join(
            settings.diary_host,
            settings.diary_port,
            settings.peer,
            self._key(),
            int(time.time() * 1_000),
            port,
            settings.join_version,
        )
        return port

    async def share(self, path: Path, name: str) -> Holding:
        """Shares a file. Raises Failure or OSError."""
        manifest = await asyncio.to_thread(manifest_of_file, path)
        holding = Holding(manifest, check_name(name), path, complete=True)
        await self._hold(holding)
        return holding

    async def withdraw(self, file_id: str) -> None:
        """Shares a file no longer. Raises Failure."""
        holding = self.server.holdings.pop(file_id, None)
        if not holding:
            raise Failure("NOT_HELD", "this peer does not hold that file")
        await self.diary.withdraw(file_id)
        holding.end(Failure("NOT_HELD", "the file is not shared any more"))

    async def get(self, name: str, output: Path) -> dict[str, Any]:
        """Downloads the file of that name to `output`, sharing what has come. Raises Failure."""
        matches = await self.diary.find(name)
        if len(matches) != 1:
            raise Failure("NOT_FOUND", f"{len(matches)} files have the name {name}")
        part = self._settings.data_dir / f"{matches[0]['id']}.part"
        download = Download(
            self.diary,
            self._settings.peer,
            matches[0],
            part,
            self._hold,
            lambda peer: self._say({"event": "progress", "name": name, "from": peer}),
            self._settings.hello_version,
        )
        try:
            holding = await download.run()
        except BaseException:
            await self._forget(matches[0]["id"])
            raise
        output.parent.mkdir(parents=True, exist_ok=True)
        part.rename(output)
        holding.path = output
        await self.diary.announce(holding)
        report = download.report
        return {"sources": report.sources, "codecs": report.codecs, "lost": report.lost}

    async def hello(self, host: str, port: int, version: int) -> None:
        """Connects to a peer and says hello in that version. Raises Failure."""
        source = await Source.open(host, port, self._settings.peer, version)
        await source.close()

    async def leave(self) -> None:
        """Drains, finishes what it owes, leaves the diary and ends every connection. Raises Failure."""
        await self.diary.drain()
        self.server.drain()
        give_up = time.monotonic() + DRAIN_SECONDS
        while self.server.owes and time.monotonic() < give_up:
            await asyncio.sleep(LOOK_SECONDS)
        await self.diary.leave()
        self.server.close()

    @property
    def diary(self) -> Diary:
        """The diary that this peer has joined."""
        if not self._diary:
            raise Failure("NOT_JOINED", "the peer has not started")
        return self._diary

    async def _hold(self, holding: Holding) -> None:
        self.server.holdings[holding.manifest.id] = holding
        await self.diary.announce(holding)

    async def _forget(self, file_id: str) -> None:
        if file_id in self.server.holdings:
            await self.withdraw(file_id)

    def _withdraw_changed(self, holding: Holding) -> None:
        """The holder's own copy has changed: nobody is to come for it any more."""
        if self.server.holdings.pop(holding.manifest.id, None):
            holding.end(Failure("FILE_CHANGED", "the file has changed"))
            task = asyncio.create_task(self.diary.withdraw(holding.manifest.id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _key(self) -> str:
        """32 hexadecimal digits that only this data directory knows."""
        path = self._settings.data_dir / "key"
        if not path.exists():
            path.write_text(secrets.token_hex(16))
        return path.read_text()
