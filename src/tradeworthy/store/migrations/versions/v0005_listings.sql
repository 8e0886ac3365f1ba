-- Pages of rows, the newest first, are read backwards over these.
CREATE INDEX decisions_by_seq ON decisions (run, seq);
CREATE INDEX orders_by_seq ON orders (run, seq);
CREATE INDEX trades_by_seq ON trades (run, seq);
CREATE INDEX packets_of_posture ON packets (run, seq) WHERE type = 'PostureChanged';
