"""A circuit breaker for each model: after several failures in a row it is left alone for a while, then tried once.

Nygard 2007, "Release It!", chapter 5.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FAILURES_TO_OPEN = 5
OPEN_S = 30.0


class Breaker:
    """Counts failures in a row. Used on one event loop only, hence without a lock."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures = 0
        self._open_until = 0.0
        self._trying = False

    def allows(self) -> bool:
        """Whether the model may be asked now; after the pause only one caller at a time may."""
        if self._failures < FAILURES_TO_OPEN:
            return True
        if self._trying or self._now() < self._open_until:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The model answered, whatever the answer is worth."""
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        """The model could not be reached, or broke."""
        self._failures += 1
        self._trying = False
        if self._failures >= FAILURES_TO_OPEN:
            self._open_until = self._now() + OPEN_S

    def left(self) -> None:
        """The caller went away before anything was known."""
        self._trying = False
