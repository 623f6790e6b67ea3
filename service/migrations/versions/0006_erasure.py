"""Which threads the snapshot of an assessment holds, and the key a post came with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from service.assessment import AssessmentTextRow, AssessmentThreadRow, threads_in
from service.migrations.tables import metadata

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
_PART = 500


def upgrade() -> None:
    connection = op.get_bind()
    known = sa.inspect(connection)
    if "key_id" not in {column["name"] for column in known.get_columns("posts")}:
        op.add_column("posts", sa.Column("key_id", sa.String(36), nullable=True))
    if known.has_table("assessment_threads"):
        return
    metadata.tables["assessment_threads"].create(connection)
    last = ""
    while rows := _after(connection, last):
        named = [
            {"thread_id": thread, "assessment_id": id_}
            for id_, evidence in rows
            for thread in sorted(threads_in(evidence))
        ]
        if named:
            connection.execute(sa.insert(AssessmentThreadRow), named)
        last = rows[-1][0]


def _after(connection: sa.Connection, last: str) -> list[Any]:
    query = sa.select(AssessmentTextRow.assessment_id, AssessmentTextRow.evidence)
    query = query.where(AssessmentTextRow.assessment_id > last).order_by(AssessmentTextRow.assessment_id).limit(_PART)
    return list(connection.execute(query).all())


def downgrade() -> None:
    op.drop_table("assessment_threads")
    op.drop_column("posts", "key_id")
