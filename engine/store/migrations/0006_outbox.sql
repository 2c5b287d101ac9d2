-- What leaves: actions, in lanes of their own, one per destination and ticket.

CREATE SEQUENCE outbox_id AS bigint;

CREATE TABLE destination (
    tenant_id int NOT NULL REFERENCES tenant,
    destination_id int GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    paused_at timestamptz,
    PRIMARY KEY (tenant_id, destination_id),
    UNIQUE (tenant_id, name)
);
COMMENT ON TABLE destination IS 'Where actions go.';
COMMENT ON COLUMN destination.name IS 'source:NAME for a helpdesk, destination:NAME for a configured one.';
COMMENT ON COLUMN destination.paused_at IS 'Since when an operator has it paused; its messages wait.';

CREATE TABLE outbox (
    tenant_id int NOT NULL,
    destination_id int NOT NULL,
    lane_id bigint NOT NULL,
    outbox_id bigint NOT NULL,
    key uuid NOT NULL,
    kind text NOT NULL,
    action text NOT NULL,
    event_id bigint NOT NULL,
    plugin text NOT NULL,
    hop smallint NOT NULL,
    state smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 4),
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    reference text,
    PRIMARY KEY (tenant_id, destination_id, lane_id, outbox_id),
    UNIQUE (tenant_id, key),
    CHECK ((state IN (0, 1)) = (ended_at IS NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE outbox IS 'Actions with the key that makes a repeat harmless; done ones are deleted with their age.';
COMMENT ON COLUMN outbox.key IS 'Made of lane, event, plugin and the effect''s place, so that a repeated decision has the same.';
COMMENT ON COLUMN outbox.action IS 'The effect''s data and reason, JSON text.';
COMMENT ON COLUMN outbox.state IS '0 available, 1 retryable, 2 completed, 3 discarded (a dead letter), 4 cancelled (impossible at this helpdesk).';
COMMENT ON COLUMN outbox.reference IS 'The helpdesk''s reference to what was made, or why it was not.';
CREATE INDEX outbox_ended ON outbox USING brin (ended_at);
COMMENT ON INDEX outbox_ended IS 'Serves the cleaner.';

CREATE TABLE outbox_lane (
    tenant_id int NOT NULL,
    destination_id int NOT NULL,
    lane_id bigint NOT NULL,
    arrivals bigint NOT NULL DEFAULT 0,
    done_outbox bigint NOT NULL DEFAULT 0,
    wake_at timestamptz,
    lease_token bigint,
    attempts int NOT NULL DEFAULT 0,
    ambiguous boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, destination_id, lane_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000);
COMMENT ON TABLE outbox_lane IS 'Keeps the order of one ticket''s actions at one destination; the same protocol as lane.';
COMMENT ON COLUMN outbox_lane.attempts IS 'Failed attempts at the message at its head.';
COMMENT ON COLUMN outbox_lane.ambiguous IS 'The last attempt at its head may have taken effect: the helpdesk is asked before it is repeated.';
CREATE INDEX outbox_lane_wake ON outbox_lane (tenant_id, destination_id, wake_at) WHERE wake_at IS NOT NULL;
COMMENT ON INDEX outbox_lane_wake IS 'Serves the claim, a destination at a time: what waits for a paused one is not even looked at.';

CREATE TABLE attempt (
    tenant_id int NOT NULL,
    outbox_id bigint NOT NULL,
    attempted_at timestamptz NOT NULL,
    number int NOT NULL,
    outcome smallint NOT NULL CHECK (outcome BETWEEN 0 AND 4),
    status smallint,
    elapsed_ms int NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (tenant_id, outbox_id, number, attempted_at)
) PARTITION BY RANGE (attempted_at);
COMMENT ON TABLE attempt IS 'Each try to carry out an action.';
COMMENT ON COLUMN attempt.outcome IS '0 done, 1 will be tried again, 2 may have taken effect, 3 given up, 4 impossible.';
COMMENT ON COLUMN attempt.detail IS 'Requests and answers in short, at most 4 KiB, without credentials.';
CREATE TABLE attempt_default PARTITION OF attempt DEFAULT;
