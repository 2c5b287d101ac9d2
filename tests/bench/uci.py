#!/usr/bin/env python3
"""Are the figures of a real history those that somebody else computed from it?

    tests/bench/uci.py FOLDER [DESKBELL]

FOLDER holds `events.csv.gz`, the incident log of UCI data set 498 (ServiceNow, 2016-2017, a row for each update), and
`truth.json`, figures that were computed from it by other means. The log becomes canonical events, `deskbell import` takes
them into a private database, and `deskbell kpi` is compared with the truth wherever both mean the same:

- how many tickets were created: in all, by channel, category and priority, by week, by weekday and hour;
- how many were solved, in all and by week, and how long that took without the time that they waited ("Awaiting ..." is
  pending), in all and by priority: count, mean, median, 90th and 95th percentile.

Not compared: transfers, reopens and solving at first contact, which the truth takes from the log's own counters (rows are
missing, and they count changes of the analyst too); the backlog, which there ends with closing, not with solving; what
happened after the last solve, which here is left out; and first responses, of which the log knows nothing.
"""
import csv
import datetime
import gzip
import json
import os
import subprocess
import sys
import tempfile

PRIORITY = {"1": "urgent", "2": "high", "3": "normal", "4": "low"}
CHANNEL = {"Phone": "phone", "Email": "email", "Self service": "web", "IVR": "ivr", "Direct opening": "direct"}
SYSTEM = {"id": "log", "role": "system"}


def instant(text):
    if text == "?":
        return None
    day, time = text.split(" ")
    d, m, y = day.split("/")
    return f"{y}-{int(m):02}-{int(d):02}T{int(time[:-3]):02}:{time[-2:]}:00Z"


def events(rows):
    first, last = rows[0], rows[-1]
    number, opened, solved = first["number"], instant(first["opened_at"]), instant(last["resolved_at"])
    n = 0

    def event(kind, time, data):
        nonlocal n
        n += 1
        return {"specversion": "1.0", "id": f"{number}-{n}", "source": "uci", "type": f"deskbell.ticket.{kind}",
                "subject": number, "time": time, "data": {**data, "actor": SYSTEM}}

    # Attributes are those of the last row, as the truth has them.
    ticket = {"subject": number, "channel": CHANNEL[last["contact_type"]], "priority": PRIORITY[last["priority"][0]],
              "category": None if last["category"] == "?" else last["category"], "requester": {"id": last["caller_id"]}}
    yield event("created", opened, {"ticket": ticket})
    status = "new"
    for row in rows:
        time = max(instant(row["sys_updated_at"]), opened)
        if solved and time >= solved:
            break
        now = "pending" if row["incident_state"].startswith("Awaiting") else "open"
        if now != status:
            yield event("updated", time, {"changes": {"status": {"from": status, "to": now}}})
            status = now
    if solved:
        yield event("updated", solved, {"changes": {"status": {"from": status, "to": "solved"}}})


def convert(source, target):
    by_number = {}
    with gzip.open(source, "rt", newline="") as file:
        for row in csv.DictReader(file):
            by_number.setdefault(row["number"], []).append(row)
    with open(target, "w") as file:
        for rows in by_number.values():
            for event in events(rows):
                file.write(json.dumps(event) + "\n")


class Comparison:
    n = 0
    different = []

    def equal(self, name, ours, theirs, within=0.0):
        self.n += 1
        if ours is None or theirs is None or abs(ours - theirs) > within:
            self.different.append(f"{name}: {ours} here, {theirs} there")

    def duration(self, name, ours, theirs):
        self.equal(f"{name} n", ours["count"], theirs["n"])
        # The truth is in hours with six decimals.
        for our_name, their_name in [("mean", "mean"), ("p50", "median"), ("p90", "p90"), ("p95", "p95")]:
            self.equal(f"{name} {our_name}", ours[our_name], theirs[their_name] * 3600, within=0.01)


def figures(deskbell, common, *options):
    period = ["--from", "2016-01-01", "--to", "2018-01-01", "--tz", "UTC", "--format", "json"]
    done = subprocess.run([deskbell, *common, "kpi", *period, *options], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    if len(sys.argv) < 2 or not os.path.exists(os.path.join(sys.argv[1], "truth.json")):
        sys.exit(__doc__)
    folder, deskbell = sys.argv[1], os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else "target/release/deskbell")
    truth = json.load(open(os.path.join(folder, "truth.json")))
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o711)
        history = os.path.join(work, "history.ndjson")
        convert(os.path.join(folder, "events.csv.gz"), history)
        open(os.path.join(work, "deskbell.toml"), "w").close()
        common = ["--config", os.path.join(work, "deskbell.toml"), "--data-dir", os.path.join(work, "data")]
        subprocess.run([deskbell, *common, "import", history], check=True)
        whole = figures(deskbell, common, "--bucket", "week")
        by_priority = figures(deskbell, common, "--by", "priority")
    compare(truth, whole, by_priority)


def compare(truth, whole, by_priority):
    c = Comparison()
    kpis = whole["figures"]
    c.equal("created", kpis["ticket_volume"], truth["overall"]["incidents"])
    c.equal("solved", kpis["opened_vs_solved"]["solved"], truth["overall"]["resolution_hours"]["n"])
    c.duration("resolution", kpis["resolution_time"]["calendar"], truth["overall"]["net_resolution_hours"])
    for name, theirs in truth["by_contact_type"].items():
        c.equal(f"channel {name}", kpis["volume_by_channel"].get(CHANNEL[name]), theirs["incidents"])
    for name, count in truth["distribution_category"].items():
        ours = kpis["distribution"].get("(none)" if name == "?" else name, {"count": None})
        c.equal(f"category {name}", ours["count"], count if isinstance(count, int) else count["n"])
    cells = {(cell["weekday"], cell["hour"]): cell["count"] for cell in kpis["heatmap"]["cells"]}
    for weekday, hours in enumerate(truth["heatmap_opened"], 1):
        for hour, count in enumerate(hours):
            c.equal(f"weekday {weekday} hour {hour}", cells.get((weekday, hour), 0), count)
    for bucket in kpis["opened_vs_solved"]["buckets"]:
        week = datetime.date.fromisoformat(bucket["from"][:10])
        year, number, weekday = week.isocalendar()
        if weekday != 1:
            continue
        label = f"{year}-W{number:02}"
        c.equal(f"opened in {label}", bucket["opened"], truth["opened_per_week"].get(label, 0))
        c.equal(f"solved in {label}", bucket["solved"], truth["resolved_per_week"].get(label, 0))
    for name, theirs in truth["by_priority"].items():
        ours = by_priority["by"]["values"][PRIORITY[name[0]]]
        c.equal(f"priority {name}", ours["ticket_volume"], theirs["incidents"])
        c.duration(f"priority {name} resolution", ours["resolution_time"]["calendar"], theirs["net_resolution_hours"])
    print(f"{c.n} figures compared, {len(c.different)} different")
    for line in c.different[:40]:
        print(line)
    sys.exit(1 if c.different else 0)


if __name__ == "__main__":
    main()
