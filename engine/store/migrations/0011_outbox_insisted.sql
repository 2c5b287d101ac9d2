ALTER TABLE outbox_lane ADD COLUMN insisted boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN outbox_lane.insisted IS 'A person had the message at its head tried again: it is sent even where nobody can tell whether an earlier attempt took effect.';
