ALTER TABLE outbox ADD COLUMN ambiguous boolean NOT NULL DEFAULT false, ADD COLUMN insisted boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN outbox.ambiguous IS 'Its last attempt may have taken effect: the helpdesk is asked before it is repeated. It stands here too since an earlier message that is replayed takes its place at its lane''s head.';
COMMENT ON COLUMN outbox.insisted IS 'A person had it tried again: it is sent even where nobody can tell whether an earlier attempt took effect.';
