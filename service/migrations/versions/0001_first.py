"""The first schema."""

from __future__ import annotations

from alembic import op

from service.corpus import lexical
from service.migrations.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    lexical.create(op.get_bind())


def downgrade() -> None:
    raise NotImplementedError("the first schema has nothing before it")
