-- The engine processes that share this database.

CREATE TABLE node (
    tenant_id int NOT NULL REFERENCES tenant,
    node_id uuid NOT NULL,
    digest bytea NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, node_id)
);
COMMENT ON TABLE node IS 'Engine processes that are running; a process that ends takes its row with it, one that is killed leaves it to age.';
COMMENT ON COLUMN node.digest IS 'Of the configuration: processes that share a database are told to do the same.';
