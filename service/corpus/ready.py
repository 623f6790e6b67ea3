"""A thread made ready to be stored: checked, made readable and digested before a transaction opens."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from service.corpus.passages import AnswerText, ThreadText, readable
from service.corpus.thread import Thread
from service.errors import InvalidInput

_CONTENT = ("title", "body", "format", "visibility")


@dataclass(frozen=True)
class ReadyThread:
    """One thread and what is computed from it. Make it with `make_ready`."""

    external_id: str
    thread: Thread
    content_digest: str
    record_digest: str

    @cached_property
    def _read(self) -> tuple[str, str, tuple[str, ...]]:
        thread = self.thread
        answers = tuple(readable(answer.body, thread.format) for answer in thread.answers)
        return readable(thread.title, "text"), readable(thread.body, thread.format), answers

    @property
    def authors(self) -> set[str]:
        """Everybody who wrote in it."""
        asker = {self.thread.author.id} if self.thread.author else set()
        return asker | {answer.author.id for answer in self.thread.answers}

    def is_shown(self, opted_out: set[str]) -> bool:
        """Whether it may be found at all."""
        author = self.thread.author
        return self.thread.visibility == "public" and (author is None or author.id not in opted_out)

    def text(self, thread_id: str, site: str, opted_out: set[str]) -> ThreadText:
        """What of it may be indexed. Answers carry their external ids here."""
        title, question, answers = self._read
        shown = tuple(
            AnswerText(answer.external_id, text)
            for answer, text in zip(self.thread.answers, answers, strict=True)
            if answer.author.id not in opted_out
        )
        return ThreadText(thread_id, site, title, question, shown)

    def columns(self, now: datetime) -> dict[str, Any]:
        """The columns of its row, without id and site."""
        thread = self.thread
        return {
            **{name: getattr(thread, name) for name in _COLUMNS},
            "external_id": self.external_id, "author": thread.author.model_dump() if thread.author else None,
            "author_id": thread.author.id if thread.author else None, "tags": list(dict.fromkeys(thread.tags)),
            "links": [link.model_dump() for link in thread.links], "content_digest": self.content_digest,
            "record_digest": self.record_digest, "updated_at": now,
        }  # fmt: skip

    def answer_columns(self) -> list[dict[str, Any]]:
        """The columns of its answers' rows, without ids."""
        return [
            {
                "external_id": answer.external_id, "body": answer.body, "author": answer.author.model_dump(),
                "author_id": answer.author.id, "score": answer.score, "accepted": answer.accepted,
                "created_at": answer.created_at,
            }
            for answer in self.thread.answers
        ]  # fmt: skip


_COLUMNS = (*_CONTENT, "url", "created_at", "kind", "score", "views", "comments", "closed", "topic")


def make_ready(external_id: str, thread: Thread) -> ReadyThread:
    """Check and digest a thread. Raises InvalidInput where it says nothing or two answers share an id."""
    if not thread.title.strip() and not thread.body.strip():
        raise InvalidInput("title and body are both empty", field="title")
    ids = [answer.external_id for answer in thread.answers]
    if len(set(ids)) != len(ids):
        raise InvalidInput("two answers have the same external_id", field="answers")
    answers = [(answer.external_id, answer.body, answer.author.model_dump()) for answer in thread.answers]
    content = [[getattr(thread, name) for name in _CONTENT], thread.author and thread.author.model_dump(), answers]
    return ReadyThread(external_id, thread, _digest(content), _digest(thread.model_dump(mode="json")))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
