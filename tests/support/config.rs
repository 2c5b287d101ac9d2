//! Configurations of engines under test.

use std::fmt::Write as _;

use super::program::{CONNECTOR, CONNECTOR_IN_STEPS, GUESTS, STRAY, guest};

/// Where engines find the one secret that everything is signed with.
pub(crate) const SECRET_VARIABLE: &str = "DESKBELL_TEST_SECRET";

/// What all scenarios have: short times, an account `desk` at the fake helpdesk, and an account `shop` that posts
/// canonical events.
const BASE: &str = r#"
[server]
max_body = "64KiB"

[deliver]
allow_private = ["127.0.0.1"]
timeout = "2s"
connect_timeout = "1s"

[dispatch]
lease = "5s"

[loop_guard]
actions_per_ticket_per_hour = 1000

[[source]]
name = "desk"
connector = "generic"
hosts = ["{helpdesk}"]
settings = { callback_url = "http://{helpdesk}/deskbell" }
secrets = { webhook = { env = "DESKBELL_TEST_SECRET" }, callback = { env = "DESKBELL_TEST_SECRET" } }

[[source]]
name = "shop"
sources = ["shop-eu"]
secrets = { webhook = { env = "DESKBELL_TEST_SECRET" } }
"#;

/// Sends invoices to billing.
pub(crate) const ROUTING: &str = r#"
[[plugin]]
name = "routing"
settings = { rules = [{ name = "billing", when = { words = ["invoice"] }, then = { group = "billing", priority = "high" } }] }
"#;

pub(crate) const ACKNOWLEDGE: &str = "
[[plugin]]
name = \"acknowledge\"
";

/// A configuration with these further lines. `helpdesk` is an address with its port.
pub(crate) fn with(helpdesk: &str, further: &[&str]) -> String {
    let mut config = BASE.replace("{helpdesk}", helpdesk);
    for lines in further {
        config.push_str(lines);
    }
    config
}

/// A plugin of `tests/guests`.
pub(crate) fn with_guest(name: &str, grant: &str) -> String {
    let component = guest(name);
    format!(
        "\n[[plugin]]\nname = \"{}\"\ncomponent = \"{}\"\ngrant = [{grant}]\n",
        name.replace('_', "-"),
        component.display()
    )
}

/// What puts the engine under load: each event of a ticket has several plugins decide, write and act.
pub(crate) fn busy(helpdesk: &str) -> String {
    let echoes = with_guest("echoes", r#""ticket.note""#);
    let remembers = with_guest("remembers", r#""ticket.note", "kv", "timers""#);
    with(helpdesk, &[ROUTING, ACKNOWLEDGE, &echoes, &remembers])
}

/// Every plugin of the scenarios.
pub(super) fn with_everything() -> String {
    let mut config = with("127.0.0.1:1", &[ROUTING, ACKNOWLEDGE]);
    for name in GUESTS.into_iter().filter(|name| ![CONNECTOR, CONNECTOR_IN_STEPS, STRAY].contains(name)) {
        let _ = write!(config, "{}", with_guest(name, ""));
    }
    config
}
