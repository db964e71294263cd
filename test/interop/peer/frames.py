"""Frames: `u32 header length | u32 body length | header (JSON) | body (raw bytes)`, little endian."""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import dataclass
from typing import Any

HEADER_LIMIT = 262_144
"""Bytes of a header."""
CHUNK_LIMIT = 1_048_576
"""Bytes of one chunk of a body."""
NESTING_LIMIT = 16
"""Levels of objects and lists in a header."""
MESSAGE_SECONDS = 10.0
"""A message ends this soon after its first byte."""

_LENGTHS = struct.Struct("<II")


class BrokenFrame(Exception):
    """The other side broke a rule of the protocol: the connection is closed without a word."""


@dataclass(frozen=True, slots=True)
class Message:
    """A frame with a header."""

    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the body that has begun; empty where the sender gives that body up."""

    data: bytes


def encode_message(value: dict[str, Any]) -> bytes:
    """The frame of a message."""
    header = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if len(header) > HEADER_LIMIT:
        raise ValueError(f"a header of {len(header)} bytes; the limit is {HEADER_LIMIT}")
    return _LENGTHS.pack(len(header), 0) + header


def encode_chunk(data: bytes | memoryview) -> bytes:
    """The frame of the next part of a body; of no bytes: the body is given up."""
    return _LENGTHS.pack(0, len(data)) + data


async def read_frame(reader: asyncio.StreamReader) -> Message | Chunk:
    """The next frame. Raises BrokenFrame, TimeoutError or asyncio.IncompleteReadError (the connection has ended)."""
    first = await reader.readexactly(1)
    async with asyncio.timeout(MESSAGE_SECONDS):
        header_bytes, body_bytes = _LENGTHS.unpack(first + await reader.readexactly(_LENGTHS.size - 1))
        if header_bytes > HEADER_LIMIT or body_bytes > CHUNK_LIMIT or (header_bytes and body_bytes):
            raise BrokenFrame(f"a frame of {header_bytes} bytes of header and {body_bytes} of body")
        if header_bytes:
            return Message(_decode_header(await reader.readexactly(header_bytes)))
    return Chunk(await reader.readexactly(body_bytes))


def _decode_header(header: bytes) -> dict[str, Any]:
    try:
        value = json.loads(header.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BrokenFrame("a header that is not JSON") from error
    if not isinstance(value, dict) or _levels(value) > NESTING_LIMIT:
        raise BrokenFrame("a header that is not an object of few levels")
    return value


def _levels(value: Any) -> int:
    """How deep `value` nests: an object of plain values is one level."""
    deepest, level = 0, [value]
    while level := [item for item in level if isinstance(item, (dict, list))]:
        deepest += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return deepest
