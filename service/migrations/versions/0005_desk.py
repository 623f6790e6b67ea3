"""What the desk is filtered by, and the kind of draft that was wished for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.migrations.tables import metadata

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    known = sa.inspect(connection)
    if "form" not in {column["name"] for column in known.get_columns("regenerations")}:
        op.add_column("regenerations", sa.Column("form", sa.String(20), nullable=True))
    if "ix_drafts_status" not in {index["name"] for index in known.get_indexes("drafts")}:
        op.create_index("ix_drafts_status", "drafts", ["status", "id"])
    topics = metadata.tables["draft_topics"]
    topics.create(connection, checkfirst=True)
    drafts, assessments = metadata.tables["drafts"], metadata.tables["assessments"]
    of_drafts = sa.select(drafts.c.id, drafts.c.post_id, assessments.c.tags).join(
        assessments, assessments.c.id == drafts.c.assessment_id
    )
    for draft_id, post_id, tags in connection.execute(of_drafts).fetchall():
        for tag in {str(entry["tag"]) for entry in tags}:
            connection.execute(topics.insert().values(topic=tag, draft_id=draft_id, post_id=post_id))


def downgrade() -> None:
    op.drop_table("draft_topics")
    op.drop_index("ix_drafts_status", "drafts")
    op.drop_column("regenerations", "form")
