//! A plugin's log: what it wrote, and what it printed.

use std::sync::{Arc, Mutex, PoisonError};

use deskbell_model::plugin::LogLine;

/// What a line costs beside its text, so that a flood of empty lines ends too.
const LINE_COST: usize = 32;

/// The longest piece of printed text that waits for the end of its line.
const MAX_PRINTED_LINE_BYTES: usize = 4096;

/// The log of one call. Shared with the streams that take what the plugin prints.
#[derive(Clone, Debug)]
pub(crate) struct Log(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    kept: Vec<LogLine>,
    room_bytes: usize,
    dropped: u32,
    printed: [Vec<u8>; 2],
}

/// Where a plugin prints to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Log {
    pub(crate) fn new(room_bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Lines { room_bytes, ..Lines::default() })))
    }

    fn with<R>(&self, act: impl FnOnce(&mut Lines) -> R) -> R {
        // Nobody panics while holding the lock, and half a line would be no harm.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a line as far as there is room. An unknown level counts as info.
    pub(crate) fn write(&self, level: &str, message: String) {
        self.with(|lines| lines.push(known_level(level), message));
    }

    /// Takes printed bytes; each whole line becomes a line of the log.
    pub(crate) fn print(&self, stream: Stream, bytes: &[u8]) {
        self.with(|lines| lines.print(stream, bytes));
    }

    /// What was kept, and how many lines were not.
    pub(crate) fn take(&self) -> (Vec<LogLine>, u32) {
        self.with(|lines| {
            lines.finish_lines(Stream::Stdout);
            lines.finish_lines(Stream::Stderr);
            (std::mem::take(&mut lines.kept), lines.dropped)
        })
    }
}

impl Stream {
    const fn level(self) -> &'static str {
        match self {
            Self::Stdout => "info",
            Self::Stderr => "error",
        }
    }
}

impl Lines {
    fn push(&mut self, level: &'static str, message: String) {
        if self.room_bytes <= LINE_COST {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let message = shortened(message, self.room_bytes - LINE_COST);
        self.room_bytes = self.room_bytes.saturating_sub(LINE_COST + message.len());
        self.kept.push(LogLine { level: level.to_owned(), message });
    }

    fn waiting(&mut self, stream: Stream) -> &mut Vec<u8> {
        let [stdout, stderr] = &mut self.printed;
        match stream {
            Stream::Stdout => stdout,
            Stream::Stderr => stderr,
        }
    }

    fn print(&mut self, stream: Stream, bytes: &[u8]) {
        for (number, piece) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if number > 0 {
                self.end_line(stream);
            }
            let waiting = self.waiting(stream);
            let room = MAX_PRINTED_LINE_BYTES.saturating_sub(waiting.len());
            waiting.extend_from_slice(piece.get(..room).unwrap_or(piece));
        }
    }

    fn end_line(&mut self, stream: Stream) {
        let line = std::mem::take(self.waiting(stream));
        self.push(stream.level(), String::from_utf8_lossy(&line).into_owned());
    }

    fn finish_lines(&mut self, stream: Stream) {
        if !self.waiting(stream).is_empty() {
            self.end_line(stream);
        }
    }
}

fn known_level(level: &str) -> &'static str {
    match level {
        "debug" => "debug",
        "warn" => "warn",
        "error" => "error",
        _ => "info",
    }
}

/// The text, cut at a letter's border where it is longer than `room` bytes.
fn shortened(mut text: String, room: usize) -> String {
    const MARK: &str = " … (cut)";
    if text.len() > room {
        let end = (0..=room.saturating_sub(MARK.len())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &Log) -> Vec<String> {
        log.take().0.into_iter().map(|line| format!("{} {}", line.level, line.message)).collect()
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let log = Log::new(3 * (LINE_COST + 5));
        for _ in 0..5 {
            log.write("debug", "12345".to_owned());
        }
        let (kept, dropped) = log.take();
        assert_eq!((kept.len(), dropped), (3, 2));
    }

    #[test]
    fn a_long_line_is_cut_at_a_letter() {
        let log = Log::new(LINE_COST + 20);
        log.write("loud", "ä".repeat(50));
        assert_eq!(lines(&log), ["info äääää … (cut)"]);
    }

    #[test]
    fn printed_text_becomes_lines() {
        let log = Log::new(1000);
        log.print(Stream::Stdout, b"one\ntw");
        log.print(Stream::Stderr, b"bad\n");
        log.print(Stream::Stdout, b"o\nthree");
        assert_eq!(lines(&log), ["info one", "error bad", "info two", "info three"]);
    }

    #[test]
    fn endless_lines_do_not_pile_up() {
        let log = Log::new(1 << 20);
        for _ in 0..10 {
            log.print(Stream::Stdout, &[b'x'; 4000]);
        }
        assert_eq!(lines(&log).iter().map(String::len).sum::<usize>(), MAX_PRINTED_LINE_BYTES + "info ".len());
    }
}
