//! Names into addresses, and only those that the guard lets pass. The client connects to what comes out of here and
//! looks nothing up itself, so a name cannot show one address to the check and another to the connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address_guard::{AddressGuard, Scheme};

/// Where addresses of names come from. The seam is for tests and for engines that are told names of their own.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of `name`, in the order to try them.
    fn lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The machine's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// What the client asks for addresses.
pub(crate) struct GuardedResolver {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) guard: Arc<AddressGuard>,
    /// One client per scheme, since a resolver is not told which one a request has.
    pub(crate) scheme: Scheme,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.lookup);
        let guard = Arc::clone(&self.guard);
        let scheme = self.scheme;
        Box::pin(async move {
            let addresses = lookup.lookup(name.as_str()).await?;
            let mut denied = None;
            let mut vetted = Vec::with_capacity(addresses.len());
            for address in addresses {
                match guard.check(address, scheme) {
                    // Port 0 is replaced by the URL's.
                    Ok(()) => vetted.push(SocketAddr::new(address, 0)),
                    Err(error) => denied = Some(error),
                }
            }
            match denied {
                Some(denied) if vetted.is_empty() => Err(denied.into()),
                None if vetted.is_empty() => {
                    Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into())
                }
                _ => Ok(Box::new(vetted.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static [&'static str]);

    impl Lookup for Fixed {
        fn lookup<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(async { Ok(self.0.iter().map(|address| address.parse().unwrap()).collect()) })
        }
    }

    async fn check(
        addresses: &'static [&'static str],
        allowed: &[&str],
        scheme: Scheme,
        expected: Result<&[&str], &str>,
    ) {
        let guard = AddressGuard::new(allowed.iter().map(|network| network.parse().unwrap()).collect());
        let resolver = GuardedResolver { lookup: Arc::new(Fixed(addresses)), guard: Arc::new(guard), scheme };
        match (resolver.resolve("help.example.com".parse().unwrap()).await, expected) {
            (Ok(actual), Ok(expected)) => {
                let actual: Vec<_> = actual.map(|address| address.ip().to_string()).collect();
                assert_eq!(actual, expected);
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (actual, expected) => panic!("{:?} instead of {expected:?}", actual.map(Iterator::collect::<Vec<_>>)),
        }
    }

    #[tokio::test]
    async fn returns_only_vetted_addresses() {
        check(&["127.0.0.1", "93.184.216.34", "::1"], &[], Scheme::Https, Ok(&["93.184.216.34"])).await;
        check(&["10.0.0.1"], &["10.0.0.0/8"], Scheme::Https, Ok(&["10.0.0.1"])).await;
        check(&["10.0.0.1", "93.184.216.34"], &["10.0.0.0/8"], Scheme::Http, Ok(&["10.0.0.1"])).await;
    }

    #[tokio::test]
    async fn refuses_names_without_a_vetted_address() {
        check(&["127.0.0.1", "::ffff:10.0.0.1"], &[], Scheme::Https, Err("in IPv6 form")).await;
        check(&["93.184.216.34"], &[], Scheme::Http, Err("takes https only")).await;
        check(&[], &[], Scheme::Https, Err("has no address")).await;
    }
}
