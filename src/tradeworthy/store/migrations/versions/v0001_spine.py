"""The first tables: what a session decides, orders, fills and earns."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "runs packets candidates decisions orders fills trades positions equity daily_performance counters bars"
    " risk_events halts agent_health"
)


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    op.execute("DROP VIEW paper_trades")
    for table in TABLES.split():
        op.drop_table(table)
