"""One suite a page."""

from __future__ import annotations

from eval.suite import Suite
from eval.suites import flags, retrieval, routing, tags

SUITES: dict[str, Suite] = {suite.name: suite for suite in (flags.SUITE, routing.SUITE, tags.SUITE, retrieval.SUITE)}
"""Every suite by its name."""
