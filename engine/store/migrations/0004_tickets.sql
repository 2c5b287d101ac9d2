-- What lanes have come to: tickets, their facts, and what plugins remember.

CREATE TABLE ticket (
    tenant_id int NOT NULL,
    lane_id bigint NOT NULL,
    source_id int NOT NULL,
    state text,
    last_at timestamptz NOT NULL,
    n_held int NOT NULL,
    open boolean NOT NULL,
    assignee text,
    requester text,
    created_at timestamptz,
    guard text,
    PRIMARY KEY (tenant_id, lane_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE ticket IS 'How each ticket stands: the fold of its lane''s history.';
COMMENT ON COLUMN ticket.state IS 'The ticket, JSON text; null before its creation is known.';
COMMENT ON COLUMN ticket.last_at IS 'The youngest event folded; an older one that arrives makes the whole history fold again.';
COMMENT ON COLUMN ticket.n_held IS 'Events that wait for the creation.';
COMMENT ON COLUMN ticket.open IS 'Known, unsolved, neither merged nor deleted.';
COMMENT ON COLUMN ticket.guard IS 'The loop guard''s memory, JSON text: own writes whose echo is expected, and recent automated actions.';
CREATE INDEX ticket_load ON ticket (tenant_id, source_id, assignee) WHERE open AND assignee IS NOT NULL;
COMMENT ON INDEX ticket_load IS 'Serves the load of agents.';
CREATE INDEX ticket_requester ON ticket (tenant_id, source_id, requester, created_at) WHERE requester IS NOT NULL;
COMMENT ON INDEX ticket_requester IS 'Serves a requester''s past tickets.';

CREATE TABLE ticket_fact (
    tenant_id int NOT NULL,
    lane_id bigint NOT NULL,
    source_id int NOT NULL,
    created_at timestamptz NOT NULL,
    facts bytea NOT NULL,
    PRIMARY KEY (tenant_id, lane_id)
) WITH (fillfactor = 85);
COMMENT ON TABLE ticket_fact IS 'The compact history of each ticket''s effective changes, from which figures of any past period are computed.';
CREATE INDEX ticket_fact_created ON ticket_fact USING brin (created_at);
COMMENT ON INDEX ticket_fact_created IS 'Serves figures of a period.';

CREATE TABLE timer (
    tenant_id int NOT NULL,
    lane_id bigint NOT NULL,
    plugin text NOT NULL,
    name text NOT NULL,
    fire_at timestamptz NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (tenant_id, lane_id, plugin, name)
);
COMMENT ON TABLE timer IS 'What plugins want to be woken for. The earliest is part of its lane''s wake_at: nobody polls this table.';

CREATE TABLE kv (
    tenant_id int NOT NULL,
    plugin text NOT NULL,
    lane_id bigint NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (tenant_id, plugin, lane_id, key)
);
COMMENT ON TABLE kv IS 'What plugins remember; lane_id 0 is what a plugin remembers for all tickets.';
CREATE INDEX kv_expiry ON kv (expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON INDEX kv_expiry IS 'Serves the cleaner.';

CREATE TABLE hold (
    tenant_id int NOT NULL,
    lane_id bigint NOT NULL,
    plugin text NOT NULL,
    from_event bigint NOT NULL,
    attempts int NOT NULL,
    next_at timestamptz,
    error text NOT NULL,
    single boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, lane_id, plugin)
);
COMMENT ON TABLE hold IS 'A plugin that failed on an event of a lane: it gets this and the lane''s later events again, in order, from next_at on.';
COMMENT ON COLUMN hold.single IS 'It gets that event alone: a dead letter that is replayed, the later ones having been decided on.';
COMMENT ON COLUMN hold.next_at IS 'Null: blocked until somebody replays it.';
