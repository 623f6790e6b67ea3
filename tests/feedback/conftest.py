"""The loop is tested on the service that the review tests use."""

from __future__ import annotations

from tests.review.conftest import desk, open_desk, service, start

__all__ = ["desk", "open_desk", "service", "start"]
