-- What came in: deliveries as they were, and the ids that tell a repeated one.

CREATE SEQUENCE inbox_id AS bigint CACHE 64;

CREATE TABLE inbox (
    tenant_id int NOT NULL,
    inbox_id bigint NOT NULL,
    received_at timestamptz NOT NULL,
    source_id int NOT NULL,
    delivery_id text,
    headers text NOT NULL,
    body bytea NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 3),
    detail text,
    PRIMARY KEY (tenant_id, inbox_id, received_at)
) PARTITION BY RANGE (received_at);
COMMENT ON TABLE inbox IS 'Webhooks as they arrived; a partition a day, dropped whole when its time is over.';
COMMENT ON COLUMN inbox.headers IS 'A JSON object of lower-case names; credentials are left out.';
COMMENT ON COLUMN inbox.state IS '0 to be read later, 1 read, 2 says nothing about tickets, 3 unreadable.';
COMMENT ON COLUMN inbox.detail IS 'Why it was put off, ignored or not understood; for canonical events the list of rejections.';
CREATE TABLE inbox_default PARTITION OF inbox DEFAULT;

CREATE TABLE delivery_key (
    tenant_id int NOT NULL,
    source_id int NOT NULL,
    key bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source_id, key)
);
COMMENT ON TABLE delivery_key IS 'Delivery ids of the last days: a repeated delivery answers 200 and changes nothing.';
COMMENT ON COLUMN delivery_key.key IS 'The first 16 bytes of the SHA-256 of the delivery id.';
CREATE INDEX delivery_key_age ON delivery_key USING brin (seen_at);
COMMENT ON INDEX delivery_key_age IS 'Serves the cleaner, which deletes what is older than senders retry.';
