"""The events a site can be told of."""

from __future__ import annotations

from typing import Literal

Event = Literal[
    "assessment.completed", "review.urgent", "draft.ready", "review.decided", "draft.published", "appeal.decided"
]
