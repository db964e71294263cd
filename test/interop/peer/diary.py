"""The connection to the diary: who this peer is, what it holds, who holds what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from .asker import Asker
from .contents import VERSION
from .holding import Holding

PAGE = 100
"""Entries of one answer about the catalogue."""
WATCHED_HOLDERS = 64
"""Holders of one watch, at most."""


class Diary:
    """A lease at the diary. Make it with `join`; it ends with `leave` or with the connection."""

    def __init__(self, asker: Asker, lease_seconds: float) -> None:
        self._asker = asker
        self._last_watch = 0
        self._renewal = asyncio.create_task(self._renew(lease_seconds / 3))

    @staticmethod
    async def join(
        host: str, port: int, peer: str, key: str, incarnation: int, my_port: int, version: int = VERSION
    ) -> Diary:
        """Connects and joins; other peers are to reach this one where it reaches the diary from. Raises Failure."""
        asker = await Asker.open(host, port)
        who = {"peer": peer, "key": key, "incarnation": incarnation, "host": asker.local_host, "port": my_port}
        try:
            answer, _ = await asker.ask("peer.join", {"version": version, **who})
        except BaseException:
            await asker.close()
            raise
        return Diary(asker, answer["leaseTtlMs"] / 1_000)

    @property
    def ended(self) -> asyncio.Event:
        """Set once the connection is gone."""
        return self._asker.ended

    async def announce(self, holding: Holding) -> None:
        """Tells that this peer holds a file, and whether all of it. Raises Failure."""
        manifest = holding.manifest
        file = {"id": manifest.id, "name": holding.name, "bytes": manifest.size, "state": holding.state}
        await self._asker.ask("files.announce", {"files": [file]})

    async def withdraw(self, file_id: str) -> None:
        """Tells that this peer holds a file no longer, under any name. Raises Failure."""
        await self._asker.ask("files.withdraw", {"files": [{"id": file_id}]})

    async def drain(self) -> None:
        """Tells that this peer is about to leave. Raises Failure."""
        await self._asker.ask("peer.drain", {})

    async def leave(self) -> None:
        """Leaves, and ends the connection. Raises Failure."""
        await self._asker.ask("peer.leave", {})
        await self.close()

    async def close(self) -> None:
        """Ends the connection without a word."""
        self._renewal.cancel()
        await self._asker.close()

    async def find(self, name: str) -> list[dict[str, Any]]:
        """The files of that name. Raises Failure."""
        answer, _ = await self._asker.ask("catalogue.find", {"name": name})
        return list(answer["matches"])

    async def entries(self) -> list[dict[str, Any]]:
        """Everything in the catalogue. Raises Failure."""
        entries: list[dict[str, Any]] = []
        more = True
        while more:
            after = {"after": {key: entries[-1][key] for key in ("name", "id")}} if entries else {}
            answer, _ = await self._asker.ask("catalogue.list", {"limit": PAGE, **after})
            entries += answer["entries"]
            more = bool(answer["more"]) and bool(answer["entries"])
        return entries

    async def holders(self, file_id: str) -> AsyncIterator[dict[str, Any]]:
        """The events of a watch of a file's holders, as long as they are asked for. Raises Failure."""
        self._last_watch += 1
        watch = self._last_watch
        try:
            data = {"watch": watch, "file": file_id, "limit": WATCHED_HOLDERS}
            async for event in self._asker.stream("holders.watch", data):
                yield event
        finally:
            if not self.ended.is_set():
                self._asker.post("holders.unwatch", {"watch": watch})

    async def _renew(self, every_seconds: float) -> None:
        while True:
            await asyncio.sleep(every_seconds)
            await self._asker.ask("peer.renew", {})
