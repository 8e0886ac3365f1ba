-- What is told of each run, by its packets: the text says the figures and what to do next.
CREATE TABLE alerts (
    id UUID NOT NULL,
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    severity TEXT NOT NULL,
    key TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX alerts_by_time ON alerts (run, created_at);

ALTER TABLE runs ADD COLUMN alert_state JSONB;
