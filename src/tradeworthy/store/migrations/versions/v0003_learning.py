"""The uptrend desk and learning: the event log, positions, what was found, what it changed, and the views on them."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VIEWS = "majors_price_data_ohlc lowcap_price_data_ohlc uptrend_tokens lowcap_positions ad_strands"
NEW_TABLES = (
    "strands uptrend_positions pattern_trade_events pattern_episode_events learning_lessons pm_overrides pm_thresholds"
    " curators"
)
NEW_COLUMNS = "source source_bars expected coverage liquidity_usd market_cap"


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            op.execute(statement.replace(":", r"\:"))


def downgrade() -> None:
    for view in VIEWS.split():
        op.execute(f"DROP VIEW {view}")
    for table in NEW_TABLES.split():
        op.drop_table(table)
    for column in NEW_COLUMNS.split():
        op.drop_column("bars", column)
