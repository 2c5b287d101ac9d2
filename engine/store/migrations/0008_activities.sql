-- What happens at a helpdesk besides the changes of its tickets, as figures need it.

CREATE TABLE activity (
    tenant_id int NOT NULL,
    event_id bigint NOT NULL,
    lane_id bigint NOT NULL,
    source_id int NOT NULL,
    at timestamptz NOT NULL,
    until timestamptz,
    data bytea NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
);
COMMENT ON TABLE activity IS 'Calls and chats, work, ratings, shifts, the use of the knowledge base and costs: a row for each such event that has been handled.';
COMMENT ON COLUMN activity.event_id IS 'The event that told of it: its number makes a row single and gives the order of arrival.';
COMMENT ON COLUMN activity.lane_id IS 'The event''s lane: that of its ticket where it has one.';
COMMENT ON COLUMN activity.at IS 'When it happens as far as figures are concerned.';
COMMENT ON COLUMN activity.until IS 'The last instant at which it matters to a period; null where every later report looks at it.';
COMMENT ON COLUMN activity.data IS 'The compact form; its first byte is the form''s number.';

CREATE TABLE activity_gap (
    tenant_id int PRIMARY KEY,
    after_lane bigint NOT NULL,
    after_event bigint NOT NULL
);
COMMENT ON TABLE activity_gap IS 'How far the activities of events that were handled before there was the table activity have been made; no row: all.';
INSERT INTO activity_gap SELECT DISTINCT tenant_id, 0, 0 FROM lane;
