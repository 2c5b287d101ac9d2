-- Service level clocks: when they wake their lane, what has been told of them, and which policies held when.

ALTER TABLE lane ADD COLUMN next_clock timestamptz, ADD COLUMN imported_at timestamptz;
COMMENT ON COLUMN lane.next_timer IS 'The earliest of its timers and holds.';
COMMENT ON COLUMN lane.next_clock IS 'When the next of the ticket''s clocks is due or warns. The earlier of this and next_timer is when the lane wakes.';
COMMENT ON COLUMN lane.imported_at IS 'When history was last imported into it: what befell its clocks by then is told to nobody.';

CREATE TABLE ticket_sla (
    tenant_id int NOT NULL,
    lane_id bigint NOT NULL,
    told bytea NOT NULL,
    PRIMARY KEY (tenant_id, lane_id)
) WITH (fillfactor = 85);
COMMENT ON TABLE ticket_sla IS 'What has been told of each ticket''s clocks, so that everything is told once and what no longer holds is taken back.';
COMMENT ON COLUMN ticket_sla.told IS 'The outcomes, in the compact form of deskbell-model.';

CREATE TABLE sla_edition (
    tenant_id int NOT NULL REFERENCES tenant,
    edition int NOT NULL,
    digest bytea NOT NULL,
    definition text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, edition)
);
COMMENT ON TABLE sla_edition IS 'The policies and calendars that engines have run with, so that clocks that were over or breached keep what they had.';
COMMENT ON COLUMN sla_edition.digest IS 'Of the definition.';
COMMENT ON COLUMN sla_edition.definition IS 'TOML: [[sla]], [calendars] and the holiday files that they name.';
