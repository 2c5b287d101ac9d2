//! What the log would hold.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::Field;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Keeps every event of every library on this thread, as a log at the finest level would.
pub(crate) struct Log {
    text: Arc<Mutex<String>>,
    _guard: DefaultGuard,
}

impl Log {
    pub(crate) fn start() -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let guard = tracing::subscriber::set_default(Everything(Arc::clone(&text)));
        Self { text, _guard: guard }
    }

    pub(crate) fn text(&self) -> String {
        tracing::info!("the log works");
        let text = self.text.lock().unwrap().clone();
        assert!(text.contains("the log works"), "{text}");
        text
    }
}

struct Everything(Arc<Mutex<String>>);

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut |_: &Field, value: &dyn fmt::Debug| self.keep(value));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut |_: &Field, value: &dyn fmt::Debug| self.keep(value));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut |_: &Field, value: &dyn fmt::Debug| self.keep(value));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Everything {
    fn keep(&self, value: &dyn fmt::Debug) {
        let _ = writeln!(self.0.lock().unwrap(), "{value:?}");
    }
}
