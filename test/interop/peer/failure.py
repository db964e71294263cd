"""The failures of the protocol: a closed set of codes, each with a sentence."""

from __future__ import annotations

from typing import Any

CODES = frozenset(
    "BAD_REQUEST BAD_NAME VERSION_MISMATCH NOT_FOUND NOT_HELD FILE_CHANGED BUSY DRAINING CANCELLED LIMIT_EXCEEDED "
    "PEER_ID_TAKEN NOT_JOINED DISK_FAILED INTERNAL".split()
)
"""Those that cross the wire."""

LOCAL_CODES = frozenset("NO_HOLDERS CONNECTION_LOST CORRUPT TIMED_OUT".split())
"""Those that only this side says, to whoever started it."""


class Failure(Exception):
    """Something failed in a way that has a name."""

    def __init__(self, code: str, message: str, retry_after_ms: float | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code if code in CODES or code in LOCAL_CODES else "INTERNAL"
        self.message = message
        self.retry_after_ms = retry_after_ms

    @staticmethod
    def from_wire(err: Any) -> Failure:
        """The failure that `err` of an answer means; a code that is not known is INTERNAL."""
        if not isinstance(err, dict):
            return Failure("INTERNAL", "a failure without a code")
        code = str(err.get("code"))
        wait = err.get("retryAfterMs")
        return Failure(
            code if code in CODES else "INTERNAL",
            str(err.get("message", "")),
            float(wait) if isinstance(wait, (int, float)) else None,
        )

    def to_wire(self) -> dict[str, Any]:
        """What an answer says in `err`."""
        err: dict[str, Any] = {"code": self.code if self.code in CODES else "INTERNAL", "message": self.message}
        if self.retry_after_ms is not None:
            err["retryAfterMs"] = self.retry_after_ms
        return err
