"""Whether what a draft rests on may still be shown: the thread is there and public, nobody who wrote it has opted out."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.corpus import repository as threads
from service.corpus.tables import AuthorRow, PassageRow
from service.drafting.draft import Source
from service.retrieval.evidence import Evidence


def still_shown(session: Session, site: str, evidence: Evidence) -> Evidence:
    """The evidence as it may be shown now; what was withdrawn since retrieval is not in it."""
    gone = _gone(session, site, [(p.id, p.thread_id, p.author) for p in evidence.passages])
    visible = threads.visible(session, {t.thread_id for t in evidence.related})
    return evidence.model_copy(
        update={
            "passages": [p for p in evidence.passages if p.id not in gone],
            "related": [t for t in evidence.related if t.thread_id in visible],
        }
    )


def withdrawn(session: Session, site: str, sources: Iterable[Source]) -> set[str]:
    """Ids of the passages these sources name that may not be shown any more."""
    return _gone(session, site, [(source.passage_id, source.thread_id, source.author) for source in sources])


def _gone(session: Session, site: str, cited: list[tuple[str, str, str | None]]) -> set[str]:
    """Passages of threads that are gone, of authors who opted out, or cut out of a thread that was cut anew.

    A changed thread has no passages at all for the moment until it is cut again; that alone takes nothing away.
    """
    authors, of_threads = {author for _, _, author in cited if author}, {thread for _, thread, _ in cited}
    out = sa.select(AuthorRow.id).where(
        AuthorRow.site == site, AuthorRow.id.in_(authors), AuthorRow.reuse == "opted_out"
    )
    opted_out = set(session.scalars(out))
    visible = threads.visible(session, of_threads)
    cut = set(session.scalars(sa.select(PassageRow.thread_id).where(PassageRow.thread_id.in_(of_threads)).distinct()))
    present = {p.id for p in threads.passages(session, [id_ for id_, _, _ in cited])}
    return {
        id_ for id_, thread, author in cited
        if thread not in visible or author in opted_out or (thread in cut and id_ not in present)
    }  # fmt: skip
