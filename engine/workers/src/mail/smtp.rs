//! One mail, one conversation with the mail server, in three steps that are timed each: opening (connection, encryption,
//! login), envelope (sender and recipients) and message. The step tells what a failure means: up to the envelope's end
//! the server has nothing to send.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use tokio::time::timeout;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::error::{ConfigError, Failure, MailError, Reply};
use super::message::Composed;
use super::{Smtp, Tls};

/// How long a server may take over the goodbye. The mail is sent by then.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(super) struct Relay {
    host: String,
    port: u16,
    tls: Tls,
    /// None without encryption.
    tls_parameters: Option<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("server", &self.server()).field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl Relay {
    pub(super) fn new(settings: Smtp) -> Result<Self, ConfigError> {
        let credentials = credentials(&settings)?;
        let tls_parameters = match settings.tls {
            Tls::None => None,
            Tls::Starttls | Tls::Implicit => Some(tls_parameters(&settings).map_err(ConfigError::Tls)?),
        };
        Ok(Self {
            host: settings.host,
            port: settings.port,
            tls: settings.tls,
            tls_parameters,
            credentials,
            hello: ClientId::default(),
            timeout: settings.timeout,
        })
    }

    /// Hands the mail over; gives the server's words and how many recipients it refused.
    pub(super) async fn send(&self, mail: &Composed) -> Result<(String, usize), MailError> {
        // The library writes every line of the conversation to its debug log: passwords, addresses and the mail.
        self.converse(mail).with_subscriber(NoSubscriber::default()).await
    }

    async fn converse(&self, mail: &Composed) -> Result<(String, usize), MailError> {
        let mut connection = self.timed("connecting", self.open()).await?.map_err(|error| self.not_sent(error))?;
        let n_refused = self.timed("the envelope", self.envelope(&mut connection, mail)).await??;
        let Ok(answer) = timeout(self.timeout, connection.message(&mail.bytes)).await else {
            return Err(self.ambiguous(self.timed_out("the message")));
        };
        let reply = match answer {
            Ok(response) => response.message().collect::<Vec<_>>().join(" "),
            Err(error) => {
                return Err(judged(&error).unwrap_or_else(|| self.ambiguous(Failure::Connection(error))));
            }
        };
        // Whatever it says to the goodbye, it has the mail.
        let _ = timeout(GOODBYE_TIMEOUT, connection.abort()).await;
        Ok((reply, n_refused))
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let address = (self.host.as_str(), self.port);
        let (implicit, upgrade) = match self.tls {
            Tls::Implicit => (self.tls_parameters.clone(), None),
            Tls::None | Tls::Starttls => (None, self.tls_parameters.clone()),
        };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &self.hello, implicit, None).await?;
        if let Some(parameters) = upgrade {
            // Fails where the server does not offer it, so nobody on the way can talk us out of it.
            connection.starttls(parameters, &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }

    /// Sender and recipients. One recipient that does not exist must not keep an alarm from the others; one that may exist
    /// later puts the whole mail off, while nothing is sent yet.
    async fn envelope(&self, connection: &mut AsyncSmtpConnection, mail: &Composed) -> Result<usize, MailError> {
        let judge = |error| judged(&error).unwrap_or_else(|| self.not_sent(error));
        connection.command(Mail::new(Some(mail.from.clone()), Vec::new())).await.map_err(judge)?;
        let mut n_refused = 0;
        for recipient in &mail.to {
            match connection.command(Rcpt::new(recipient.clone(), Vec::new())).await {
                Ok(_) => {}
                Err(error) if error.is_permanent() && n_refused + 1 < mail.to.len() => {
                    n_refused += 1;
                }
                Err(error) => return Err(judge(error)),
            }
        }
        connection.command(Data).await.map_err(judge)?;
        Ok(n_refused)
    }

    async fn timed<T>(&self, step: &'static str, work: impl Future<Output = T>) -> Result<T, MailError> {
        let missed = |_| MailError::NotSent { server: self.server(), cause: self.timed_out(step) };
        timeout(self.timeout, work).await.map_err(missed)
    }

    fn timed_out(&self, step: &'static str) -> Failure {
        Failure::TimedOut { step, seconds: self.timeout.as_secs_f64() }
    }

    /// Also for a server that answers 5yz before it has seen the mail: a wrong password is no reason to give up the mail.
    fn not_sent(&self, error: SmtpError) -> MailError {
        let cause = Reply::of(&error).map_or_else(|| Failure::Connection(error), Failure::Reply);
        MailError::NotSent { server: self.server(), cause }
    }

    fn ambiguous(&self, cause: Failure) -> MailError {
        MailError::Ambiguous { server: self.server(), cause }
    }

    fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// What the server said of this mail, where it answered.
fn judged(error: &SmtpError) -> Option<MailError> {
    let reply = Reply::of(error)?;
    Some(if error.is_permanent() { MailError::Permanent(reply) } else { MailError::Transient(reply) })
}

fn credentials(settings: &Smtp) -> Result<Option<Credentials>, ConfigError> {
    match (&settings.user, &settings.secret) {
        (None, None) => Ok(None),
        (Some(user), Some(secret)) => {
            if settings.tls == Tls::None && !is_this_machine(&settings.host) {
                return Err(ConfigError::PasswordInTheClear { host: settings.host.clone() });
            }
            Ok(Some(Credentials::new(user.clone(), secret.expose_secret().to_owned())))
        }
        _ => Err(ConfigError::HalfCredentials),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tls_parameters(settings: &Smtp) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if !settings.extra_roots_pem.is_empty() {
        builder = builder.add_root_certificate(Certificate::from_pem(&settings.extra_roots_pem)?);
    }
    builder.build()
}
