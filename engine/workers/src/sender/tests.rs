//! The sender against real servers on this machine.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use futures::future::BoxFuture;
use secrecy::SecretString;

use super::*;

mod answers;
mod filling;
pub(crate) mod log;
mod refusals;
mod server;
pub(crate) mod tls;

use log::Log;
use server::{Answer, Server};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// Every name leads to this machine, as in a hostile zone.
struct AllNamesAreLocal;

impl Lookup for AllNamesAreLocal {
    fn lookup<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) })
    }
}

/// No name is known.
struct NoNames;

impl Lookup for NoNames {
    fn lookup<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Err(io::Error::other("no such name")) })
    }
}

struct Vault;

const TOKEN: &str = "tOpS3cr3t/+=";

impl Secrets for Vault {
    fn secret(&self, name: &str) -> Option<SecretString> {
        match name {
            "token" => Some(TOKEN.into()),
            "key" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()),
            _ => None,
        }
    }
}

fn options() -> Options {
    Options {
        timeout: Duration::from_secs(30),
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        extra_roots_pem: tls::AUTHORITY.to_vec(),
        ..Options::default()
    }
}

/// A call without lists of hosts.
fn call(url: &str) -> Call<'_> {
    Call {
        method: "POST",
        url,
        headers: &[],
        body: Some(Bytes::from_static(b"{}")),
        sign: None,
        key: "key-1",
        now: Timestamp::from_seconds(1_614_265_330),
        hosts: &[],
        secrets: &Vault,
        timeout: None,
        max_response_bytes: None,
    }
}

/// Sends with the host of the URL allowed.
async fn send_with(options: Options, call: Call<'_>) -> Result<Outcome, SendError> {
    let hosts = AllowedHosts::of_url("`hosts` of source 'support'", call.url).unwrap();
    let sender = Sender::with_lookup(&options, Arc::new(AllNamesAreLocal)).unwrap();
    sender.send(Call { hosts: &[&hosts], ..call }).await
}

async fn send(call: Call<'_>) -> Result<Outcome, SendError> {
    send_with(options(), call).await
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
