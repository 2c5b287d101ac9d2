//! How Postgres carries the hot statements out when tables have grown: by index, whatever it knows of the arguments.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::support::database::Database;

const LANES: &str = "'{100,200,300,400,500,600,700,800}'";
const TEXTS: &str = "'{a,b,c,d,e,f,g,h}'";
const NUMBERS: &str = "'{1,1,1,1,1,1,1,1}'";
const FALSE: &str = "'{f,f,f,f,f,f,f,f}'";
const TIMES: &str = "'{2026-03-02,2026-03-02,2026-03-02,2026-03-02,2026-03-02,2026-03-02,2026-03-02,2026-03-02}'";

/// 100,000 tickets, of which one in a hundred has something to do now and one in ten waits for a timer.
const FILL: &str = "
INSERT INTO source (tenant_id, name) VALUES (1, 'desk');
INSERT INTO destination (tenant_id, name) VALUES (1, 'source:desk');
INSERT INTO lane (tenant_id, kind, source_id, key, done_event, wake_at, next_timer)
    SELECT 1, 0, 1, 'T-' || n, n, CASE WHEN n % 100 = 0 THEN now() - n * interval '1 ms' WHEN n % 10 = 1 THEN now() + interval '1 day' END,
        CASE WHEN n % 10 = 1 THEN now() + interval '1 day' END
    FROM generate_series(1, 100000) AS n;
INSERT INTO event (tenant_id, lane_id, source_id, key, id, kind, at, received_at, data)
    SELECT 1, n, 1, decode(md5(n || '-' || part), 'hex'), n || '-' || part, 'deskbell.ticket.commented', now(), now(), '{}'
    FROM generate_series(1, 2) AS part, generate_series(1, 100000) AS n;
INSERT INTO ticket (tenant_id, lane_id, source_id, state, last_at, n_held, open, assignee, requester, created_at)
    SELECT 1, n, 1, '{}', now(), 0, n % 3 = 0, 'agent-' || n % 50, 'customer-' || n % 5000, now() FROM generate_series(1, 100000) AS n;
INSERT INTO ticket_fact SELECT 1, n, 1, now(), '' FROM generate_series(1, 100000) AS n;
INSERT INTO ticket_sla SELECT 1, n, '' FROM generate_series(1, 100000) AS n;
INSERT INTO timer SELECT 1, n, 'reminders', 'no-reply', now() + interval '1 day', '{}' FROM generate_series(1, 100000) AS n;
INSERT INTO hold SELECT 1, n, 'routing', n, 1, now() + interval '1 day', '' FROM generate_series(1, 100000) AS n;
INSERT INTO kv SELECT 1, 'reminders', n, 'waiting', '{}' FROM generate_series(1, 100000) AS n;
INSERT INTO outbox (tenant_id, destination_id, lane_id, outbox_id, key, kind, action, event_id, plugin, hop, state, created_at, ended_at)
    SELECT 1, 1, n, n, gen_random_uuid(), 'ticket.note', '{}', n, 'echoes', 0, CASE WHEN n % 100 = 0 THEN 0 ELSE 2 END, now(),
        CASE WHEN n % 100 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, 100000) AS n;
INSERT INTO outbox_lane (tenant_id, destination_id, lane_id, wake_at)
    SELECT 1, 1, n, CASE WHEN n % 100 = 0 THEN now() - n * interval '1 ms' END FROM generate_series(1, 100000) AS n;
INSERT INTO delivery_key SELECT 1, 1, decode(md5(n::text), 'hex'), now() FROM generate_series(1, 100000) AS n;
INSERT INTO inbox SELECT 1, n, now(), 1, n::text, '{}', '', 1 FROM generate_series(1, 100000) AS n;
INSERT INTO plugin_call (tenant_id, lane_id, event_id, called_at, plugin, version, kind, attempt, outcome, cpu_us, wall_us, memory_bytes)
    SELECT 1, n, n, now(), 'echoes', '1', 'ticket.commented', 1, 0, 1, 1, 1 FROM generate_series(1, 100000) AS n;
ANALYZE";

struct Hot {
    name: &'static str,
    arguments: String,
    /// Rows come in the order of an index.
    sorts: bool,
    /// Runs on the intake's connections, which have settings of their own.
    intake: bool,
}

fn hot(name: &'static str, arguments: &str) -> Hot {
    Hot { name, arguments: arguments.to_owned(), sorts: true, intake: false }
}

