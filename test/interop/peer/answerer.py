"""The side that was connected to: it answers requests, some with streams and some with bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .failure import Failure
from .frames import MESSAGE_SECONDS, BrokenFrame, Message, encode_chunk, encode_message, read_frame

REQUESTS_LIMIT = 192
"""Requests under way on a connection; the next is BUSY."""
WAITING_BODIES_LIMIT = 64
"""Bodies that wait on a connection; the next is BUSY."""
BUSY_WAIT_MS = 100
CHUNK_BYTES = 65_536
READ_SECONDS = 60.0
"""Whoever asks reads the answers within that."""

Body = tuple[dict[str, Any], bytes]


@dataclass(eq=False, slots=True)
class BodyRequest:
    """A request whose answer has a body: made when its turn comes, given up where it is cancelled."""

    id: Any
    number: int | None
    make: Callable[[], Awaitable[Body]]
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Pace:
    """The delay that is added on purpose: `delay_ms` for every `packet_bytes` of a body."""

    delay_ms: float = 0
    packet_bytes: int = 1_024

    def seconds(self, sent: int) -> float:
        """What so many bytes are to take."""
        return self.delay_ms / 1_000 * sent / self.packet_bytes

    def chunk_bytes(self) -> int:
        """How much is sent at once: a paced body trickles, about twenty chunks a second."""
        if self.delay_ms == 0:
            return CHUNK_BYTES
        return max(self.packet_bytes, min(CHUNK_BYTES, int(50 / self.delay_ms * self.packet_bytes)))


class Answerer:
    """One connection that somebody else opened. `handle` gets every message that asks or tells something."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handle: Callable[[Answerer, str, dict[str, Any], Any], Awaitable[None]],
        pace: Pace,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handle = handle
        self._pace = pace
        self._bodies: asyncio.Queue[BodyRequest] = asyncio.Queue()
        self._waiting: list[BodyRequest] = []
        self._tasks: dict[Any, asyncio.Task[None]] = {}
        self.asker: str | None = None
        """The peer at the other end, once it has said hello."""
        self.watches: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Answers until the connection ends."""
        lane = asyncio.create_task(self._send_bodies())
        try:
            async with asyncio.timeout(MESSAGE_SECONDS):
                await self._take(await read_frame(self._reader))
            while True:
                await self._take(await read_frame(self._reader))
        except (OSError, EOFError, BrokenFrame, TimeoutError):
            pass
        finally:
            for task in (lane, *self._tasks.values()):
                task.cancel()
            self._writer.close()

    def answer(self, request: Any, response: dict[str, Any], ends: bool = True) -> None:
        """Answers a request, or sends an item of its stream."""
        message = {"id": request, "response": response}
        self._write(message | {"isDisposed": True} if ends else message)

    def fail(self, request: Any, failure: Failure) -> None:
        """Answers a request with a failure."""
        self._write({"id": request, "err": failure.to_wire(), "isDisposed": True})

    def answer_with_stream(self, request: Any, items: AsyncIterator[dict[str, Any]]) -> asyncio.Task[None]:
        """Sends the items as they come; the stream ends with them, or when the task is cancelled."""
        task = self._tasks[request] = asyncio.create_task(self._send_stream(request, items))
        return task

    def answer_with_body(self, body: BodyRequest) -> None:
        """Answers when its turn comes: bodies go in the order of their requests. Raises Failure BUSY."""
        if len(self._waiting) >= WAITING_BODIES_LIMIT:
            raise Failure("BUSY", f"{WAITING_BODIES_LIMIT} requests wait on this connection", BUSY_WAIT_MS)
        self._waiting.append(body)
        self._bodies.put_nowait(body)

    @property
    def owes(self) -> bool:
        """Whether a body waits or is under way."""
        return bool(self._waiting)

    def cancel_body(self, number: int) -> None:
        """Fails the request of that number if it waits, and gives its body up if that has begun."""
        for body in self._waiting:
            if body.number == number:
                body.cancelled.set()

    def close(self) -> None:
        """Ends the connection."""
        self._writer.close()

    async def _take(self, frame: object) -> None:
        if not isinstance(frame, Message):
            raise BrokenFrame("a body from the side that asks")
        pattern, data, request = (frame.value.get(key) for key in ("pattern", "data", "id"))
        if not isinstance(pattern, str) or not isinstance(data, dict):
            raise BrokenFrame("neither a request nor an event")
        try:
            if request is not None and len(self._tasks) + len(self._waiting) >= REQUESTS_LIMIT:
                raise Failure("BUSY", f"{REQUESTS_LIMIT} requests are under way", BUSY_WAIT_MS)
            await self._handle(self, pattern, data, request)
        except Failure as failure:
            if request is not None:
                self.fail(request, failure)

    async def _send_stream(self, request: Any, items: AsyncIterator[dict[str, Any]]) -> None:
        try:
            async for item in items:
                self.answer(request, item, ends=False)
            self._write({"id": request, "isDisposed": True})
        except Failure as failure:
            self.fail(request, failure)
        except asyncio.CancelledError:
            self._write({"id": request, "isDisposed": True})
        finally:
            self._tasks.pop(request, None)

    async def _send_bodies(self) -> None:
        while True:
            body = await self._bodies.get()
            try:
                if body.cancelled.is_set():
                    raise Failure("CANCELLED", "the request was cancelled")
                response, data = await body.make()
                self.answer(body.id, response | {"bodyBytes": len(data)})
                await self._send_chunks(body, data)
            except Failure as failure:
                self.fail(body.id, failure)
            except (OSError, TimeoutError):
                self.close()
                return
            finally:
                self._waiting.remove(body)

    async def _send_chunks(self, body: BodyRequest, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        began, view, step = loop.time(), memoryview(data), self._pace.chunk_bytes()
        for at in range(0, len(data), step):
            if body.cancelled.is_set():
                self._writer.write(encode_chunk(b""))
                return
            part = view[at : at + step]
            due = began + self._pace.seconds(at + len(part)) - loop.time()
            if due > 0:
                await asyncio.sleep(due)
            self._writer.write(encode_chunk(part))
            async with asyncio.timeout(READ_SECONDS):
                await self._writer.drain()

    def _write(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode_message(message))
