//! Deskbell from outside: the real binary on a real Postgres, with a fake helpdesk at the other end. See README.md.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![expect(clippy::needless_pass_by_value, reason = "so that JSON is written where it is used")]

mod support {
    pub(crate) mod cluster;
    pub(crate) mod config;
    pub(crate) mod database;
    pub(crate) mod engine;
    pub(crate) mod golden;
    pub(crate) mod helpdesk;
    pub(crate) mod invariants;
    pub(crate) mod load;
    pub(crate) mod mail_server;
    pub(crate) mod program;
    pub(crate) mod proxy;
    pub(crate) mod recorder;
    pub(crate) mod waiting;
    pub(crate) mod webhook;
}

mod scenarios {
    mod api;
    mod author;
    mod crashes;
    mod deliveries;
    mod demo;
    mod figures;
    mod hostile;
    mod import;
    mod locks;
    mod order;
    mod outages;
    mod plans;
    mod plugins;
    mod processes;
    mod races;
    mod report_delivery;
    mod reports;
    mod retention;
    mod schedules;
    mod shipped;
    mod silence;
    mod sla;
    mod statements;
    mod surges;
    mod vendors;
    mod webhooks;
}
