"""Small sources of each format, written for the tests: what an export holds, oddities and all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

QUESTIONS = 23


def write_jsonl(folder: Path, count: int = QUESTIONS) -> Path:
    """Threads a line, and three lines that cannot be read."""
    rows = [json.dumps(_thread(n)) for n in range(count)]
    rows[5:5] = ["{not json", json.dumps({"external_id": "x", "title": "No date"}), '["a list"]']
    path = folder / "threads.jsonl"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def _thread(n: int) -> dict[str, Any]:
    return {
        "external_id": f"t{n}", "title": f"How long to stay in role {n}?", "body": f"I joined {n} months ago.",
        "created_at": "2024-05-01T10:00:00Z", "author": {"id": f"asker{n}"},
        "answers": [
            {"external_id": f"a{n}", "body": f"Stay until project {n} has shipped.", "author": {"id": "mentor"}},
        ],
    }  # fmt: skip


def write_stackexchange(folder: Path, count: int = QUESTIONS) -> Path:
    """A dump's folder: every fourth question closed, the third deleted, answers far from their questions, a wiki page."""
    dump = folder / "dump"
    dump.mkdir()
    posts, links = [], []
    for n in range(1, count + 1):
        question = {
            "Id": n, "PostTypeId": 1, "CreationDate": "2020-01-02T03:04:05.678", "Score": n, "ViewCount": 10 * n,
            "Title": f"Is offer {n} fair?", "Tags": "<offers><negotiation>", "OwnerUserId": 1, "AcceptedAnswerId": 1000 + n,
            "Body": f"<p>They offer <b>{n}</b> days.</p><blockquote><p>as agreed</p></blockquote><pre><code>x = {n}</code></pre>",
        }  # fmt: skip
        question |= {"ClosedDate": "2021-01-01T00:00:00.000"} if n % 4 == 0 else {}
        question |= {"DeletionDate": "2021-01-01T00:00:00.000"} if n == 3 else {}
        posts.append(question)
        links.append({"Id": n, "PostId": n, "RelatedPostId": n % count + 1, "LinkTypeId": 3 if n == 1 else 1})
    for n in range(1, count + 1):
        answer = {"PostTypeId": 2, "ParentId": n, "CreationDate": "2020-02-02T00:00:00.000", "Score": 1}
        posts.append({"Id": 1000 + n, "Body": f"<p>Ask for {n + 2} days.</p>", "OwnerUserId": 2, **answer})
        posts.append({"Id": 2000 + n, "Body": "<p>Walk away.</p>", "OwnerDisplayName": "gone user", **answer})
    posts.append(
        {"Id": 9001, "PostTypeId": 2, "ParentId": 7777, "CreationDate": "2020-02-02T00:00:00.000", "Body": "lost"}
    )
    posts.append(
        {"Id": 9002, "PostTypeId": 4, "CreationDate": "2020-02-02T00:00:00.000", "Body": "<p>About offers.</p>"}
    )
    posts.append({"Id": 9003, "PostTypeId": 2, "ParentId": 1, "CreationDate": "2020-02-02T00:00:00.000", "Body": "hidden",
                  "DeletionDate": "2020-03-03T00:00:00.000"})  # fmt: skip
    _xml(dump / "Posts.xml", "posts", posts)
    _xml(dump / "PostLinks.xml", "postlinks", links)
    _xml(dump / "Users.xml", "users", [{"Id": 1, "DisplayName": "Robin"}, {"Id": 2, "DisplayName": "Sam & Co"}])
    _xml(dump / "Tags.xml", "tags", [{"Id": 1, "TagName": "offers", "ExcerptPostId": 9002}])
    _xml(dump / "Comments.xml", "comments", [{"Id": 1, "PostId": 2}, {"Id": 2, "PostId": 2}])
    return dump


def _xml(path: Path, root: str, rows: list[dict[str, Any]]) -> None:
    lines = ["  <row " + " ".join(f"{k}={quoteattr(str(v))}" for k, v in row.items()) + " />" for row in rows]
    path.write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>\n' + "\n".join(lines) + f"\n</{root}>\n", "utf-8"
    )


def write_discourse(folder: Path, count: int = QUESTIONS) -> Path:
    """Topics a file: one deleted, one unlisted, one private message, hidden and deleted posts, one file that is none."""
    topics = folder / "topics"
    topics.mkdir()
    for n in range(1, count + 1):
        topic = discourse_topic(n)
        topic |= {"deleted_at": "2024-01-01T00:00:00Z"} if n == 2 else {}
        topic |= {"visible": False} if n == 4 else {}
        topic |= {"archetype": "private_message"} if n == 5 else {}
        (topics / f"{n:03}.json").write_text(json.dumps(topic), "utf-8")
    (topics / "readme.json").write_text('{"about": "this folder"}', "utf-8")
    return topics


def discourse_topic(n: int) -> dict[str, Any]:
    """A topic as `/t/{id}.json` returns it, the parts that matter."""

    def post(number: int, text: str, **more: Any) -> dict[str, Any]:
        return {
            "id": n * 100 + number, "post_number": number, "post_type": 1, "username": f"user{number}", "cooked": f"<p>{text}</p>",
            "created_at": "2023-05-05T05:05:05.000Z", "actions_summary": [{"id": 2, "count": number}], **more,
        }  # fmt: skip

    posts = [
        post(1, f"My lead left team {n}. What now?"), post(2, f"Ask who decides for team {n}.", accepted_answer=True),
        post(3, "pinned", post_type=3), post(4, "rude", hidden=True), post(5, "taken back", user_deleted=True),
        post(6, "Wait a month.", user_title="Staff"),
    ]  # fmt: skip
    return {
        "id": n, "title": f"Lead left, team {n}", "tags": ["teams", {"name": "leads"}], "created_at": "2023-05-05T05:05:05.000Z",
        "archetype": "regular", "visible": True, "closed": n % 2 == 0, "views": 40 + n, "post_stream": {"posts": posts},
    }  # fmt: skip


def write_page(folder: Path, count: int = QUESTIONS) -> Path:
    """A listing copied from a browser."""
    lines = ["Growing Q&A and Videos", ""]
    for n in range(1, count + 1):
        author = f"Engineer {n} at Northwind"
        lines += [f"Should I switch to squad {n}?", f"{author} profile pic", author, f"Squad {n} asked me twice.", ""]
        lines += ["Show more", f"{n}.2K Views", f"{n} Comments", ""]
    lines += ["About Growing", "How people grow in their work.", ""]
    path = folder / "page.txt"
    path.write_text("\n".join(lines), "utf-8")
    return path


WRITERS = {"jsonl": write_jsonl, "stackexchange": write_stackexchange, "discourse": write_discourse, "page": write_page}
EXPECTED = {
    "jsonl": {"read": QUESTIONS + 3, "imported": QUESTIONS, "refused": 3, "gone": 0},
    "stackexchange": {"read": QUESTIONS, "imported": QUESTIONS - 1, "refused": 0, "gone": 1},
    "discourse": {"read": QUESTIONS + 1, "imported": QUESTIONS - 2, "refused": 1, "gone": 2},
    "page": {"read": QUESTIONS, "imported": QUESTIONS, "refused": 0, "gone": 0},
}
"""What the report of each source counts."""
