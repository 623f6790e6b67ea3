"""Writes the frozen evidence of drafting questions: retrieval over the sample community, under names that last."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from eval.frozen import FROZEN
from eval.loading import shipped
from eval.subjects import SITE, World
from service.intake.post import Author, NewPost
from service.retrieval.evidence import Evidence


def freeze_questions(world: World, *, write: bool) -> int:
    """Freeze every question anew; returns how many rows differ from what is there."""
    names = _names(world)
    questions: list[dict[str, Any]] = []
    passages: dict[str, dict[str, Any]] = {}
    for row in shipped("drafting_questions").rows:
        author = Author(id="member", role=row.author.role, level=row.author.level, company=row.author.company)
        read = world.read(NewPost(site=SITE, external_id=row.id, title=row.title, body=row.body, author=author))
        questions.append(_question(row.id, read.evidence, names, passages))
    files = {"drafting_questions.jsonl": questions, "passages.jsonl": [passages[name] for name in sorted(passages)]}
    changed = 0
    for name, rows in files.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        path = FROZEN / name
        known = set(path.read_text("utf-8").splitlines()) if path.is_file() else set()
        changed += sum(line not in known for line in lines)
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return changed


def _question(
    question: str,
    evidence: Evidence,
    names: dict[str, tuple[str, str | None, int]],
    passages: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """One row; passages are collected once, whoever shares them."""
    external = {thread.thread_id: thread.external_id for thread in evidence.related}
    found = []
    for p in evidence.passages:
        thread, answer, ordinal = names[p.id]
        name = f"{thread}#{answer or 'q'}#{ordinal}"
        external[p.thread_id] = thread
        passages[name] = {
            "id": name, "thread": thread, "answer": answer, "field": p.field, "text": p.text, "author": p.author,
            "role": p.author_role, "level": p.author_level, "date": p.date.isoformat() if p.date else None,
            "accepted": p.accepted, "votes": p.votes,
        }  # fmt: skip
        found.append([name, round(p.score, 4)])
    threads = []
    for related in evidence.related:
        thread, answer, ordinal = names.get(related.passage_id, (related.external_id, None, 0))
        row = related.model_dump(mode="json")
        row |= {"thread_id": related.external_id, "passage_id": f"{thread}#{answer or 'q'}#{ordinal}"}
        row |= {"passage": related.passage[:200], "score": round(related.score, 4), "url": related.url}
        row["duplicate_probability"] = round(related.duplicate_probability, 4)
        threads.append(row)
    return {"id": question, "index": "frozen", "threads": threads, "passages": found}


def _names(world: World) -> dict[str, tuple[str, str | None, int]]:
    """Passage id → (thread's external id, answer's external id, ordinal)."""
    from service.corpus.tables import AnswerRow, PassageRow, ThreadRow

    query = (
        sa.select(PassageRow.id, ThreadRow.external_id, AnswerRow.external_id, PassageRow.ordinal)
        .join(ThreadRow, ThreadRow.id == PassageRow.thread_id)
        .outerjoin(AnswerRow, AnswerRow.id == PassageRow.answer_id)
        .where(PassageRow.site == SITE)
    )
    with world.stations.database.read() as session:
        return {row[0]: (row[1], row[2], row[3]) for row in session.execute(query)}
