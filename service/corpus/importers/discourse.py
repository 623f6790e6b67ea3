"""Discourse topics as `/t/{id}.json` returns them: one file, a folder of them, or one topic a line.

The first post is the question, the other regular posts are its answers. What Discourse hides or marks as deleted is
not imported; a topic that is deleted or hidden as a whole is removed where it is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.corpus.importers.record import Gone, PlainSource, Record, Refused, read_thread
from service.errors import InvalidInput

FILE_LIMIT = 64 << 20
LIKE = 2
"""Discourse's number of the action "like"."""
REGULAR = 1
"""Posts of other types are notes about the topic: closed, moved, tagged."""


class DiscourseSource(PlainSource):
    """An opened export. Raises InvalidInput where nothing in it is a topic."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._files = sorted(path.rglob("*.json")) + sorted(path.rglob("*.ndjson")) if path.is_dir() else [path]
        if not self._files or not all(file.is_file() for file in self._files):
            raise InvalidInput(f"{path} holds no .json or .ndjson file", field="file")
        self._incomplete = 0

    def records(self, after: int) -> Iterator[Record]:
        """One record a topic."""
        number = 0
        for file in self._files:
            for where, value in _values(file):
                number += 1
                if number > after:
                    yield self._record(number, where, value)
        if self._incomplete:
            self.notes.append(
                f"{self._incomplete} topics are longer than what is in the export; fetch them with ?print=true for up to 1,000 posts"
            )

    def _record(self, number: int, where: str, value: Any) -> Record:
        stream = value.get("post_stream") if isinstance(value, dict) else None
        posts = stream.get("posts") if isinstance(stream, dict) else None
        if not isinstance(value, dict) or not isinstance(posts, list) or not all(isinstance(p, dict) for p in posts):
            reason = value if isinstance(value, str) else "not a topic: it has no post_stream.posts"
            return Refused(number, f"{where}: {reason}")
        if not isinstance(value.get("id"), int):
            return Refused(number, f"{where}: id: must be a number")
        id_ = str(value["id"])
        first = next((post for post in posts if post.get("post_number") == 1), None)
        if value.get("archetype", "regular") not in ("regular", "banner"):
            return Gone(number, id_, "a private message")
        if value.get("deleted_at") or (first is not None and _gone(first)):
            return Gone(number, id_, "deleted or hidden")
        if first is None:
            return Refused(number, f"{where}: the first post is not in the export")
        everything = stream.get("stream") if isinstance(stream, dict) else None
        if (
            isinstance(everything, list)
            and len(set(map(str, everything)) - {str(post.get("id")) for post in posts}) > 0
        ):
            self._incomplete += 1
        found = read_thread(number, id_, _thread(value, first, posts))
        return Refused(number, f"{where}: {found.reason}") if isinstance(found, Refused) else found


def open_discourse(path: Path) -> DiscourseSource:
    """Open one topic's JSON, a folder of them, or NDJSON."""
    return DiscourseSource(path)


def _thread(topic: dict[str, Any], first: dict[str, Any], posts: list[dict[str, Any]]) -> dict[str, Any]:
    accepted = topic.get("accepted_answer")
    chosen = accepted.get("post_number") if isinstance(accepted, dict) else None
    answers = [
        post for post in posts
        if post is not first and post.get("post_type", REGULAR) == REGULAR and not _gone(post)
    ]  # fmt: skip
    solved = chosen is not None or any(post.get("accepted_answer") for post in answers)
    title = topic.get("title") or topic.get("fancy_title")
    question = solved or "topic_accepted_answer" in first or str(title).rstrip().endswith("?")
    return {
        "title": title, "body": first.get("cooked") or first.get("raw") or "", "format": _format(posts),
        "author": _author(first), "tags": [_name(tag) for tag in topic.get("tags") or []], "created_at": topic.get("created_at"),
        "visibility": "private" if topic.get("visible") is False else "public", "kind": "question" if question else "discussion",
        "score": _likes(first), "views": topic.get("views"), "closed": bool(topic.get("closed") or topic.get("archived")),
        "comments": len(answers),
        "answers": [
            {
                "external_id": str(post.get("id")), "body": post.get("cooked") or post.get("raw") or "", "author": _author(post),
                "score": _likes(post), "created_at": post.get("created_at"),
                "accepted": bool(post.get("accepted_answer")) or (chosen is not None and post.get("post_number") == chosen),
            }
            for post in answers
        ],
    }  # fmt: skip


def _gone(post: dict[str, Any]) -> bool:
    return bool(post.get("hidden") or post.get("deleted_at") or post.get("user_deleted"))


def _format(posts: list[dict[str, Any]]) -> str:
    return "html" if any(post.get("cooked") for post in posts) else "markdown"


def _author(post: dict[str, Any]) -> dict[str, Any]:
    author: dict[str, Any] = {"id": post.get("username") or "unknown"}
    role = post.get("user_title") or (
        "staff" if post.get("staff") or post.get("moderator") or post.get("admin") else None
    )
    return {**author, "role": role} if role else author


def _likes(post: dict[str, Any]) -> int | None:
    actions = post.get("actions_summary")
    if not isinstance(actions, list):
        return None
    return next((a.get("count", 0) for a in actions if isinstance(a, dict) and a.get("id") == LIKE), 0)


def _name(tag: Any) -> Any:
    return tag.get("name") if isinstance(tag, dict) else tag


def _values(file: Path) -> Iterator[tuple[str, Any]]:
    """Each JSON value of a file with where it stands: the file whole, or one a line. Text in its place says what is wrong."""
    if file.suffix != ".ndjson" and file.stat().st_size <= FILE_LIMIT:
        try:
            yield file.name, json.loads(file.read_bytes())
            return
        except UnicodeDecodeError:
            yield file.name, "not valid UTF-8"
            return
        except RecursionError:
            yield file.name, "nested too deeply"
            return
        except ValueError as refused:
            if not _is_lines(file):
                yield file.name, f"not valid JSON: {getattr(refused, 'msg', 'unreadable')}"
                return
    with file.open("rb") as stream:
        number = 0
        while line := stream.readline(FILE_LIMIT + 1):
            number += 1
            if len(line) > FILE_LIMIT:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(1 << 20)
                yield f"{file.name} line {number}", f"longer than {FILE_LIMIT >> 20} MiB"
            elif line.strip():
                try:
                    yield f"{file.name} line {number}", json.loads(line)
                except (ValueError, RecursionError):
                    yield f"{file.name} line {number}", "not valid JSON"


def _is_lines(file: Path) -> bool:
    """Whether the first line is a JSON object by itself."""
    with file.open("rb") as stream:
        try:
            return isinstance(json.loads(stream.readline(FILE_LIMIT)), dict)
        except (ValueError, RecursionError):
            return False
