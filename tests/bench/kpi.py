#!/usr/bin/env python3
"""The two halves of tests/bench/kpi, which says how to run them."""
import json
import os
import resource
import signal
import subprocess
import sys
import time

FROM, TO = "2026-01-01", "2026-04-01"
ROUNDS = 3


def deskbell(program, folder, tickets):
    """Has the figures computed beside a Postgres that is up, as a running engine has it, and says what that takes."""
    common = [program, "--config", f"{folder}/deskbell.toml", "--data-dir", f"{folder}/data-{tickets}"]
    engine = subprocess.Popen([*common, "serve", "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    try:
        for line in engine.stderr:
            if line.startswith("deskbell listens on"):
                break
        asked = ["--from", FROM, "--to", TO, "--calendar", "berlin", "--by", "channel", "--bucket", "week", "--format", "json"]
        for n in range(ROUNDS):
            began = time.monotonic()
            command = subprocess.Popen([*common, "kpi", *asked], stdout=subprocess.PIPE)
            report = command.stdout.read()
            _, status, used = os.wait4(command.pid, 0)
            seconds = time.monotonic() - began
            if status:
                sys.exit("deskbell kpi failed")
            print(f"round {n + 1}: {seconds:.2f} s, of which {used.ru_utime + used.ru_stime:.2f} s of its own on the processor, "
                  f"at most {used.ru_maxrss / 1024:.0f} MiB")
        with open(f"{folder}/report-{tickets}.json", "wb") as file:
            file.write(report)
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait()


# One row for each event: what the eight figures ask for and no more.
EVENTS = """
COPY (
    WITH lines AS (SELECT json, row_number() OVER () AS place FROM read_ndjson_objects('{history}')),
    read AS (
        SELECT place, substr(json->>'type', 10) AS kind, json->>'subject' AS ticket,
            (json->>'time')::TIMESTAMPTZ AS ts, json->'data' AS data FROM lines)
    SELECT place, kind, ticket, ts,
        data->'actor'->>'role' AS role,
        (data->'comment'->>'public')::BOOLEAN AS is_public,
        CASE kind WHEN 'ticket.created' THEN coalesce(data->'ticket'->>'status', 'new') ELSE data->'changes'->'status'->>'to' END AS status,
        CASE kind WHEN 'ticket.created' THEN data->'ticket'->>'group' ELSE data->'changes'->'group'->>'to' END AS grp,
        CASE kind WHEN 'ticket.created' THEN data->'ticket'->>'assignee' ELSE data->'changes'->'assignee'->>'to' END AS assignee,
        CASE data->>'kind' WHEN 'csat' THEN
            ((data->>'score')::DOUBLE - (data->'scale'->>'min')::DOUBLE)
            / ((data->'scale'->>'max')::DOUBLE - (data->'scale'->>'min')::DOUBLE) END AS csat
    FROM read WHERE kind LIKE 'ticket.%' OR kind = 'rating.submitted'
) TO '{parquet}' (FORMAT parquet)
"""

# Each solve and each transfer comes from the values before it; a ticket's order is that of time, then of arrival.
FIGURES = """
WITH known AS (
    SELECT * FROM '{parquet}' WHERE ts < TIMESTAMPTZ '{to} 00:00+00'),
gone AS (SELECT DISTINCT ticket FROM known WHERE kind IN ('ticket.merged', 'ticket.deleted')),
e AS (SELECT * FROM known WHERE ticket NOT IN (SELECT ticket FROM gone)),
statuses AS (
    SELECT ticket, ts, place, status IN ('solved', 'closed') AS solved, status IN ('pending', 'on_hold') AS paused,
        lag(status IN ('solved', 'closed')) OVER w AS was, lead(ts) OVER w AS until
    FROM e WHERE status IS NOT NULL WINDOW w AS (PARTITION BY ticket ORDER BY ts, place)),
solves AS (
    SELECT ticket, max((ts, place)) AS last, max(ts) AS solved_at FROM statuses WHERE solved AND was IS NOT TRUE GROUP BY ticket),
ends AS (SELECT ticket, arg_max(solved, (ts, place)) AS solved FROM statuses GROUP BY ticket),
reopens AS (
    SELECT s.ticket, count(*) AS n FROM statuses AS s JOIN solves USING (ticket)
    WHERE NOT s.solved AND s.was AND (s.ts, s.place) < solves.last GROUP BY s.ticket),
pauses AS (
    SELECT s.ticket, sum(epoch_us(s.until) - epoch_us(s.ts)) AS micros FROM statuses AS s JOIN solves USING (ticket)
    WHERE s.paused AND (s.ts, s.place) < solves.last GROUP BY s.ticket),
replies AS (
    SELECT e.ticket, count(*) FILTER ((e.ts, e.place) < solves.last) AS n, min(e.ts) AS first
    FROM e LEFT JOIN solves USING (ticket)
    WHERE e.kind = 'ticket.commented' AND e.is_public AND e.role = 'agent' GROUP BY e.ticket),
fields AS (
    SELECT ticket, ts, place, grp, assignee,
        last_value(grp IGNORE NULLS) OVER w AS grp_before, last_value(assignee IGNORE NULLS) OVER w AS assignee_before
    FROM e WHERE kind IN ('ticket.created', 'ticket.updated')
    WINDOW w AS (PARTITION BY ticket ORDER BY ts, place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
transfers AS (
    SELECT f.ticket, count(*) AS n FROM fields AS f JOIN solves USING (ticket)
    WHERE (f.grp <> f.grp_before OR f.assignee <> f.assignee_before) AND (f.ts, f.place) < solves.last GROUP BY f.ticket),
ratings AS (SELECT ticket, arg_max(csat, (ts, place)) AS csat, max(ts) AS ts FROM e WHERE csat IS NOT NULL GROUP BY ticket),
t AS (
    SELECT e.ts AS created, e.role AS creator, ends.solved, solves.solved_at AS last_solve, coalesce(reopens.n, 0) AS reopens,
        coalesce(pauses.micros, 0) AS paused, coalesce(replies.n, 0) AS replies, replies.first AS first_reply,
        coalesce(transfers.n, 0) AS transfers, ratings.csat, ratings.ts AS rated
    FROM e JOIN ends USING (ticket) LEFT JOIN solves USING (ticket) LEFT JOIN reopens USING (ticket)
        LEFT JOIN pauses USING (ticket) LEFT JOIN replies USING (ticket) LEFT JOIN transfers USING (ticket)
        LEFT JOIN ratings USING (ticket)
    WHERE e.kind = 'ticket.created'),
p AS (
    SELECT *, created >= begins AS is_new, solved AND last_solve >= begins AS is_done
    FROM t, (SELECT TIMESTAMPTZ '{from} 00:00+00' AS begins))
SELECT
    count(*) FILTER (is_new) AS ticket_volume,
    (quantile_cont(epoch_us(first_reply) - epoch_us(created), 0.5)
        FILTER (first_reply >= begins AND creator <> 'agent')) / 1e6 AS first_response_time,
    (quantile_cont(epoch_us(last_solve) - epoch_us(created) - paused, 0.5) FILTER (is_done)) / 1e6 AS resolution_time,
    avg((reopens = 0 AND transfers = 0 AND replies <= 1)::INT) FILTER (is_done) AS first_contact_resolution,
    avg((reopens > 0)::INT) FILTER (is_done) AS reopen_rate,
    count(*) FILTER (NOT solved) AS backlog,
    avg(replies) FILTER (is_done) AS replies_per_ticket,
    avg((csat >= 0.75)::INT) FILTER (rated >= begins) AS csat
FROM p
"""


def duckdb_half(history, folder, tickets):
    import duckdb

    parquet = f"{folder}/history-{tickets}.parquet"
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET TimeZone = 'UTC'; SET preserve_insertion_order = true")
    if not os.path.exists(parquet):
        began = time.monotonic()
        connection.execute(EVENTS.format(history=history, parquet=parquet))
        print(f"events to Parquet in {time.monotonic() - began:.1f} s")
    for n in range(ROUNDS):
        began = time.monotonic()
        result = connection.execute(FIGURES.format(parquet=parquet, **{"from": FROM, "to": TO}))
        row = dict(zip((column[0] for column in result.description), result.fetchone()))
        print(f"round {n + 1}: {time.monotonic() - began:.2f} s")
    print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    with open(f"{folder}/report-{tickets}.json", encoding="utf-8") as file:
        figures = json.load(file)["figures"]
    same = {
        "ticket_volume": figures["ticket_volume"],
        "first_response_time": figures["first_response_time"]["calendar"]["p50"],
        "resolution_time": figures["resolution_time"]["calendar"]["p50"],
        "first_contact_resolution": figures["first_contact_resolution"]["value"],
        "reopen_rate": figures["reopen_rate"]["value"],
        "backlog": figures["backlog"]["unsolved"],
        "replies_per_ticket": figures["replies_per_ticket"]["value"],
        "csat": figures["csat"]["value"],
    }
    differ = [name for name, value in same.items() if abs(value - row[name]) > 1e-6 * max(1.0, abs(value))]
    for name, value in same.items():
        print(f"{name}: deskbell {value}, DuckDB {row[name]}{' DIFFERS' if name in differ else ''}")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    half, first, folder, tickets = sys.argv[1:]
    (deskbell if half == "deskbell" else duckdb_half)(first, folder, tickets)
