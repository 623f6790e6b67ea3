"""Sketches of threads, for databases made before they were in the first schema."""

from __future__ import annotations

from alembic import op

from service.migrations.tables import metadata

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.tables["thread_sketches"].create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    op.drop_table("thread_sketches")
