"""Frozen evidence: what retrieval found for a question when it was last frozen, as Evidence again."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from eval.frozen_rows import FrozenPassage, FrozenQuestion
from eval.loading import FOLDER, NotThere, load
from service.retrieval.evidence import Evidence, EvidencePassage, RelatedThread

FROZEN = FOLDER / "frozen"


@cache
def _rows(folder: Path) -> tuple[dict[str, FrozenQuestion], dict[str, FrozenPassage]]:
    files = folder / "drafting_questions.jsonl", folder / "passages.jsonl"
    if not all(file.is_file() for file in files):
        raise NotThere("no evidence is frozen yet: `python -m eval freeze`")
    questions = load("frozen/drafting_questions", [files[0]], FrozenQuestion)
    passages = load("frozen/passages", [files[1]], FrozenPassage)
    return {row.id: row for row in questions.rows}, {row.id: row for row in passages.rows}


def evidence_of(question: str, folder: Path = FROZEN) -> Evidence:
    """The frozen evidence of a question. Raises NotThere for a question that was never frozen, InvalidDataset."""
    questions, passages = _rows(folder)
    if question not in questions:
        raise NotThere(f"no evidence is frozen for {question}: `python -m eval freeze`")
    row = questions[question]
    found = []
    for name, score in row.passages:
        p = passages[name]
        found.append(
            EvidencePassage(
                id=name, thread_id=p.thread, answer_id=p.answer, field=p.field, text=p.text, score=score,
                author=p.author, author_role=p.role, author_level=p.level, date=p.date,
                accepted=p.accepted, votes=p.votes,
            )
        )  # fmt: skip
    related = [RelatedThread(**thread.model_dump()) for thread in row.threads]
    return Evidence(related=related, passages=found, index_version=row.index)


def version() -> str:
    """A digest of everything frozen."""
    from hashlib import sha256

    digest = sha256()
    for file in sorted(FROZEN.glob("*.jsonl")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
