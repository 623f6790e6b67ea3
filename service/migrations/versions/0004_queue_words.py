"""Words of the titles of open items, for databases made before they were in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.intake.tables import PostRow, PostTextRow
from service.migrations.tables import metadata
from service.review.tables import ReviewItemRow, ReviewWordRow
from service.review.titles import WORDS_LIMIT, words_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if sa.inspect(connection).has_table("review_words"):
        return
    metadata.tables["review_words"].create(connection)
    titles = (
        sa.select(ReviewItemRow.id, PostTextRow.title)
        .join(PostRow, PostRow.id == ReviewItemRow.post_id)
        .join(PostTextRow, sa.and_(PostTextRow.post_id == PostRow.id, PostTextRow.revision == PostRow.revision))
        .where(ReviewItemRow.state == "open")
    )
    for item_id, title in connection.execute(titles).all():
        rows = [{"word": word, "item_id": item_id} for word in words_of(title)[:WORDS_LIMIT]]
        if rows:
            connection.execute(sa.insert(ReviewWordRow), rows)


def downgrade() -> None:
    op.drop_table("review_words")
