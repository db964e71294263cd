"""How segments travel: as they are, or as a zlib stream. (Zstandard is not in the standard library.)"""

from __future__ import annotations

import zlib

from .failure import Failure

IDENTITY = "identity"
DEFLATE = "deflate"
KNOWN = (IDENTITY, DEFLATE)

_LEVEL = 1


def encode(raw: bytes, accepted: list[str], compress: bool) -> tuple[str, bytes]:
    """The codec and the encoded segment: deflate where that is wanted, accepted and shorter."""
    if compress and DEFLATE in accepted:
        encoded = zlib.compress(raw, _LEVEL)
        if len(encoded) < len(raw):
            return DEFLATE, encoded
    return IDENTITY, raw


def decode(codec: str, encoded: bytes, raw_bytes: int) -> bytes:
    """The segment. Raises Failure CORRUPT; never makes more than a byte more than `raw_bytes`."""
    if codec == IDENTITY:
        raw = encoded
    elif codec == DEFLATE:
        stream = zlib.decompressobj()
        try:
            raw = stream.decompress(encoded, raw_bytes + 1)
        except zlib.error as error:
            raise Failure("CORRUPT", f"a segment that does not inflate: {error}") from None
        if not stream.eof or stream.unused_data:
            raise Failure("CORRUPT", "a segment that is not one whole zlib stream of the announced length")
    else:
        raise Failure("CORRUPT", f"a codec that was not asked for: {codec}")
    if len(raw) != raw_bytes:
        raise Failure("CORRUPT", f"a segment of {len(raw)} bytes, announced as {raw_bytes}")
    return raw
