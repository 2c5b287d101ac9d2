-- Lanes: one narrow row per ticket, conversation or source that says what is pending and when to wake.

CREATE SEQUENCE lease_token AS bigint CACHE 32;
CREATE SEQUENCE event_id AS bigint;

CREATE TABLE lane (
    tenant_id int NOT NULL,
    lane_id bigint GENERATED ALWAYS AS IDENTITY,
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 2),
    source_id int NOT NULL,
    key text NOT NULL,
    arrivals bigint NOT NULL DEFAULT 0,
    done_event bigint NOT NULL DEFAULT 0,
    wake_at timestamptz,
    next_timer timestamptz,
    lease_token bigint,
    attempts smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, lane_id),
    UNIQUE (tenant_id, source_id, kind, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000);
COMMENT ON TABLE lane IS 'Keeps the order of one ticket''s events. Work ready, lease deadline and next timer are one column, wake_at.';
COMMENT ON COLUMN lane.kind IS '0 ticket, 1 conversation, 2 source.';
COMMENT ON COLUMN lane.key IS 'The ticket''s or conversation''s id; empty for a source.';
COMMENT ON COLUMN lane.arrivals IS 'Counted up by each intake that wakes it, so that a finishing dispatcher sees what came meanwhile.';
COMMENT ON COLUMN lane.done_event IS 'Events up to this one have been handled.';
COMMENT ON COLUMN lane.wake_at IS 'When it is due: now with work, the lease''s end while claimed, else the next timer. Null: nothing to do.';
COMMENT ON COLUMN lane.next_timer IS 'The earliest of its timers, holds and clocks.';
COMMENT ON COLUMN lane.lease_token IS 'The fence: only who holds this token may finish. Null while unclaimed.';
COMMENT ON COLUMN lane.attempts IS 'Claims since it was last finished, so that a crash loop shows.';
CREATE INDEX lane_wake ON lane (tenant_id, wake_at) WHERE wake_at IS NOT NULL;
COMMENT ON INDEX lane_wake IS 'Serves the claim: the lanes that are due, longest due first.';

CREATE TABLE event (
    tenant_id int NOT NULL,
    lane_id bigint NOT NULL,
    event_id bigint NOT NULL DEFAULT nextval('event_id'),
    source_id int NOT NULL,
    key bytea NOT NULL,
    id text NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    subject text,
    data text NOT NULL,
    inbox_id bigint,
    hop smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, lane_id, event_id),
    UNIQUE (tenant_id, source_id, key)
);
COMMENT ON TABLE event IS 'The history of every lane, kept for good. event_id is the order of arrival within a lane: it is given out under the lane''s lock.';
COMMENT ON COLUMN event.key IS 'The first 16 bytes of the SHA-256 of id: the same event of a source again is a duplicate.';
COMMENT ON COLUMN event.at IS 'When it happened.';
COMMENT ON COLUMN event.subject IS 'The subject where it is not the lane''s key.';
COMMENT ON COLUMN event.data IS 'The event''s data, JSON text as it came.';
COMMENT ON COLUMN event.inbox_id IS 'The delivery it came in; null for imports and for the engine''s own events.';
COMMENT ON COLUMN event.hop IS 'How many of the engine''s own writes led to it, one after the other.';
