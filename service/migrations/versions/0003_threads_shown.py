"""An index that answers whether threads may be shown without reading their texts."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = "ix_threads_shown"
COLUMNS = ["id", "site", "visibility", "author_id", "external_id"]


def upgrade() -> None:
    op.create_index(NAME, "threads", COLUMNS, if_not_exists=True)


def downgrade() -> None:
    op.drop_index(NAME, "threads", if_exists=True)
