"""Tags of threads in EVAL_DATA: fit on the earlier 80 %, suggest for the later 20 %."""

from __future__ import annotations

from eval.suite import Section

SECTIONS: tuple[Section, ...] = ()
