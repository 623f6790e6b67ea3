"""What a draft that is written anew beside another has to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy.orm import Session

from service.desk import repository as desk
from service.drafting import repository as drafts
from service.drafting.draft import DraftKind, Sentence
from service.drafting.tables import DraftRow


@dataclass(frozen=True)
class Anew:
    """The other's sentences, the one to replace, how often so far, and the kind wished for; empty where there is no other."""

    before: list[Sentence]
    kind: str = "answer"
    sentence_id: str | None = None
    attempt: int = 0
    form: DraftKind | None = None

    @property
    def replaces(self) -> str | None:
        """The sentence that alone is written anew; None where the whole draft is."""
        return self.sentence_id if any(s.id == self.sentence_id for s in self.before) else None


def anew_of(session: Session, draft_id: str) -> Anew:
    """What is written anew in this draft."""
    row = desk.written_for(session, draft_id)
    if row is None:
        return Anew([])
    earlier = [r.draft_id for r in desk.regenerations(session, row.of_draft_id) if r.draft_id <= draft_id]
    text, of_draft = drafts.text(session, row.of_draft_id), session.get(DraftRow, row.of_draft_id)
    before = [Sentence.model_validate(s) for s in text.sentences] if text else []
    kind = (of_draft.kind if of_draft else None) or "answer"
    return Anew(before, kind, row.sentence_id, len(earlier), cast("DraftKind | None", row.form))
