"""The side that opened a connection: it asks, and gets answers, streams and bodies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from .failure import Failure
from .frames import BrokenFrame, Chunk, Message, encode_message, read_frame

CONNECT_SECONDS = 5.0
"""A connection is open by then, or it failed."""

Reply = tuple[dict[str, Any], bytes]
"""What an answer says, and its body; empty where it has none."""


class _Pending:
    """A request under way. A stream's answers queue up; of a body the chunks gather here."""

    def __init__(self, body_limit: int) -> None:
        self.body_limit = body_limit
        self.replies: asyncio.Queue[Reply | Failure | None] = asyncio.Queue()


class Asker:
    """One connection to a diary or to a holder. Make it with `open`; when it ends, everything under way fails."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._pending: dict[int, _Pending] = {}
        self._last_id = 0
        self._body: tuple[int, dict[str, Any], bytearray] | None = None
        self._broken: Failure | None = None
        self._task = asyncio.create_task(self._read())
        self.ended = asyncio.Event()
        self.heard_at = time.monotonic()

    @staticmethod
    async def open(host: str, port: int) -> Asker:
        """Connects. Raises Failure CONNECTION_LOST."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return Asker(*await asyncio.open_connection(host, port))
        except (OSError, TimeoutError) as error:
            raise Failure("CONNECTION_LOST", f"{host}:{port} cannot be reached: {error}") from None

    @property
    def local_host(self) -> str:
        """The address of this end."""
        return str(self._writer.get_extra_info("sockname")[0])

    @property
    def asking(self) -> int:
        """How many requests are under way."""
        return len(self._pending)

    async def ask(self, pattern: str, data: dict[str, Any], body_limit: int = 0) -> Reply:
        """One request and its answer, with a body of at most `body_limit` bytes. Raises Failure."""
        request, pending = self._send(pattern, data, body_limit)
        try:
            reply = await pending.replies.get()
        finally:
            self._forget_unless_body(request)
        if isinstance(reply, Failure):
            raise reply
        if reply is None:
            raise Failure("INTERNAL", f"{pattern} was answered with nothing")
        return reply

    async def stream(self, pattern: str, data: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The items of a stream until it ends. Raises Failure."""
        request, pending = self._send(pattern, data, 0)
        try:
            while (reply := await pending.replies.get()) is not None:
                if isinstance(reply, Failure):
                    raise reply
                yield reply[0]
        finally:
            self._pending.pop(request, None)

    def post(self, pattern: str, data: dict[str, Any]) -> None:
        """A request whose answer nobody waits for."""
        self._last_id += 1
        self._write({"pattern": pattern, "data": data, "id": self._last_id})

    async def close(self) -> None:
        """Ends the connection and what is under way."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _send(self, pattern: str, data: dict[str, Any], body_limit: int) -> tuple[int, _Pending]:
        if self._broken:
            raise self._broken
        self._last_id += 1
        pending = self._pending[self._last_id] = _Pending(body_limit)
        self._write({"pattern": pattern, "data": data, "id": self._last_id})
        return self._last_id, pending

    def _write(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode_message(message))

    def _forget_unless_body(self, request: int) -> None:
        """A body may still come for a request that nobody waits for any more."""
        pending = self._pending.get(request)
        if pending and pending.body_limit == 0:
            del self._pending[request]

    async def _read(self) -> None:
        why = Failure("CONNECTION_LOST", "the connection was closed")
        try:
            while True:
                frame = await read_frame(self._reader)
                self.heard_at = time.monotonic()
                if isinstance(frame, Chunk):
                    self._take_chunk(frame.data)
                else:
                    self._take_message(frame)
        except (OSError, asyncio.IncompleteReadError):
            pass
        except (BrokenFrame, TimeoutError) as error:
            why = Failure("CONNECTION_LOST", f"the other side broke the protocol: {error}")
        finally:
            self._broken = why
            self.ended.set()
            self._writer.close()
            for pending in self._pending.values():
                pending.replies.put_nowait(why)
            self._pending.clear()

    def _take_message(self, message: Message) -> None:
        said = message.value.get("id")
        request = said if isinstance(said, int) else 0
        pending = self._pending.get(request)
        ends = message.value.get("isDisposed") is True
        if "err" in message.value:
            if pending:
                pending.replies.put_nowait(Failure.from_wire(message.value["err"]))
                del self._pending[request]
            return
        response = message.value.get("response")
        announced = response.get("bodyBytes", 0) if isinstance(response, dict) else 0
        if isinstance(response, dict) and announced and pending and pending.body_limit:
            if self._body or not isinstance(announced, int) or not 0 < announced <= pending.body_limit:
                raise BrokenFrame(f"a body of {announced} bytes out of turn")
            self._body = (request, response, bytearray())
            return
        if not pending:
            return
        if isinstance(response, dict):
            pending.replies.put_nowait((response, b""))
        if ends:
            pending.replies.put_nowait(None)
            del self._pending[request]

    def _take_chunk(self, data: bytes) -> None:
        if not self._body:
            raise BrokenFrame("a chunk of a body that has not begun")
        request, response, gathered = self._body
        gathered += data
        if len(gathered) > response["bodyBytes"]:
            raise BrokenFrame("more of a body than was announced")
        if data and len(gathered) < response["bodyBytes"]:
            return
        self._body = None
        pending = self._pending.pop(request, None)
        if pending:
            given_up = Failure("CANCELLED", "the other side gave the body up")
            pending.replies.put_nowait((response, bytes(gathered)) if data else given_up)
