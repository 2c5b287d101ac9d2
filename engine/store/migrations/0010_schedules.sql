-- Schedules: how far each has been looked at, and its runs, each once.

CREATE TABLE schedule (
    tenant_id int NOT NULL REFERENCES tenant,
    name text NOT NULL,
    definition text NOT NULL,
    checked_to timestamptz NOT NULL,
    paused_at timestamptz,
    PRIMARY KEY (tenant_id, name)
);
COMMENT ON TABLE schedule IS 'The schedules of the configuration.';
COMMENT ON COLUMN schedule.definition IS 'Expression and zone; when they change, runs begin anew from then on.';
COMMENT ON COLUMN schedule.checked_to IS 'Runs that were due by then have been noted.';
COMMENT ON COLUMN schedule.paused_at IS 'Since when an operator has it paused; what is due meanwhile does not run.';

CREATE TABLE schedule_run (
    tenant_id int NOT NULL,
    schedule text NOT NULL,
    due_at timestamptz NOT NULL,
    kind text NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 4),
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz,
    event_key bytea,
    source_id int,
    error text,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, schedule, due_at),
    CHECK ((state IN (0, 1)) = (ended_at IS NULL))
);
COMMENT ON TABLE schedule_run IS 'A run happens once, whichever process notices it: by this key.';
COMMENT ON COLUMN schedule_run.kind IS 'event: it becomes an event for plugins; report: it makes and sends reports.';
COMMENT ON COLUMN schedule_run.state IS '0 scheduled, 1 running, 2 completed, 3 failed, 4 skipped (missed, or the one before was still running).';
COMMENT ON COLUMN schedule_run.next_at IS 'When it may be begun, or begun again: the end of its lease while it is running.';
COMMENT ON COLUMN schedule_run.event_key IS 'The key of the event that it became.';
CREATE INDEX schedule_run_open ON schedule_run (tenant_id, schedule, due_at) WHERE state < 2;
COMMENT ON INDEX schedule_run_open IS 'Serves the scheduler: what is to be begun or under way.';
