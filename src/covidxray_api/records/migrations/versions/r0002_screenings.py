"""The record of screenings, and opinions that replace others."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table, and add to that of opinions."""
    op.add_column("feedback", sa.Column("replaces", sa.Integer))
    op.create_index("ix_feedback_request_id", "feedback", ["request_id"])
    op.create_table(
        "screenings",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("identifier", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String),
        sa.Column("caller", sa.String),
        sa.Column("model", sa.String),
        sa.Column("model_version", sa.String),
        sa.Column("predicted_label", sa.String),
        sa.Column("content", sa.String),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("chain", sa.String, nullable=False),
    )
    op.create_index("ix_screenings_created_at", "screenings", ["created_at"])
    op.create_index("ix_screenings_request_id", "screenings", ["request_id"])
