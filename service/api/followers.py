"""A bound on event streams: how many are open at once, together and of one caller."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from service.errors import TooManyRequests


@dataclass
class Streams:
    """Open streams of one kind: at most `most` together and `each` of one caller. Safe to use from many threads."""

    most: int
    each: int
    _open: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, caller_id: str) -> Place:
        """Take a place, which has to be left. Raises TooManyRequests."""
        with self._lock:
            if self._open[caller_id] >= self.each:
                raise TooManyRequests(f"at most {self.each} streams are followed at once; close another page")
            if self._open.total() >= self.most:
                raise TooManyRequests("too many streams are followed at once; the page works without")
            self._open[caller_id] += 1
        return Place(self, caller_id)

    def leave(self, caller_id: str) -> None:
        """Give a place back."""
        with self._lock:
            self._open[caller_id] -= 1
            if self._open[caller_id] <= 0:
                del self._open[caller_id]

    def count(self) -> int:
        """How many are open."""
        with self._lock:
            return self._open.total()


@dataclass
class Place:
    """One open stream; leaving it twice counts once."""

    streams: Streams
    caller_id: str
    _left: bool = False

    def leave(self) -> None:
        """Give the place back."""
        if not self._left:
            self._left = True
            self.streams.leave(self.caller_id)
