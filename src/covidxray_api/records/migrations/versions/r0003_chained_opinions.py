"""Opinions are in the chain.

Those of before are taken into it with the first opinion that follows: a migration has no secret.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add to the table of opinions."""
    op.add_column("feedback", sa.Column("entry", sa.BigInteger))
    op.create_index("ix_feedback_entry", "feedback", ["entry"], unique=True)
