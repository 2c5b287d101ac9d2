//! A real mail server from the distribution's packages, on this machine, for one test: Exim, with STARTTLS, which takes mail from
//! those alone who sign in, and puts it into a folder.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::waiting::wait_until;

const PROGRAM: &str = "/usr/sbin/exim4";
const USER: &str = "deskbell";
const PASSWORD: &str = "correct horse";
/// What the server does as root it does as this user.
const UNPRIVILEGED: &str = "Debian-exim";
const CONFIG: &str = include_str!("mail_server.conf");
const READER: &str = include_str!("read_mail.py");

/// A running server.
pub(crate) struct MailServer {
    port: u16,
    folder: TempDir,
    process: Child,
}

impl MailServer {
    /// None where it is not installed, or there is no Python to read its mails with: then the test cannot be made here, and
    /// says so.
    pub(crate) async fn start() -> Option<Self> {
        let has_python = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
        if !Path::new(PROGRAM).exists() || !has_python {
            eprintln!("skipped: no {PROGRAM} or no python3; `apt-get install exim4-daemon-light python3` has both");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        for name in ["server.pem", "server.key"] {
            let copy = folder.path().join(name);
            fs::copy(certificates().join(name), &copy).unwrap();
            fs::set_permissions(copy, fs::Permissions::from_mode(0o644)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let user = if nix::unistd::geteuid().is_root() { format!("user = {UNPRIVILEGED}") } else { String::new() };
        let config = CONFIG
            .replace("@FOLDER@", &folder.path().display().to_string())
            .replace("@PORT@", &port.to_string())
            .replace("@USER@", USER)
            .replace("@PASSWORD@", PASSWORD)
            .replace("@AS_USER@", &user);
        let file = folder.path().join("exim.conf");
        fs::write(&file, config).unwrap();
        let process = Command::new(PROGRAM)
            .args(["-C".as_ref(), file.as_os_str(), "-bdf".as_ref(), "-q1h".as_ref()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { port, folder, process };
        wait_until("the mail server listens", async || TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
        Some(server)
    }

    /// `[mail]` of an engine that hands its mail to this server; `folder` is where its configuration lies.
    pub(crate) fn section(&self, folder: &Path) -> String {
        fs::write(folder.join("mail.password"), format!("{PASSWORD}\n")).unwrap();
        format!(
            "\n[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"starttls\"\nuser = \"{USER}\"\n\
             password = {{ file = \"mail.password\" }}\nfrom = \"Deskbell <deskbell@example.com>\"\n",
            self.port
        )
    }

    /// The authority that signed the server's certificate.
    pub(crate) fn authority() -> PathBuf {
        certificates().join("authority.pem")
    }

    /// Waits until so many mails have come, and gives them as Python's standard library reads them.
    pub(crate) async fn mails(&self, n_mails: usize) -> Vec<Value> {
        let inbox = self.folder.path().join("mail/new");
        let n_come = || fs::read_dir(&inbox).map_or(0, Iterator::count);
        wait_until("the mails have come", async || n_come() >= n_mails).await;
        let output = Command::new("python3").args(["-c", READER]).arg(&inbox).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What the server wrote down of each mail: who signed in, and how the connection was secured.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("mainlog")).unwrap()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn certificates() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../engine/workers/src/sender/fixtures"].iter().collect()
}
