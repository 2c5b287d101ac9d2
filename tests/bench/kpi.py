#!/usr/bin/env python3
"""Measures for tests/bench/kpi, which says how to run it: `deskbell kpi` and DuckDB in turn, on the same events."""
import glob
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time

FROM, TO = "2026-01-01", "2026-04-01"
ASKED = ["--from", FROM, "--to", TO, "--calendar", "berlin", "--by", "channel", "--bucket", "week", "--format", "json"]
ROUNDS = 5
MOST_SECONDS, MOST_MIB = 3.0, 1024

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


def events_to_parquet(history, parquet):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET TimeZone = 'UTC'; SET preserve_insertion_order = true")
    began = time.monotonic()
    connection.execute(EVENTS.format(history=history, parquet=parquet))
    print(f"events to Parquet in {time.monotonic() - began:.1f} s")


def query(parquet):
    """One round of DuckDB, in a process of its own; its start is not counted."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET TimeZone = 'UTC'")
    began = time.monotonic()
    result = connection.execute(FIGURES.format(parquet=parquet, **{"from": FROM, "to": TO}))
    row = dict(zip((column[0] for column in result.description), result.fetchone()))
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024, "figures": row}))


def held(command, data):
    """MiB that the command and the database's processes hold; what they share counts once."""
    try:
        with open(f"{data}/postgres/cluster/postmaster.pid", encoding="utf-8") as file:
            postmaster = file.readline().strip()
    except OSError:
        postmaster = None
    kib = 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8") as file:
                number, rest = file.read().split(" ", 1)
            if number not in (postmaster, str(command)) and rest.rsplit(")", 1)[1].split()[1] != postmaster:
                continue
            with open(f"/proc/{number}/smaps_rollup", encoding="utf-8") as file:
                kib += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return kib / 1024


def compute(common, data):
    """One round of Deskbell, from the start of the command to its end."""
    began = time.monotonic()
    command = subprocess.Popen([*common, "kpi", *ASKED], stdout=subprocess.PIPE)
    most, ended = [0.0], threading.Event()

    def watch():
        while not ended.wait(0.2):
            most[0] = max(most[0], held(command.pid, data))

    watching = threading.Thread(target=watch)
    watching.start()
    report = command.stdout.read()
    _, status, used = os.wait4(command.pid, 0)
    seconds = time.monotonic() - began
    ended.set()
    watching.join()
    if status:
        sys.exit("deskbell kpi failed")
    own = {"cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024}
    return {"seconds": seconds, "with_database": most[0], "figures": json.loads(report)["figures"], **own}


def differing(figures, row):
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
    return differ


def measure(program, folder, tickets, history):
    """Rounds of both in turn, beside a Postgres that is up, as a running engine has it."""
    data, parquet = f"{folder}/data-{tickets}", f"{folder}/history-{tickets}.parquet"
    try:
        import duckdb

        print(f"DuckDB {duckdb.__version__} on 2 threads")
    except ImportError:
        duckdb = None
        print("Python has no duckdb (pip install duckdb): nothing to compare with", file=sys.stderr)
    if duckdb and not os.path.exists(parquet):
        # Apart, so that what it takes is given back.
        subprocess.run([sys.executable, __file__, "parquet", history, parquet], check=True)
    common = [program, "--config", f"{folder}/deskbell.toml", "--data-dir", data]
    engine = subprocess.Popen([*common, "serve", "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    ours, theirs = [], []
    try:
        for line in engine.stderr:
            if line.startswith("deskbell listens on"):
                break
        for n in range(ROUNDS):
            one = compute(common, data)
            ours.append(one)
            print(f"round {n + 1}: Deskbell {one['seconds']:.2f} s, of which {one['cpu']:.2f} s of its own on the processor, "
                  f"at most {one['mib']:.0f} MiB, {one['with_database']:.0f} MiB with the database")
            if duckdb:
                asked = subprocess.run([sys.executable, __file__, "query", parquet], stdout=subprocess.PIPE, check=True)
                other = json.loads(asked.stdout)
                theirs.append(other)
                print(f"round {n + 1}: DuckDB {other['seconds']:.2f} s, {other['cpu']:.2f} s on the processor, at most {other['mib']:.0f} MiB")
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait()
    return judge(ours, theirs)


def judge(ours, theirs):
    median = statistics.median(one["seconds"] for one in ours)
    most = max(max(one["mib"], one["with_database"]) for one in ours)
    wrong = []
    print(f"Deskbell: median {median:.2f} s, at most {most:.0f} MiB with the database")
    if median > MOST_SECONDS or most > MOST_MIB:
        wrong.append(f"more than {MOST_SECONDS:.0f} s or {MOST_MIB} MiB")
    if theirs:
        other = statistics.median(one["seconds"] for one in theirs)
        print(f"DuckDB: median {other:.2f} s; Deskbell takes {median / other:.2f} of that, for all figures")
        if median > other:
            wrong.append("slower than DuckDB")
        wrong.extend(differing(ours[-1]["figures"], theirs[-1]["figures"]))
    return f"NOT as it should be: {', '.join(wrong)}" if wrong else 0


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    sys.exit({"measure": measure, "parquet": events_to_parquet, "query": query}[verb](*rest))
