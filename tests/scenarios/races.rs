//! What happens between a statement's beginning and the moment it has a row at hand.

use std::time::Duration;

use deskbell_model::event::{Event, LaneKind};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::import::Imported;
use deskbell_store::inbox::{Delivery, Key, NewEvent, State};
use deskbell_store::partition::Partitioned;
use deskbell_store::{Connections, Store};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::webhook::{self, commented, created, new_ticket};

const LEASE: Option<Duration> = Some(Duration::from_secs(30));
/// As of which the events are.
const NOON: Timestamp = Timestamp::from_seconds(1_772_452_800);

struct Shop {
    database: Database,
    store: Store,
    source_id: i32,
}

impl Shop {
    /// Two tickets, on which everything has been decided.
    async fn with_two_tickets() -> Self {
        let database = Database::create().await;
        let store = Store::connect(&database.url, Connections::default()).await.unwrap();
        let source_id = store.source("shop").await.unwrap();
        let shop = Self { database, store, source_id };
        shop.store.add_events(&[shop.event("1", "1-a"), shop.event("2", "2-a")], None, NOON).await.unwrap();
        shop.database.execute("UPDATE lane SET wake_at = NULL, done_event = 1000, arrivals = 1").await;
        shop.database.execute("ALTER SEQUENCE event_id RESTART 2000").await;
        shop
    }

    fn event(&self, ticket: &str, id: &str) -> NewEvent {
        NewEvent {
            lane_kind: LaneKind::Ticket,
            source_id: self.source_id,
            lane_key: ticket.to_owned(),
            id: id.to_owned(),
            kind: "deskbell.ticket.created".to_owned(),
            at: NOON,
            data: new_ticket(ticket).to_string(),
            ..NewEvent::default()
        }
    }

    fn delivery(&self, id: &str, events: Vec<NewEvent>) -> Delivery {
        Delivery {
            source_id: self.source_id,
            received_at: NOON,
            key: Key::of(id),
            delivery_id: None,
            headers: "{}".to_owned(),
            body: "{}".into(),
            state: State::Read,
            detail: None,
            events,
        }
    }

    /// A connection that holds the first ticket's lane.
    async fn hold_the_first(&self) -> PgConnection {
        let mut holder = PgConnection::connect(&self.database.url).await.unwrap();
        holder.execute("BEGIN; SELECT FROM lane WHERE key = '1' FOR UPDATE").await.unwrap();
        holder
    }

