-- A candidate's path asks for the trade that each change of a position belongs to.
CREATE INDEX trades_of_position ON trades (run, desk, position, seq);
