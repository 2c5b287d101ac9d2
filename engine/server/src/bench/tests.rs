//! The bench against a tiny server, with a clock that is moved by hand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use deskbell_workers::engine::{Clock as _, SystemClock};
use deskbell_workers::signature::{Field, Kind, Verifier};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::clock::Clock;
use super::tally::{Outcome, Tally};
use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A clock that jumps to what is waited for.
#[derive(Clone, Default)]
struct ByHand(Arc<AtomicU64>);

impl ByHand {
    fn advance(&self, time: Duration) {
        self.0.fetch_add(time.as_micros() as u64, Ordering::SeqCst);
    }
}

impl Clock for ByHand {
    fn now(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }

    async fn until(&self, at: Duration) {
        self.0.fetch_max(at.as_micros() as u64, Ordering::SeqCst);
    }
}

/// What the server does with the request of this number, from 0: a whole answer, or none and the connection ends.
type Answer = Arc<dyn Fn(u64) -> Option<&'static str> + Send + Sync>;

const TAKEN: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}";
const BUSY: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A server that keeps what it was sent.
struct Server {
    target: Target,
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl Server {
    async fn start(answer: impl Fn(u64) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept): (Answer, _) = (Arc::new(answer), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&kept)));
            }
        });
        Self { target: Target { authority, path: "/hooks/shop".to_owned() }, requests }
    }

    fn requests(&self) -> Vec<(String, String)> {
        self.requests.lock().unwrap().clone()
    }

    async fn measure(&self, shape: &Shape, clock: &ByHand) -> Tally {
        let deliveries = Deliveries::new(&deliveries::Settings {
            target: &self.target,
            body: &deliveries::canonical("shop"),
            body_bytes: 1024,
            is_canonical: true,
            headers: &[],
            scheme: &Scheme::of(Kind::StandardWebhooks),
            secret: SECRET.as_bytes(),
        });
        load::run(shape, &Arc::new(deliveries.unwrap()), &self.target, clock).await.unwrap()
    }
}

async fn serve(mut stream: TcpStream, answer: Answer, kept: Arc<Mutex<Vec<(String, String)>>>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        while let Some((head, body, length)) = request(&bytes) {
            bytes.drain(..length);
            let number = {
                let mut kept = kept.lock().unwrap();
                kept.push((head, body));
                kept.len() as u64 - 1
            };
            match answer(number) {
                Some(text) => stream.write_all(text.as_bytes()).await?,
                None => return Ok(()),
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
}

/// A whole request: head, body, and how many bytes they are.
fn request(bytes: &[u8]) -> Option<(String, String, usize)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    let body = rest.get(..length)?;
    Some((head.to_owned(), body.to_owned(), head.len() + 4 + length))
}

fn shape(rate: Option<u32>, millis: u64) -> Shape {
    Shape {
        rate,
        warmup: Duration::ZERO,
        length: Duration::from_millis(millis),
        connections: 1,
        timeout: Duration::from_secs(20),
    }
}

fn near(actual: f64, expected: f64) -> bool {
    (actual - expected).abs() <= expected * 0.002
}

#[tokio::test]
async fn a_stall_counts_for_all_that_it_kept_waiting() {
    let clock = ByHand::default();
    let stall = clock.clone();
    // Ten a second for a second; the third takes 450 ms, and the next four are due in the meantime.
    let server = Server::start(move |number| {
        if number == 2 {
            stall.advance(Duration::from_millis(450));
        }
        Some(TAKEN)
    })
    .await;
    let tally = server.measure(&shape(Some(10), 1000), &clock).await;
    assert_eq!(tally.measured.answered(), 10);
    assert!(tally.measured.is_clean());
    let latency = tally.latency();
    // 450, 350, 250, 150 and 50 ms, and five times nothing.
    assert!(near(latency.max, 450.0), "{latency:?}");
    assert!(near(latency.p90, 350.0), "{latency:?}");
    assert!(latency.p50 < 0.01, "{latency:?}");
    assert!(near(latency.mean, 125.0), "{latency:?}");
}

#[tokio::test]
async fn without_a_rate_a_stall_counts_once() {
    let clock = ByHand::default();
    let stall = clock.clone();
    let server = Server::start(move |number| {
        stall.advance(Duration::from_millis(if number == 2 { 450 } else { 50 }));
        Some(TAKEN)
    })
    .await;
    let tally = server.measure(&shape(None, 1000), &clock).await;
    // 50, 50, 450, and nine more of 50 until a second is over.
    assert_eq!(tally.measured.answered(), 12);
    let latency = tally.latency();
    assert!(near(latency.max, 450.0) && near(latency.p90, 50.0), "{latency:?}");
}

#[tokio::test]
async fn what_is_due_and_cannot_be_sent_is_accounted_for() {
    let clock = ByHand::default();
    let stall = clock.clone();
    let server = Server::start(move |number| {
        if number == 3 {
            stall.advance(Duration::from_secs(5));
        }
        Some(TAKEN)
    })
    .await;
    let tally = server.measure(&shape(Some(10), 1000), &clock).await;
    assert_eq!((tally.measured.answered(), tally.measured.never_sent), (4, 6));
    assert_eq!(tally.latency().count, 10, "they stand in the latencies with the time that they waited");
    assert!(!tally.measured.is_clean());
    // Due at 0.4 s, and the connection was free again at 5.3 s.
    assert!(near(tally.latency().max, 5000.0), "{:?}", tally.latency());
}

#[tokio::test]
async fn answers_are_told_apart_by_status_and_cut_connections_are_none() {
    let clock = ByHand::default();
    let server = Server::start(|number| match number {
        3 => None,
        5 => Some(BUSY),
        _ => Some(TAKEN),
    })
    .await;
    let tally = server.measure(&shape(Some(10), 1000), &clock).await;
    assert_eq!(tally.measured.by_status, [(202, 8), (503, 1)].into());
    assert_eq!((tally.measured.cut, tally.measured.sent), (1, 10));
    let report = Report::new("http://x", &shape(Some(10), 1000), &tally);
    assert!(!report.is_clean());
    let json = report.to_json();
    assert_eq!(json["measured"]["unanswered"]["cut"], 1);
    assert_eq!(json["measured"]["by_status"]["503"], 1);
    assert!(report.to_string().contains("1 cut off"), "{report}");
    assert_eq!(tally.latency().count, 9, "a cut connection is no quick answer");
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_no_success() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    drop(listener);
    let target = Target { authority, path: "/hooks/shop".to_owned() };
    let server = Server { target, requests: Arc::default() };
    let open = server.measure(&shape(Some(10), 500), &ByHand::default()).await;
    assert_eq!((open.measured.not_connected, open.measured.sent), (5, 0));
    let closed = server.measure(&shape(None, 500), &ByHand::default()).await;
    assert!(closed.n_failed_connections > 0);
    for (rate, tally) in [(Some(10), open), (None, closed)] {
        assert!(!Report::new("http://x", &shape(rate, 500), &tally).is_clean());
    }
}

#[tokio::test]
async fn the_warm_up_is_sent_but_not_measured() {
    let clock = ByHand::default();
    let stall = clock.clone();
    let server = Server::start(move |number| {
        if number == 0 {
            stall.advance(Duration::from_millis(30));
        }
        Some(TAKEN)
    })
    .await;
    let shape = Shape { warmup: Duration::from_millis(300), ..shape(Some(10), 700) };
    let tally = server.measure(&shape, &clock).await;
    assert_eq!((tally.warmup.answered(), tally.measured.answered()), (3, 7));
    assert!(tally.latency().max < 0.01, "{:?}", tally.latency());
    let report = Report::new("http://x", &shape, &tally);
    assert!(near(report.rate(), 10.0), "{}", report.rate());
    assert!(report.is_clean());
}

#[tokio::test]
async fn every_delivery_is_signed_and_the_only_one_of_its_kind() {
    let server = Server::start(|_| Some(TAKEN)).await;
    let shape = Shape { connections: 4, ..shape(Some(200), 1000) };
    let tally = server.measure(&shape, &ByHand::default()).await;
    assert_eq!(tally.measured.answered(), 200);
    let verifier = Verifier::new(&Scheme::of(Kind::StandardWebhooks), &[SECRET]).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (head, body) in server.requests() {
        let field = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(": "));
            fields.find(|(field, _)| *field == name).map_or(Field::Absent, |(_, value)| Field::Once(value.as_bytes()))
        };
        let verified = verifier.verify(field, body.as_bytes(), SystemClock.now()).unwrap();
        assert!(ids.insert(verified.delivery_id.unwrap()));
    }
    assert_eq!(ids.len(), 200);
}