fn statements() -> Vec<Hot> {
    let unsorted = |name, arguments: &str| Hot { sorts: false, ..hot(name, arguments) };
    let of_intake = |name, arguments: &str| Hot { intake: true, ..hot(name, arguments) };
    vec![
        of_intake(
            "inbox.take_in",
            &format!("1, '{{0}}', '{{1}}', '{{aa}}', '{{2026-03-02}}', '{{a}}', '{{x}}', '{{aa}}', '{{1}}', '{{a}}', '{{0,0,0,0,0,0,0,0}}',
                '{{0,0,0,0,0,0,0,0}}', {NUMBERS}, {TEXTS}, {TEXTS}, {TEXTS}, {TEXTS}, {TIMES}, {TEXTS}, {TEXTS}, {NUMBERS}, 30"),
        ),
        hot(
            "inbox.add",
            &format!("1, {NUMBERS}, {NUMBERS}, {TEXTS}, {TEXTS}, {TEXTS}, {TEXTS}, {TIMES}, {TEXTS}, {TEXTS}, {NUMBERS}, '2026-03-02', 1"),
        ),
        unsorted("lane.claim", "1, 64, 30"),
        unsorted("lane.next_wake", "1"),
        unsorted("lane.backlog", "1"),
        hot("event.pending", &format!("1, {LANES}, {NUMBERS}, 32")),
        unsorted("event.history", "1, 700, 100000"),
        hot("event.latest", "1, 700, 100000, 20"),
        unsorted("event.between", "1, 700, 1, 100000, 20"),
        hot("ticket.load", &format!("1, {LANES}")),
        hot("ticket.of_requester", "1, 1, 'customer-7', 5"),
        hot("hold.of_lanes", &format!("1, {LANES}")),
        hot("timer.due", &format!("1, {LANES}, '2026-03-02'")),
        hot("agent.list", "1, 1, NULL"),
        hot("kv.get", "1, 'reminders', 7, 'waiting', '2026-03-02'"),
        hot("kv.list", "1, 'reminders', 7, 'w', '2026-03-02', 10"),
        hot("finish.lock", &format!("1, {LANES}, {NUMBERS}, {NUMBERS}, {NUMBERS}, {TEXTS}")),
        hot("finish.release", &format!("1, {LANES}, {NUMBERS}, {NUMBERS}, {FALSE}, {FALSE}, {TIMES}")),
        hot("clock.pass_over", &format!("1, {LANES}, {NUMBERS}")),
        hot("finish.retime", &format!("1, {LANES}")),
        hot("finish.kv_delete", &format!("1, {TEXTS}, {LANES}, {TEXTS}")),
        hot("finish.timer_cancel", &format!("1, {LANES}, {TEXTS}, {TEXTS}")),
        hot("finish.timer_fired", &format!("1, {LANES}, {TEXTS}, {TEXTS}, {TIMES}")),
        hot("finish.hold_released", &format!("1, {LANES}, {TEXTS}")),
        hot("finish.hops", &format!("1, {LANES}, {LANES}, {NUMBERS}")),
        unsorted("outbox.due", "1, 32, '{}'"),
        hot("outbox.claim", &format!("1, 180, {NUMBERS}, {LANES}")),
        hot("outbox.heads", &format!("1, {NUMBERS}, {LANES}, '{{0,0,0,0,0,0,0,0}}'")),
        hot("outbox.lock", "1, 1, 700, 1"),
        hot("outbox.mark", "1, 1, 700, 700, 2, '2026-03-02', NULL, false, false"),
        hot("outbox.release_ended", "1, 1, 700, 700, 1"),
        hot("outbox.release_retry", "1, 1, 700, 1, false, '2026-03-02', 700, false"),
        hot("outbox.release_empty", "1, 1, 700, 1, 1"),
        hot("outbox.postpone", "1, 1, 700, 1, '2026-03-02', 700, 1"),
    ]
}

/// What a plan does that it should not.
fn faults(plan: &Value, sorts: bool, found: &mut Vec<String>) {
    let text = |name: &str| plan[name].as_str().unwrap_or_default();
    let node = text("Node Type");
    let small = ["source", "destination", "agent"].contains(&text("Relation Name"));
    if node == "Seq Scan" && !small {
        found.push(format!("Seq Scan of {}", text("Relation Name")));
    }
    if node == "Sort" && !sorts {
        found.push("Sort".to_owned());
    }
    for inner in plan["Plans"].as_array().into_iter().flatten() {
        faults(inner, sorts, found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_statements_go_by_index_in_grown_tables() {
    let database = Database::create().await;
    database.execute(FILL).await;
    let all: std::collections::HashMap<_, _> = deskbell_store::statements::all().into_iter().collect();
    let mut wrong = Vec::new();
    for mode in ["force_generic_plan", "force_custom_plan"] {
        for hot in statements() {
            let mut connection = PgConnection::connect(&database.url).await.unwrap();
            let joins = if hot.intake { "SET enable_nestloop = off; SET enable_mergejoin = off;" } else { "" };
            let statement = all[hot.name];
            let prepare = format!("SET plan_cache_mode = {mode}; {joins} PREPARE hot (int) AS {statement}");
            connection.execute(sqlx::raw_sql(AssertSqlSafe(prepare))).await.unwrap();
            let explain = format!("EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE hot({})", hot.arguments);
            let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(explain))).await;
            let row = row.unwrap_or_else(|error| panic!("{}: {error}", hot.name));
            let plan: Value = sqlx::Row::get(&row, 0);
            let mut found = Vec::new();
            faults(&plan[0]["Plan"], hot.sorts, &mut found);
            if !found.is_empty() {
                wrong.push(format!("{} ({mode}): {found:?}", hot.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
