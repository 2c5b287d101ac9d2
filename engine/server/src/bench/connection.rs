//! A bare connection that is kept open.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Body, Head, chunked_length, head};

/// A connection to the engine.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: u16,
    /// Whether the connection can be used again.
    pub(super) is_open: bool,
}

impl Connection {
    pub(super) async fn open(authority: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096) })
    }

    /// Sends a request and reads the answer to its end.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answered> {
        self.received.clear();
        self.stream.write_all(request).await?;
        loop {
            let head = self.head().await?;
            self.drop_first(head.length);
            let is_final = head.status >= 200;
            self.read_body(head.body).await?;
            if is_final {
                // Bytes beyond the answer would be taken for the next one.
                let is_open = !head.closes && self.received.is_empty();
                return Ok(Answered { status: head.status, is_open });
            }
        }
    }

    async fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some(head) = head(&self.received).map_err(invalid)? {
                return Ok(head);
            }
            self.read_more().await?;
        }
    }

    async fn read_body(&mut self, body: Body) -> io::Result<()> {
        let length = match body {
            Body::Known(length) => length,
            Body::Chunked => loop {
                if let Some(length) = chunked_length(&self.received).map_err(invalid)? {
                    break length;
                }
                self.read_more().await?;
            },
            Body::UntilClosed => {
                while self.stream.read_buf(&mut self.received).await? > 0 {}
                self.received.len()
            }
        };
        while self.received.len() < length {
            self.read_more().await?;
        }
        self.drop_first(length);
        Ok(())
    }

    async fn read_more(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn drop_first(&mut self, n_bytes: usize) {
        self.received.drain(..n_bytes.min(self.received.len()));
    }
}

fn invalid(malformed: super::answer::Malformed) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, malformed)
}
