//! Reading a secret: from a file, a pipe, or a terminal that does not show it.

use std::io::{self, BufRead as _, Read, Write as _};

use anyhow::{Context as _, anyhow, bail};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use secrecy::SecretBox;

/// A longer secret is somebody's mistake: a wrong file.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Reads a secret to its end; one line break there does not count.
pub(super) fn read(source: impl Read) -> anyhow::Result<SecretBox<[u8]>> {
    let mut bytes = Vec::new();
    source.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes).context("the secret cannot be read")?;
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        bail!("this is longer than {MAX_SECRET_BYTES} bytes and no secret");
    }
    Ok(without_line_break(bytes))
}

fn without_line_break(mut bytes: Vec<u8>) -> SecretBox<[u8]> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    SecretBox::new(bytes.into_boxed_slice())
}

/// Asks for a secret at the terminal, which does not show it.
pub(super) async fn ask(question: &str) -> anyhow::Result<SecretBox<[u8]>> {
    eprint!("{question}");
    io::stderr().flush()?;
    let hidden = Hidden::start()?;
    let reading = tokio::task::spawn_blocking(|| {
        let mut line = Vec::new();
        io::stdin().lock().read_until(b'\n', &mut line).map(|_| line)
    });
    let line = tokio::select! {
        line = reading => line.context("the secret was not read")?.context("the secret cannot be read"),
        _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted; nothing was changed")),
    };
    drop(hidden);
    eprintln!();
    Ok(without_line_break(line?))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn start() -> anyhow::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin).context("the terminal cannot be asked for its state")?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(&stdin, SetArg::TCSAFLUSH, &hidden)
            .context("the terminal cannot be kept from showing what is typed; use --file or a pipe")?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that has gone away needs no state.
        let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn takes_one_line_break_off_the_end() {
        for (text, expected) in [("s3\n", "s3"), ("s3\r\n", "s3"), ("s3", "s3"), ("s3\n\n", "s3\n"), (" s3 ", " s3 ")] {
            let secret = read(text.as_bytes()).unwrap();
            assert_eq!(secret.expose_secret(), expected.as_bytes(), "{text:?}");
        }
        assert!(read(io::repeat(b'x')).unwrap_err().to_string().contains("longer"));
    }
}
