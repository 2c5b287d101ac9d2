-- What plugins decided, and what could not be done.

CREATE TABLE plugin (
    tenant_id int NOT NULL REFERENCES tenant,
    name text NOT NULL,
    digest bytea NOT NULL,
    version text NOT NULL,
    component bytea NOT NULL,
    manifest text NOT NULL,
    installed_at timestamptz NOT NULL,
    active boolean NOT NULL,
    PRIMARY KEY (tenant_id, name, digest)
);
COMMENT ON TABLE plugin IS 'Installed components, so that every engine process runs the same; the shipped ones are in the binary.';
CREATE UNIQUE INDEX plugin_active ON plugin (tenant_id, name) WHERE active;
COMMENT ON INDEX plugin_active IS 'One version of a plugin is active.';

CREATE SEQUENCE call_id AS bigint CACHE 64;

CREATE TABLE plugin_call (
    tenant_id int NOT NULL,
    lane_id bigint NOT NULL,
    event_id bigint NOT NULL,
    call_id bigint NOT NULL DEFAULT nextval('call_id'),
    called_at timestamptz NOT NULL,
    plugin text NOT NULL,
    version text NOT NULL,
    kind text NOT NULL,
    attempt smallint NOT NULL,
    outcome smallint NOT NULL CHECK (outcome BETWEEN 0 AND 3),
    error text,
    effects text,
    log text,
    cpu_us int NOT NULL,
    wall_us int NOT NULL,
    memory_bytes bigint NOT NULL,
    PRIMARY KEY (tenant_id, lane_id, event_id, call_id, called_at)
) PARTITION BY RANGE (called_at);
COMMENT ON TABLE plugin_call IS 'Each call of a plugin: what it decided and why, what it used, what it logged.';
COMMENT ON COLUMN plugin_call.outcome IS '0 decided, 1 failed and will be retried, 2 failed and set aside, 3 failed and passed over.';
COMMENT ON COLUMN plugin_call.effects IS 'JSON text: the effects with their reasons and what became of each at once.';
CREATE TABLE plugin_call_default PARTITION OF plugin_call DEFAULT;

CREATE TABLE dead_letter (
    tenant_id int NOT NULL REFERENCES tenant,
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY,
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 2),
    lane_id bigint,
    event_id bigint,
    plugin text,
    outbox_id bigint,
    destination_id int,
    inbox_id bigint,
    error text NOT NULL,
    attempts int NOT NULL,
    set_aside_at timestamptz NOT NULL,
    replayed_at timestamptz,
    PRIMARY KEY (tenant_id, dead_letter_id)
);
COMMENT ON TABLE dead_letter IS 'What could not be done, where a person can see it and try again.';
COMMENT ON COLUMN dead_letter.kind IS '0 a plugin on an event, 1 an action, 2 a delivery that cannot be read.';
CREATE INDEX dead_letter_open ON dead_letter (tenant_id, set_aside_at) WHERE replayed_at IS NULL;
COMMENT ON INDEX dead_letter_open IS 'Serves the list of what waits for a person.';
