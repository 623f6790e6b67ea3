"""Claims and evidence in EVAL_DATA, scored out of fold by claim group."""

from __future__ import annotations

from eval.suite import Section

SECTIONS: tuple[Section, ...] = ()
