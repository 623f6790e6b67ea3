"""Numbers of fitted taggers, what their shadow and gate said, and the moves of production: each fit was in it in its turn."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from alembic import op

from service.clock import new_id
from service.migrations.tables import metadata

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
NUMBERED = "uq_taggers_number"


def upgrade() -> None:
    connection = op.get_bind()
    if "number" in {column["name"] for column in sa.inspect(connection).get_columns("taggers")}:
        return
    op.add_column("taggers", sa.Column("number", sa.Integer, nullable=True))
    op.add_column("taggers", sa.Column("made_by", sa.String(200), nullable=True))
    op.add_column("taggers", sa.Column("shadow", sa.JSON, nullable=True))
    op.add_column("taggers", sa.Column("gate", sa.JSON, nullable=True))
    taggers, moves = metadata.tables["taggers"], metadata.tables["tagger_moves"]
    moves.create(connection, checkfirst=True)
    numbers: Counter[str] = Counter()
    for row in connection.execute(sa.select(taggers.c.id, taggers.c.site, taggers.c.at).order_by(taggers.c.id)).all():
        numbers[row.site] += 1
        number, by = numbers[row.site], "command line"
        known = sa.update(taggers).where(taggers.c.id == row.id).values(number=number, made_by=by)
        connection.execute(known)
        move = {"id": new_id(), "site": row.site, "number": number, "by": by, "reason": "the newest fit", "at": row.at}
        connection.execute(sa.insert(moves).values(move))
    with op.batch_alter_table("taggers") as table:
        table.alter_column("number", existing_type=sa.Integer(), nullable=False)
        table.alter_column("made_by", existing_type=sa.String(200), nullable=False)
        table.create_unique_constraint(NUMBERED, ["site", "number"])


def downgrade() -> None:
    """Before, the newest fit counted: those after the one in production go, so that no candidate comes into it."""
    connection, taggers, moves = op.get_bind(), metadata.tables["taggers"], metadata.tables["tagger_moves"]
    newest = sa.select(moves.c.number).where(moves.c.site == taggers.c.site).order_by(moves.c.id.desc()).limit(1)
    production = sa.func.coalesce(newest.correlate(taggers).scalar_subquery(), 0)
    connection.execute(sa.delete(taggers).where(taggers.c.number > production))
    op.drop_table("tagger_moves")
    with op.batch_alter_table("taggers") as table:
        table.drop_constraint(NUMBERED, type_="unique")
        for name in ("number", "made_by", "shadow", "gate"):
            table.drop_column(name)
