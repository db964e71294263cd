"""A download: takes a file's segments from every holder there is, until all are verified."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .contents import VERSION, Manifest
from .diary import Diary
from .failure import Failure
from .holding import Holding
from .source import Source

REQUESTS_PER_SOURCE = 8
PATIENCE_SECONDS = 30.0
"""Without a verified segment for so long a download fails with NO_HOLDERS."""
BUSY_SECONDS = 0.1


@dataclass(slots=True)
class Report:
    """What a download took."""

    sources: dict[str, int] = field(default_factory=dict)
    """Segments by holder."""
    codecs: dict[str, int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    """The failure of each holder that was given up."""

    def count(self, peer: str, codec: str) -> None:
        """Counts a segment."""
        self.sources[peer] = self.sources.get(peer, 0) + 1
        self.codecs[codec] = self.codecs.get(codec, 0) + 1


class Download:
    """One file on its way to `path`. `started` gets what is held so far, once the manifest is known.

    `progress` is told from whom each segment came.
    """

    def __init__(
        self,
        diary: Diary,
        me: str,
        entry: dict[str, Any],
        path: Path,
        started: Callable[[Holding], Awaitable[None]],
        progress: Callable[[str], None],
        version: int = VERSION,
    ) -> None:
        self._diary = diary
        self._me = me
        self._entry = entry
        self._path = path
        self._started = started
        self._progress = progress
        self._version = version
        self._holding: Holding | None = None
        self._manifest_lock = asyncio.Lock()
        self._missing: list[int] = []
        self._changed = asyncio.Event()
        self._done = asyncio.Event()
        self._sources: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._moved = asyncio.Event()
        self.report = Report()

    async def run(self) -> Holding:
        """Downloads; the file at `path` is whole and verified then. Raises Failure."""
        watch = asyncio.create_task(self._follow_holders())
        try:
            while not self._done.is_set():
                self._moved.clear()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._moved.wait()
        except TimeoutError:
            why = ", ".join(f"{peer}: {code}" for peer, code in self.report.lost.items())
            raise Failure("NO_HOLDERS", f"nothing has come for {PATIENCE_SECONDS:.0f} s ({why})") from None
        finally:
            tasks = [watch, *self._sources.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert self._holding
        return self._holding

    async def _follow_holders(self) -> None:
        async for event in self._diary.holders(self._entry["id"]):
            for holder in event.get("upserted", ()):
                life = (holder["peer"], holder["incarnation"])
                if holder["peer"] != self._me and not holder["draining"] and life not in self._sources:
                    self._sources[life] = asyncio.create_task(self._take_from(holder))

    async def _take_from(self, holder: dict[str, Any]) -> None:
        """Takes segments from a holder until it fails; what it owed then is missing again."""
        source: Source | None = None
        try:
            source = await Source.open(holder["host"], holder["port"], self._me, self._version)
            manifest = await self._manifest(source)
            async with asyncio.TaskGroup() as group:
                group.create_task(source.follow(manifest, self._wake))
                group.create_task(source.guard())
                for _ in range(REQUESTS_PER_SOURCE):
                    group.create_task(self._work(source, manifest))
        except* (Failure, OSError, KeyError, TypeError) as failures:
            first = failures.exceptions[0]
            self.report.lost[holder["peer"]] = first.code if isinstance(first, Failure) else "INTERNAL"
        finally:
            if source:
                await source.close()

    async def _manifest(self, source: Source) -> Manifest:
        async with self._manifest_lock:
            if not self._holding:
                manifest = await source.manifest(self._entry["id"])
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("wb") as file:
                    os.truncate(file.fileno(), manifest.size)
                self._missing = list(range(manifest.segments))
                self._holding = Holding(manifest, self._entry["name"], self._path, complete=False)
                await self._started(self._holding)
                self._finish_if_whole()
            return self._holding.manifest

    async def _work(self, source: Source, manifest: Manifest) -> None:
        """One request at a time."""
        while True:
            segment = self._take(source)
            if segment is None:
                await self._changed.wait()
                continue
            try:
                arrived = await source.segment(manifest, segment)
                assert self._holding
                await asyncio.to_thread(self._holding.write, segment, arrived.data)
            except BaseException as error:
                self._missing.append(segment)
                self._wake()
                if not isinstance(error, Failure) or not await self._forgive(source, segment, error):
                    raise
                continue
            self._holding.gain(segment)
            self.report.count(source.peer, arrived.codec)
            self._progress(source.peer)
            self._moved.set()
            self._finish_if_whole()

    async def _forgive(self, source: Source, segment: int, failure: Failure) -> bool:
        """Whether the source is still good after that failure; waits as it asks."""
        if failure.code == "BUSY":
            await asyncio.sleep((failure.retry_after_ms or BUSY_SECONDS * 1_000) / 1_000)
            return True
        if failure.code == "NOT_HELD" and not source.has_all:
            source.lacks(segment)
            return True
        return False

    def _take(self, source: Source) -> int | None:
        """The first missing segment that the source has."""
        if source.draining:
            return None
        for at, segment in enumerate(self._missing):
            if source.has(segment):
                return self._missing.pop(at)
        return None

    def _finish_if_whole(self) -> None:
        if self._holding and self._holding.complete:
            self._done.set()
            self._moved.set()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
