"""The table of clinicians' opinions.

Files older than the first migration have it already, and are taken over as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table where there is none."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("model_version", sa.String, nullable=False),
        sa.Column("predicted_label", sa.String),
        sa.Column("opinion", sa.String, nullable=False),
        sa.Column("corrected_label", sa.String),
        sa.Column("comment", sa.String),
        if_not_exists=True,
    )
