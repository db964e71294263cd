"""What this peer holds of a file: all of it, or the part of a download under way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from .contents import Manifest, encode_bitmap
from .failure import Failure

GAINED_LIMIT = 1_024
"""Segments in one item of an availability stream."""


class Holding:
    """A file that is shared. Every segment that leaves it is verified first."""

    def __init__(self, manifest: Manifest, name: str, path: Path, complete: bool) -> None:
        self.manifest = manifest
        self.name = name
        self.path = path
        self._held = set(range(manifest.segments)) if complete else set()
        self._order: list[int] = []
        self._changed = asyncio.Event()
        self._ended: Failure | None = None
        self._draining = False

    @property
    def complete(self) -> bool:
        """Whether every segment is held."""
        return len(self._held) == self.manifest.segments

    @property
    def state(self) -> str:
        """What the diary is told."""
        return "complete" if self.complete else "partial"

    def holds(self, segment: int) -> bool:
        """Whether that segment is held."""
        return segment in self._held

    def write(self, segment: int, data: bytes) -> None:
        """Writes a verified segment. Raises OSError. Blocks."""
        with self.path.open("r+b") as file:
            file.seek(self.manifest.offset(segment))
            file.write(data)

    def gain(self, segment: int) -> None:
        """A segment that was written is held; watchers learn of it."""
        self._held.add(segment)
        self._order.append(segment)
        self._wake()

    def read(self, segment: object) -> bytes:
        """A segment, verified. Raises Failure NOT_HELD, FILE_CHANGED or DISK_FAILED."""
        if self._ended:
            raise self._ended
        if not isinstance(segment, int) or segment not in self._held:
            raise Failure("NOT_HELD", f"segment {segment} is not held")
        try:
            with self.path.open("rb") as file:
                data = os.pread(file.fileno(), self.manifest.length(segment), self.manifest.offset(segment))
        except FileNotFoundError:
            raise Failure("FILE_CHANGED", "the file is gone") from None
        except OSError as error:
            raise Failure("DISK_FAILED", f"segment {segment} cannot be read: {error.strerror}") from None
        if not self.manifest.verifies(segment, data):
            raise Failure("FILE_CHANGED", f"segment {segment} is not what it was when the file was shared")
        return data

    def end(self, failure: Failure) -> None:
        """The file is no longer shared: every stream about it fails with that."""
        self._ended = failure
        self._wake()

    def drain(self) -> None:
        """Says on every stream that this peer is leaving."""
        self._draining = True
        self._wake()

    async def watch(self) -> AsyncIterator[dict[str, Any]]:
        """What is held now, then what is gained. Raises Failure when the file is no longer shared."""
        said_complete, said_draining, at = self.complete, False, len(self._order)
        if said_complete:
            yield {"kind": "complete"}
        else:
            yield {"kind": "bitmap", "bitmap": encode_bitmap(self._held, self.manifest.segments)}
        while True:
            if self._ended:
                raise self._ended
            changed = self._changed
            while at < len(self._order) and not said_complete:
                part = self._order[at : at + GAINED_LIMIT]
                at += len(part)
                yield {"kind": "gained", "segments": part}
            if self.complete and not said_complete:
                said_complete = True
                yield {"kind": "complete"}
            if self._draining and not said_draining:
                said_draining = True
                yield {"kind": "draining"}
            if changed is self._changed and not changed.is_set():
                await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
