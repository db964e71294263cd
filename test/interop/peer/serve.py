"""The holder: answers those who connect to this peer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from . import codecs
from .answerer import Answerer, Body, BodyRequest, Pace
from .contents import VERSION
from .failure import Failure
from .holding import Holding


class Server:
    """Listens for other peers and serves what is in `holdings` (by file id)."""

    def __init__(
        self,
        peer: str,
        pace: Pace,
        compress: bool,
        version: int = VERSION,
        on_changed: Callable[[Holding], None] = lambda _: None,
    ) -> None:
        self.holdings: dict[str, Holding] = {}
        self.served: dict[str, dict[str, int]] = {}
        """Segments sent, by asker and codec."""
        self._peer = peer
        self._pace = pace
        self._compress = compress
        self._version = version
        self._on_changed = on_changed
        self._draining = False
        self._connections: set[Answerer] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, port: int) -> int:
        """Listens on all addresses; returns the port."""
        self._server = await asyncio.start_server(self._connected, "0.0.0.0", port)
        return int(self._server.sockets[0].getsockname()[1])

    def drain(self) -> None:
        """Takes no more requests for segments, and says so."""
        self._draining = True
        for holding in self.holdings.values():
            holding.drain()

    @property
    def owes(self) -> bool:
        """Whether somebody waits for a body."""
        return any(connection.owes for connection in self._connections)

    def close(self) -> None:
        """Ends every connection."""
        if self._server:
            self._server.close()
        for connection in list(self._connections):
            connection.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Answerer(reader, writer, self._answer, self._pace)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    async def _answer(self, connection: Answerer, pattern: str, data: dict[str, Any], request: Any) -> None:
        if pattern == "peer.hello":
            self._hello(connection, data, request)
        elif connection.asker is None:
            raise Failure("BAD_REQUEST", "peer.hello comes first")
        elif pattern == "manifest.get":
            holding = self._holding(data)
            encoded = holding.manifest.encoded
            connection.answer_with_body(BodyRequest(request, None, lambda: _ready(({}, encoded))))
        elif pattern == "availability.watch":
            watch, holding = _number(data, "watch"), self._holding(data)
            connection.watches[watch] = connection.answer_with_stream(request, holding.watch())
        elif pattern == "availability.unwatch":
            task = connection.watches.pop(_number(data, "watch"), None)
            if task:
                task.cancel()
        elif pattern == "segment.get":
            self._segment(connection, data, request)
        elif pattern == "segment.cancel":
            connection.cancel_body(_number(data, "request"))
        elif pattern == "segment.dispute":
            connection.answer(request, {"intact": self._intact(self._holding(data), data.get("segment"))})
        else:
            raise Failure("BAD_REQUEST", f"nothing here answers {pattern}")

    def _hello(self, connection: Answerer, data: dict[str, Any], request: Any) -> None:
        theirs = data.get("version")
        if theirs != self._version:
            raise Failure("VERSION_MISMATCH", f"this peer speaks version {self._version}, the other {theirs}")
        connection.asker = str(data.get("peer"))
        pace = {"packetDelayMs": self._pace.delay_ms, "packetBytes": self._pace.packet_bytes}
        connection.answer(request, {"version": self._version, "peer": self._peer, **pace})

    def _segment(self, connection: Answerer, data: dict[str, Any], request: Any) -> None:
        if self._draining:
            raise Failure("DRAINING", "this peer is leaving")
        number, segment, holding = _number(data, "request"), data.get("segment"), self._holding(data)
        accepted = data.get("codecs")
        if not isinstance(accepted, list):
            raise Failure("BAD_REQUEST", "codecs is a list")

        async def make() -> Body:
            try:
                raw = await asyncio.to_thread(holding.read, segment)
            except Failure as failure:
                if failure.code == "FILE_CHANGED":
                    self._on_changed(holding)
                raise
            codec, encoded = await asyncio.to_thread(codecs.encode, raw, accepted, self._compress)
            counts = self.served.setdefault(connection.asker or "", {})
            counts[codec] = counts.get(codec, 0) + 1
            return {"request": number, "segment": segment, "codec": codec, "rawBytes": len(raw)}, encoded

        connection.answer_with_body(BodyRequest(request, number, make))

    def _intact(self, holding: Holding, segment: object) -> bool:
        try:
            holding.read(segment)
            return True
        except Failure as failure:
            if failure.code != "FILE_CHANGED":
                raise
            self._on_changed(holding)
            return False

    def _holding(self, data: dict[str, Any]) -> Holding:
        holding = self.holdings.get(str(data.get("file")))
        if not holding:
            raise Failure("NOT_HELD", "this peer does not hold that file")
        return holding


async def _ready(body: Body) -> Body:
    return body


def _number(data: dict[str, Any], key: str) -> int:
    """A u32. Raises Failure BAD_REQUEST."""
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
        raise Failure("BAD_REQUEST", f"{key} is a whole number of 32 bits")
    return value
