"""Reports from figures that others hand in: the daily summary, a backtest's files, performance metrics."""
