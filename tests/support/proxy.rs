//! A proxy before Postgres that loses answers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::cluster::{Cluster, ROLE};

/// What becomes of a connection whose answer is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Loss {
    /// It breaks.
    Broken,
    /// It stays open, and nothing comes any more: a network that swallows packets.
    Silent,
}

struct Wanted {
    marker: Vec<u8>,
    times: usize,
    loss: Loss,
}

#[derive(Default)]
struct State {
    wanted: Mutex<Option<Wanted>>,
    n_lost: AtomicUsize,
}

/// The proxy. Its connections end when the test does.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<State> = Arc::default();
        let server = tokio::spawn(accept(listener, cluster.socket(), Arc::clone(&state)));
        Self { address, state, server }
    }

    /// Where a database is behind it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@{}/{database}?sslmode=disable", self.address)
    }

    /// Loses the answers to the next `times` requests that contain `marker`. The server carries them out.
    pub(crate) fn lose(&self, marker: &str, times: usize, loss: Loss) {
        *self.state.wanted.lock().unwrap() = Some(Wanted { marker: marker.as_bytes().to_vec(), times, loss });
    }

    pub(crate) fn n_lost(&self) -> usize {
        self.state.n_lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = UnixStream::connect(&socket).await else { continue };
        tokio::spawn(relay(client, server, Arc::clone(&state)));
    }
}

async fn relay(client: TcpStream, server: UnixStream, state: Arc<State>) {
    let _ = client.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let loss: Mutex<Option<Loss>> = Mutex::default();
    let mut is_noted = false;
    let requests = forward(from_client, to_server, |chunk| {
        if let Some(wanted) = state.next_loss(chunk) {
            *loss.lock().unwrap() = Some(wanted);
        }
        Pass::On
    });
    let answers = forward(from_server, to_client, |_| {
        // An answer says that the request has been carried out.
        let lost = *loss.lock().unwrap();
        if lost.is_some() && !std::mem::replace(&mut is_noted, true) {
            state.n_lost.fetch_add(1, Ordering::SeqCst);
        }
        match lost {
            None => Pass::On,
            Some(Loss::Silent) => Pass::Nothing,
            Some(Loss::Broken) => Pass::End,
        }
    });
    tokio::select! {
        () = requests => {}
        () = answers => {}
    }
}

/// What becomes of a chunk.
enum Pass {
    On,
    Nothing,
    End,
}

impl State {
    fn next_loss(&self, chunk: &[u8]) -> Option<Loss> {
        let mut wanted = self.wanted.lock().unwrap();
        let found = wanted.as_mut().filter(|wanted| {
            wanted.times > 0 && chunk.windows(wanted.marker.len()).any(|window| window == wanted.marker)
        })?;
        found.times -= 1;
        Some(found.loss)
    }
}

/// Passes on what `judge` lets through, until one side is done.
async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut judge: impl FnMut(&[u8]) -> Pass,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n_read) = from.read(&mut buffer).await {
        if n_read == 0 {
            return;
        }
        match judge(&buffer[..n_read]) {
            Pass::On if to.write_all(&buffer[..n_read]).await.is_ok() => {}
            Pass::Nothing => {}
            Pass::On | Pass::End => return,
        }
    }
}
