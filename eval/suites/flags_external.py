"""Flags on sets in EVAL_DATA. What is fitted on a set is reported out of fold."""

from __future__ import annotations

from eval.suite import Section

SECTIONS: tuple[Section, ...] = ()
