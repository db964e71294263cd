"""One holder that a download takes segments from, over one connection."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from . import codecs
from .asker import Asker
from .contents import VERSION, Manifest, decode_bitmap, decode_manifest, largest_manifest
from .failure import Failure

SILENCE_SECONDS = 10.0
"""A holder that owes something and sends nothing for so long, beyond its own pace, is lost."""
MANIFEST_SECONDS = 30.0
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment that has arrived and was verified."""

    data: bytes
    codec: str


class Source:
    """A connection to a holder. Make it with `open`."""

    def __init__(self, asker: Asker, peer: str, silence_seconds: float) -> None:
        self.peer = peer
        self._asker = asker
        self._silence_seconds = silence_seconds
        self._last_request = 0
        self._has: set[int] = set()
        self.has_all = False
        self.draining = False

    @staticmethod
    async def open(host: str, port: int, me: str, version: int = VERSION) -> Source:
        """Connects and says hello. Raises Failure."""
        asker = await Asker.open(host, port)
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                hello, _ = await asker.ask("peer.hello", {"version": version, "peer": me})
            if hello["version"] != version:
                raise Failure("VERSION_MISMATCH", f"the holder speaks version {hello['version']}")
            pause = hello["packetDelayMs"] / 1_000
            return Source(asker, hello["peer"], SILENCE_SECONDS + 2 * pause)
        except TimeoutError:
            await asker.close()
            raise Failure("TIMED_OUT", "the holder does not answer") from None
        except BaseException:
            await asker.close()
            raise

    def has(self, segment: int) -> bool:
        """Whether the holder says that it has that segment."""
        return self.has_all or segment in self._has

    def lacks(self, segment: int) -> None:
        """The holder does not have that segment after all."""
        self._has.discard(segment)

    async def manifest(self, file_id: str) -> Manifest:
        """The file's manifest. Raises Failure."""
        try:
            async with asyncio.timeout(MANIFEST_SECONDS):
                _, encoded = await self._asker.ask("manifest.get", {"file": file_id}, largest_manifest())
        except TimeoutError:
            raise Failure("TIMED_OUT", "the holder does not send the manifest") from None
        return decode_manifest(encoded, file_id)

    async def follow(self, manifest: Manifest, changed: Any) -> None:
        """Keeps what the holder has up to date, calling `changed`. Raises Failure when it holds nothing any more."""
        async for item in self._asker.stream("availability.watch", {"watch": 1, "file": manifest.id}):
            match item.get("kind"):
                case "complete":
                    self.has_all = True
                case "bitmap":
                    self._has = decode_bitmap(item.get("bitmap"), manifest.segments)
                case "gained":
                    self._has.update(item.get("segments", ()))
                case "draining":
                    self.draining = True
            changed()
        raise Failure("NOT_HELD", "the holder ended the stream")

    async def guard(self) -> None:
        """Raises Failure TIMED_OUT once the holder owes something and is silent, CONNECTION_LOST once it is gone."""
        owed_since = time.monotonic()
        while not self._asker.ended.is_set():
            now = time.monotonic()
            if self._last_owed() == 0:
                owed_since = now
            if now - max(owed_since, self._asker.heard_at) > self._silence_seconds:
                raise Failure("TIMED_OUT", f"{self.peer} owes segments and is silent")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._asker.ended.wait()
            except TimeoutError:
                pass
        raise Failure("CONNECTION_LOST", f"the connection to {self.peer} ended")

    async def segment(self, manifest: Manifest, segment: int) -> Segment:
        """A segment, verified; one that is not what it should be is disputed. Raises Failure."""
        self._last_request += 1
        data = {
            "request": self._last_request,
            "file": manifest.id,
            "segment": segment,
            "codecs": list(codecs.KNOWN),
            "receiverBound": False,
        }
        raw_bytes = manifest.length(segment)
        answer, encoded = await self._asker.ask("segment.get", data, raw_bytes)
        raw = codecs.decode(str(answer["codec"]), encoded, raw_bytes)
        if answer["segment"] != segment or not manifest.verifies(segment, raw):
            await self._asker.ask("segment.dispute", {"file": manifest.id, "segment": segment})
            raise Failure("CORRUPT", f"{self.peer} sent wrong bytes for segment {segment}")
        return Segment(raw, str(answer["codec"]))

    async def close(self) -> None:
        """Ends the connection."""
        await self._asker.close()

    def _last_owed(self) -> int:
        # The availability stream is under way all the time; whatever is beyond it is owed.
        return max(0, self._asker.asking - 1)
