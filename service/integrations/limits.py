"""How many requests a key may make."""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from service.errors import TooManyRequests
from service.settings import Settings


class RateLimits:
    """A moving window per API key, in this process."""

    def __init__(self, settings: Settings) -> None:
        self._item = RateLimitItemPerMinute(settings.requests_per_minute) if settings.requests_per_minute else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, key_id: str) -> None:
        """Count a request. Raises TooManyRequests, which says after how many seconds to try again."""
        if self._item is None or self._limiter.hit(self._item, key_id):
            return
        stats = self._limiter.get_window_stats(self._item, key_id)
        wait = max(1, int(stats.reset_time - time.time()) + 1)
        raise TooManyRequests(f"at most {self._item.amount} requests a minute", retry_after=wait)
