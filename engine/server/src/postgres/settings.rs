//! The server's settings, in three layers: `deskbell.conf`, ours and written anew at each start; `postgresql.conf`,
//! which includes it and where the operator's own lines win; and the command line for what has to be so.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use nix::fcntl::OFlag;

use super::account::{Account, run};
use super::place::Place;
use super::programs::Programs;
use super::{Error, Options, file_error};

/// The whole of `postgresql.conf` in a new cluster.
const ENTRY: &str = "# deskbell.conf is written anew at each start. What you set below it wins, except where the server
# listens: that is on the command line.
include 'deskbell.conf'
";

/// Written for an engine that batches its commits over few connections and keeps queues in tables. fsync,
/// synchronous_commit and full_page_writes are not here: their defaults are the durable ones.
const TUNING: &str = "# Written by deskbell at each start; put changes into postgresql.conf.
max_connections = 100
shared_buffers = '256MB'
# Fewer, larger checkpoints: each makes every page be logged whole once more.
max_wal_size = '2GB'
min_wal_size = '256MB'
# Short statements by the thousand; compiling them costs more than it brings.
jit = off
random_page_cost = 1.1
# Queue tables turn over quickly.
autovacuum_naptime = '15s'
autovacuum_vacuum_cost_limit = 1000
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
# Details and statements could hold what customers wrote.
log_error_verbosity = terse
log_min_error_statement = panic
";

/// Puts our entry in place of what `initdb` wrote.
pub(super) fn write_entry(cluster: &Path, account: &Account) -> Result<(), Error> {
    write(&cluster.join("postgresql.conf"), ENTRY, account)?;
    write(&cluster.join("deskbell.conf"), TUNING, account)
}

/// Writes `deskbell.conf` as these programs can read it: not every build can compress with lz4.
pub(super) async fn write_tuning(cluster: &Path, programs: &Programs, account: &Account) -> Result<(), Error> {
    let mut text = TUNING.to_owned();
    for (name, otherwise) in [("wal_compression", "on"), ("default_toast_compression", "pglz")] {
        let value = if knows_lz4(cluster, programs, account, name).await { "lz4" } else { otherwise };
        text.extend([name, " = ", value, "\n"]);
    }
    write(&cluster.join("deskbell.conf"), &text, account)
}

async fn knows_lz4(cluster: &Path, programs: &Programs, account: &Account, name: &str) -> bool {
    let mut command = account.command(&programs.program("postgres"));
    command.arg("-D").arg(cluster).args(["-C", name, "-c", &format!("{name}=lz4")]);
    run(command, b"", Duration::from_secs(10)).await.is_ok_and(|output| output.stdout.trim() == "lz4")
}

/// What stands on the command line: where it listens, and what the options say.
pub(super) fn arguments(place: &Place, options: &Options) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        vec!["-D".into(), place.cluster().into(), "-k".into(), place.socket.clone().into()];
    let ours = [("listen_addresses", ""), ("port", "5432")];
    let theirs = options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in ours.into_iter().chain(theirs) {
        arguments.push("-c".into());
        arguments.push(format!("{name}={value}").into());
    }
    arguments
}

/// The folder is the account's, who may be another than we: neither follow a link there nor change whom it leads to.
fn write(path: &Path, text: &str, account: &Account) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    let mut file = options.open(path).map_err(file_error("open", path))?;
    account.own_file(&file).map_err(file_error("change the owner of", path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(file_error("write", path))
}
