//! Tries to talk to somebody; how is the event's subject.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
    let tried = match event.subject.as_deref() {
        Some("connect") => TcpStream::connect(("127.0.0.1", 5432)).map(drop),
        Some("listen") => TcpListener::bind("0.0.0.0:8080").map(drop),
        Some("udp") => UdpSocket::bind("0.0.0.0:0").map(drop),
        _ => ("localhost", 80).to_socket_addrs().map(drop),
    };
    Ok(vec![Effect::note(format!("{tried:?}"))])
}
