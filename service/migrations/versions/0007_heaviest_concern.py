"""The concern of each open item that weighs most on whoever reads it, by which a lighter one is found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.review.tables import ReviewFacetRow, ReviewItemRow
from service.review.wellbeing import heaviest

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
_PART = 500


def upgrade() -> None:
    connection, item, facet = op.get_bind(), ReviewItemRow, ReviewFacetRow
    known = sa.exists().where(facet.item_id == item.id, facet.facet == "heaviest")
    query = sa.select(item.id, item.site, item.urgency, item.categories).where(item.state == "open", ~known)
    last = ""
    while rows := connection.execute(query.where(item.id > last).order_by(item.id).limit(_PART)).all():
        values = [
            {
                "facet": "heaviest",
                "value": heaviest(row.categories),
                "urgency": row.urgency,
                "item_id": row.id,
                "site": row.site,
            }
            for row in rows
        ]
        connection.execute(sa.insert(facet), values)
        last = rows[-1].id


def downgrade() -> None:
    op.get_bind().execute(sa.delete(ReviewFacetRow).where(ReviewFacetRow.facet == "heaviest"))
