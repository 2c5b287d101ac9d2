-- How often tables are looked at for the planner that are read by key or from end to end: what is asked of them has one plan,
-- and how their values are spread does not change as they grow. A young database grows by a tenth in seconds, and looking at
-- all of them takes a processor for seconds. `ticket_fact` and `activity`, which are read by time, are looked at as often as
-- ever.

ALTER TABLE delivery_key SET (autovacuum_analyze_scale_factor = 0.5);
ALTER TABLE lane SET (autovacuum_analyze_scale_factor = 0.5);
ALTER TABLE event SET (autovacuum_analyze_scale_factor = 0.5);
ALTER TABLE ticket SET (autovacuum_analyze_scale_factor = 0.5);
ALTER TABLE outbox SET (autovacuum_analyze_scale_factor = 0.5);
ALTER TABLE outbox_lane SET (autovacuum_analyze_scale_factor = 0.5);

-- A partitioned table has no such settings; its partitions do, and those that are made later get them when they are made.
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent IN ('inbox'::regclass, 'plugin_call'::regclass, 'attempt'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_analyze_scale_factor = 0.5)', partition);
    END LOOP;
END
$$;