#[test]
fn tallies_of_connections_add_up() {
    let millis = Duration::from_millis;
    let (mut a, mut b) = (Tally::new().unwrap(), Tally::new().unwrap());
    for n in 1..=50 {
        a.note(Outcome::Answered(202), millis(n), millis(n), true);
        b.note(Outcome::Answered(202), millis(50 + n), millis(n), true);
    }
    b.note(Outcome::TimedOut, millis(1000), millis(60), true);
    a.add(&b);
    let latency = a.latency();
    assert_eq!(latency.count, 101);
    assert!(near(latency.p50, 51.0) && near(latency.p90, 91.0) && near(latency.p99, 100.0), "{latency:?}");
    assert!(near(latency.max, 1000.0), "what was never answered is not left out: {latency:?}");
    assert_eq!((a.measured.answered(), a.measured.unanswered()), (100, 1));
    assert_eq!(a.last_answer, millis(50), "a time-out is no answer");
}

#[tokio::test]
async fn the_whole_run_reports() {
    let server = Server::start(|_| Some(TAKEN)).await;
    let mut options = Options {
        url: format!("http://{}", server.target.authority),
        source: "shop".to_owned(),
        secret: SecretString::from(SECRET),
        scheme: Scheme::of(Kind::StandardWebhooks),
        seconds: 0.05,
        rate: None,
        connections: 2,
        body_bytes: 2048,
        body: None,
        headers: Vec::new(),
        warmup: 0.0,
    };
    let report = run(&options).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.to_json()["measured"]["sent"], server.requests().len());

    options.connections = 0;
    assert!(matches!(run(&options).await, Err(Error::Number { name: "connections", .. })));
    options.connections = 1;
    options.url = "https://127.0.0.1".to_owned();
    assert!(matches!(run(&options).await, Err(Error::Url(_))));
    options.url = "http://127.0.0.1".to_owned();
    options.body = Some(PathBuf::from("/nowhere/body.json"));
    assert!(matches!(run(&options).await, Err(Error::Body { .. })));
}
