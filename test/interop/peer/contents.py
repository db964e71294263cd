"""Files as the protocol sees them: segments, manifests, ids, names, bitmaps."""

from __future__ import annotations

import base64
import struct
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from .failure import Failure

VERSION = 1
FILE_BYTES_LIMIT = 2**40
SMALLEST_SEGMENT = 65_536
LARGEST_SEGMENT = 1_048_576
SEGMENTS_AT_LEAST = 128
HASH_BYTES = 32

_HEAD = struct.Struct("<4sBBHQ")


def segment_bytes_of(file_bytes: int) -> int:
    """The size of the segments, in bytes, of a file of so many bytes."""
    size = LARGEST_SEGMENT
    while size > SMALLEST_SEGMENT and file_bytes < SEGMENTS_AT_LEAST * size:
        size //= 2
    return size


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file's size and the hash of each of its segments; `encoded` is what the id is the hash of."""

    size: int
    hashes: tuple[bytes, ...]
    encoded: bytes
    id: str

    @property
    def segments(self) -> int:
        """How many there are; none in an empty file."""
        return len(self.hashes)

    def offset(self, segment: int) -> int:
        """Where a segment begins, in bytes."""
        return segment * segment_bytes_of(self.size)

    def length(self, segment: int) -> int:
        """The bytes of a segment; the last may be shorter."""
        return min(segment_bytes_of(self.size), self.size - self.offset(segment))

    def verifies(self, segment: int, data: bytes) -> bool:
        """Whether these are the bytes of that segment."""
        return len(data) == self.length(segment) and blake3(data).digest() == self.hashes[segment]


def make_manifest(file_bytes: int, hashes: Iterable[bytes]) -> Manifest:
    """The manifest of a file of that size with those segments."""
    hashes = tuple(hashes)
    size = segment_bytes_of(file_bytes)
    encoded = _HEAD.pack(b"P2PM", VERSION, size.bit_length() - 1, 0, file_bytes) + b"".join(hashes)
    return Manifest(file_bytes, hashes, encoded, blake3(encoded).hexdigest())


def manifest_of_file(path: Path) -> Manifest:
    """Reads and hashes a whole file."""
    file_bytes = path.stat().st_size
    size = segment_bytes_of(file_bytes)
    with path.open("rb") as file:
        hashes = [blake3(part).digest() for part in iter(lambda: file.read(size), b"")]
    return make_manifest(file_bytes, hashes)


def decode_manifest(encoded: bytes, file_id: str) -> Manifest:
    """The manifest in what somebody sent. Raises Failure CORRUPT unless it is that file's and keeps the rules."""
    if len(encoded) < _HEAD.size or blake3(encoded).hexdigest() != file_id:
        raise Failure("CORRUPT", "a manifest whose hash is not the file's id")
    magic, version, log2, zero, file_bytes = _HEAD.unpack_from(encoded)
    size = segment_bytes_of(file_bytes)
    segments = -(-file_bytes // size)
    if (
        (magic, version, 2**log2, zero) != (b"P2PM", VERSION, size, 0)
        or file_bytes > FILE_BYTES_LIMIT
        or len(encoded) != _HEAD.size + HASH_BYTES * segments
    ):
        raise Failure("CORRUPT", "a manifest that breaks the rules")
    rest = encoded[_HEAD.size :]
    hashes = (rest[at : at + HASH_BYTES] for at in range(0, len(rest), HASH_BYTES))
    return make_manifest(file_bytes, hashes)


def largest_manifest() -> int:
    """The bytes of the manifest of a file of the largest size."""
    return _HEAD.size + HASH_BYTES * (FILE_BYTES_LIMIT // LARGEST_SEGMENT)


def check_name(name: object) -> str:
    """The name, if it is one that may be announced. Raises Failure BAD_NAME."""
    if not isinstance(name, str):
        raise Failure("BAD_NAME", "a name is text")
    try:
        encoded = name.encode("utf-8")
    except UnicodeEncodeError:
        raise Failure("BAD_NAME", "a name is well-formed Unicode") from None
    if any(character == "\\" or unicodedata.category(character) == "Cc" for character in name):
        raise Failure("BAD_NAME", "a name has no backslash and no control character")
    parts = name.split("/")
    sizes_fit = all(1 <= len(part.encode()) <= 255 for part in parts)
    if len(encoded) > 1_024 or len(parts) > 32 or not sizes_fit or "." in parts or ".." in parts:
        raise Failure("BAD_NAME", "a name is 1 to 32 components of 1 to 255 bytes, none of them . or ..")
    return name


def encode_bitmap(held: Iterable[int], segments: int) -> str:
    """The bitmap of the segments that are held."""
    bits = bytearray(-(-segments // 8))
    for segment in held:
        bits[segment // 8] |= 1 << segment % 8
    return base64.b64encode(bits).decode()


def decode_bitmap(text: object, segments: int) -> set[int]:
    """The segments in a bitmap. Raises Failure BAD_REQUEST."""
    try:
        bits = base64.b64decode(str(text), validate=True)
    except ValueError:
        raise Failure("BAD_REQUEST", "a bitmap that is not base64") from None
    value = int.from_bytes(bits, "little")
    if len(bits) != -(-segments // 8) or value >> segments:
        raise Failure("BAD_REQUEST", "a bitmap of the wrong length")
    return {segment for segment in range(segments) if value >> segment & 1}
