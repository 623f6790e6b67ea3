"""Pages are tested on the service that the API tests use."""

from __future__ import annotations

from tests.api.conftest import service, start

__all__ = ["service", "start"]
