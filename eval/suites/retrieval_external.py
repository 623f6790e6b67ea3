"""Related threads in EVAL_DATA: links that people made between 7,940 threads."""

from __future__ import annotations

from eval.suite import Section

SECTIONS: tuple[Section, ...] = ()
