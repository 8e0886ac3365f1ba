"""Indexes for pages of rows: what people look through is there in milliseconds, however long the run is."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEW_INDEXES = "decisions_by_seq orders_by_seq trades_by_seq packets_of_posture"


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    for index in NEW_INDEXES.split():
        op.execute(f"DROP INDEX {index}")
