"""Every suite by name, in the order in which a post passes the stations."""

from __future__ import annotations

from eval.suite import Suite
from eval.suites import drafting, fault, flags, injection, privacy, retrieval, routing, support, tags

SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        retrieval.SUITE, tags.SUITE, flags.SUITE, routing.SUITE, drafting.SUITE, support.SUITE, injection.SUITE,
        privacy.SUITE, fault.SUITE,
    )
}  # fmt: skip