    async fn wait_for_one_that_waits(&self) {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.database.wait_for("somebody waits for the first lane", waiting, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_becomes_due_while_a_delivery_waits_is_not_decided_on_without_what_came_before() {
    let shop = Shop::with_two_tickets().await;
    let mut holder = shop.hold_the_first().await;
    let later = shop.delivery("later", vec![shop.event("1", "1-c"), shop.event("2", "2-c")]);
    let taking = tokio::spawn({
        let store = shop.store.clone();
        async move { store.take_in(&[later], LEASE).await.unwrap() }
    });
    shop.wait_for_one_that_waits().await;
    // The second has something to do now, which the waiting statement does not see.
    shop.store.add_events(&[shop.event("2", "2-b")], None, NOON).await.unwrap();
    holder.execute("COMMIT").await.unwrap();

    let taken = taking.await.unwrap();
    let claimed: Vec<&str> = taken.lanes.iter().map(|(lane, _)| lane.key.as_str()).collect();
    assert_eq!(claimed, ["1"], "the second is for whoever reads all that waits there");
    let lanes = shop.store.claim(10, Duration::from_secs(30)).await.unwrap();
    assert_eq!(lanes.len(), 1);
    let pending = shop.store.pending_events(&lanes, 10).await.unwrap();
    assert_eq!(pending.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["2-b", "2-c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_sleeps_until_its_timer_is_claimed_with_what_it_gets() {
    let shop = Shop::with_two_tickets().await;
    shop.database
        .execute("UPDATE lane SET next_timer = now() + interval '1 hour', wake_at = now() + interval '1 hour'")
        .await;
    let delivery = shop.delivery("next", vec![shop.event("1", "1-b")]);
    let taken = shop.store.take_in(&[delivery], LEASE).await.unwrap();
    assert_eq!(taken.lanes.len(), 1);
    assert_eq!(taken.lanes[0].1.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_replayed_twice_at_once_is_replayed_by_one() {
    let shop = Shop::with_two_tickets().await;
    let letter = "INSERT INTO dead_letter (tenant_id, kind, lane_id, event_id, plugin, error, attempts, set_aside_at)
        SELECT tenant_id, 0, lane_id, event_id, 'routing', 'it failed', 1, now() FROM event
        WHERE lane_id = (SELECT lane_id FROM lane WHERE key = '1')";
    shop.database.execute(letter).await;
    let letter = shop.store.dead_letters(false, None, 1).await.unwrap().remove(0);
    let mut holder = shop.hold_the_first().await;
    let replays = [(); 2].map(|()| {
        let (store, letter) = (shop.store.clone(), letter.clone());
        tokio::spawn(async move { store.replay(&letter, NOON).await.unwrap() })
    });
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    shop.database.wait_for("both wait for the lane", waiting, 2).await;
    holder.execute("COMMIT").await.unwrap();
    let mut n_replayed = 0;
    for replay in replays {
        n_replayed += usize::from(replay.await.unwrap());
    }
    assert_eq!(n_replayed, 1);
    assert_eq!(shop.database.number("SELECT count(*) FROM hold").await, 1);
    assert!(!shop.store.replay(&letter, NOON).await.unwrap(), "nor is it later on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_leaves_a_ticket_with_something_to_do_to_the_dispatcher() {
    let shop = Shop::with_two_tickets().await;
    let import = |ids: [(&str, &str); 2]| {
        let store = shop.store.clone();
        let events: Vec<Imported> = ids
            .into_iter()
            .map(|(ticket, id)| {
                let new = shop.event(ticket, id);
                let event = Event::from_parts(
                    id.to_owned(),
                    "shop".to_owned(),
                    new.kind.clone(),
                    Some(ticket.to_owned()),
                    NOON,
                    &new.data,
                );
                Imported { source_id: shop.source_id, event: event.unwrap(), new }
            })
            .collect();
        tokio::spawn(async move { store.import(&events, NOON, &|_, _, _| None).await.unwrap() })
    };
    let mut holder = shop.hold_the_first().await;
    let importing = import([("1", "1-i"), ("2", "2-i")]);
    shop.wait_for_one_that_waits().await;
    shop.store.add_events(&[shop.event("2", "2-b")], None, NOON).await.unwrap();
    holder.execute("COMMIT").await.unwrap();
    importing.await.unwrap();
    let done = async |ticket: &str| {
        shop.database.number(&format!("SELECT (done_event > 1000)::int FROM lane WHERE key = '{ticket}'")).await
    };
    assert_eq!((done("1").await, done("2").await), (1, 0), "what came by webhook is still to be decided on");

    // The same where it was given up, and comes again in a while.
    shop.database
        .execute("UPDATE lane SET attempts = 1, wake_at = now() + interval '10 s', done_event = 1000 WHERE key = '2'")
        .await;
    import([("1", "1-j"), ("2", "2-j")]).await.unwrap();
    assert_eq!(done("2").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_row_does_not_read_back_stops_no_other() {
    let helpdesk = Helpdesk::start().await;
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[])).await;
    engine.deliver(&webhook::Delivery::batch(&[created("T-1"), created("T-2")])).await;
    engine.work_off().await;
    let database = &engine.database;
    database.execute("CREATE TABLE sound AS SELECT lane_id, state FROM ticket").await;
    database
        .execute("UPDATE ticket SET state = '{}' WHERE lane_id = (SELECT lane_id FROM lane WHERE key = 'T-1')")
        .await;
    // Both come to the dispatcher by its door, and then both are due.
    let both = [commented("T-1", "Hello?"), commented("T-2", "Hello?")];
    engine.deliver(&webhook::Delivery::batch(&both)).await;
    let done = "SELECT count(*) FROM lane WHERE key = 'T-2' AND lease_token IS NULL AND wake_at > now()
        AND done_event = (SELECT max(event_id) FROM event WHERE event.lane_id = lane.lane_id)";
    database.wait_for("the sound ticket's comment is decided on", done, 1).await;
    database.execute("UPDATE lane SET wake_at = now(), arrivals = arrivals + 1 WHERE kind = 0").await;
    database.wait_for("the sound ticket is looked at again", done, 1).await;
    assert!(engine.log().contains("of ticket makes no sense"), "{}", engine.log());

    database.execute("UPDATE ticket SET state = sound.state FROM sound WHERE sound.lane_id = ticket.lane_id").await;
    engine.work_off().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_of_a_table_that_somebody_reads_wait_and_keep_nobody_waiting() {
    let shop = Shop::with_two_tickets().await;
    let n_partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'inbox'::regclass";
    let before = shop.database.number(n_partitions).await;
    let mut backup = PgConnection::connect(&shop.database.url).await.unwrap();
    backup.execute("BEGIN; LOCK TABLE inbox, plugin_call, attempt IN ACCESS SHARE MODE").await.unwrap();
    shop.store.make_partitions(NOON, 2).await.unwrap();
    shop.store.take_in(&[shop.delivery("one", vec![])], None).await.unwrap();
    backup.execute("COMMIT").await.unwrap();
    // That day's rows are where all go that have no partition, and stay there; the next day gets its own.
    shop.store.make_partitions(NOON, 2).await.unwrap();
    assert_eq!(shop.database.number(n_partitions).await, before + 1);

    let tomorrow = NOON.plus_seconds(86_400);
    let delivery = Delivery { received_at: tomorrow, ..shop.delivery("two", vec![]) };
    shop.store.take_in(&[delivery], None).await.unwrap();
    backup.execute("BEGIN; SELECT FROM inbox LIMIT 1").await.unwrap();
    let in_a_week = NOON.plus_seconds(7 * 86_400);
    assert!(shop.store.drop_partitions(Partitioned::Inbox, in_a_week).await.unwrap().is_empty(), "it is being read");
    backup.execute("COMMIT").await.unwrap();
    assert_eq!(shop.store.drop_partitions(Partitioned::Inbox, in_a_week).await.unwrap().len(), 1);
    assert_eq!(shop.database.number("SELECT count(*) FROM inbox").await, 0, "strays go with their day");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_make_the_same_partitions_at_once_do_not_mind_each_other() {
    let shop = Shop::with_two_tickets().await;
    let beside = Store::connect(&shop.database.url, Connections::default()).await.unwrap();
    let n_partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'inbox'::regclass";
    let before = shop.database.number(n_partitions).await;
    for week in 0..4 {
        let monday = NOON.plus_seconds(week * 7 * 86_400);
        let (one, other) = tokio::join!(shop.store.make_partitions(monday, 7), beside.make_partitions(monday, 7));
        assert_eq!([one.unwrap(), other.unwrap()], [Vec::<String>::new(), Vec::new()], "none is in the way");
    }
    // One that had to wait for long is left for the next time.
    shop.store.make_partitions(NOON, 28).await.unwrap();
    assert_eq!(shop.database.number(n_partitions).await, before + 28);

    // Those that are made later are looked at for the planner as seldom as those that the migrations found.
    let often = "SELECT count(*) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE c.relkind = 'r' AND NOT coalesce('autovacuum_analyze_scale_factor=0.5' = ANY (c.reloptions), false)";
    assert_eq!(shop.database.number(often).await, 0, "partitions that are looked at often");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_has_the_name_of_a_partition_is_told_and_keeps_no_other_from_being_made() {
    let shop = Shop::with_two_tickets().await;
    assert_eq!(shop.store.make_partitions(NOON, 2).await.unwrap(), Vec::<String>::new());
    shop.database.execute("ALTER TABLE inbox DETACH PARTITION inbox_20260303").await;
    let n_partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'inbox'::regclass";
    let before = shop.database.number(n_partitions).await;
    assert_eq!(shop.store.make_partitions(NOON, 3).await.unwrap(), ["inbox_20260303"]);
    assert_eq!(shop.database.number(n_partitions).await, before + 1, "the day after has its own");
    shop.database.execute("DROP TABLE inbox_20260303").await;
    assert_eq!(shop.store.make_partitions(NOON, 3).await.unwrap(), Vec::<String>::new());
    assert_eq!(shop.database.number(n_partitions).await, before + 2);
}
