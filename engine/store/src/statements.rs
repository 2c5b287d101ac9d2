//! Statements that belong to no table, and the list of all of them, which a test prepares against a fresh database.

pub(crate) const PING: &str = "SELECT 1";

pub(crate) const SERVER: &str = "
SELECT current_setting('server_version_num')::int,
       current_setting('server_version'),
       EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals))";

pub(crate) const SEE_CLIENTS_GO: &str = "SELECT set_config('client_connection_check_interval', '2s', false)";

/// Every statement with a name.
pub fn all() -> Vec<(&'static str, &'static str)> {
    let mut all = vec![("ping", PING), ("server", SERVER), ("see_clients_go", SEE_CLIENTS_GO)];
    for group in [
        crate::activity::STATEMENTS,
        crate::agent::STATEMENTS,
        crate::call::STATEMENTS,
        crate::clock::STATEMENTS,
        crate::dead_letter::STATEMENTS,
        crate::event::STATEMENTS,
        crate::explain::STATEMENTS,
        crate::fact::STATEMENTS,
        crate::figures::STATEMENTS,
        crate::finish::STATEMENTS,
        crate::hold::STATEMENTS,
        crate::inbox::STATEMENTS,
        crate::import::STATEMENTS,
        crate::kv::STATEMENTS,
        crate::lane::STATEMENTS,
        crate::node::STATEMENTS,
        crate::outbox::STATEMENTS,
        crate::partition::STATEMENTS,
        crate::plugin::STATEMENTS,
        crate::sealed::STATEMENTS,
        crate::report::STATEMENTS,
        crate::schedule::STATEMENTS,
        crate::secret::STATEMENTS,
        crate::source::STATEMENTS,
        crate::story::STATEMENTS,
        crate::ticket::STATEMENTS,
        crate::timer::STATEMENTS,
        crate::token::STATEMENTS,
    ] {
        all.extend_from_slice(group);
    }
    all
}
