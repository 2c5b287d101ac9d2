//! Reports on their way: through a real mail server, into a folder, and those that cannot be made.

use std::fs;

use serde_json::Value;

use super::reports::{MARCH, files, import_golden};
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::mail_server::MailServer;
use crate::support::waiting::wait_until;
use crate::support::{config, golden};

fn with(sections: &str) -> String {
    config::with("127.0.0.1:1", &[sections, &golden::calendars()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_takes_the_report_and_another_parser_reads_it() {
    let Some(server) = MailServer::start().await else { return };
    let report = "\n[[report]]\nname = \"team\"\nreport = \"weekly\"\nlanguage = \"ru\"\nlogo = \"logo.svg\"\n\
                  recipients = [\"Zoë Öhman <zoe@example.com>\", \"bo@example.com\"]\n";
    let mut engine = import_golden(&with("")).await;
    let logo = r##"<svg xmlns="http://www.w3.org/2000/svg" width="80" height="30"><rect width="80" height="30" fill="#1f5fa8"/></svg>"##;
    fs::write(engine.folder().join("logo.svg"), logo).unwrap();
    let authority = format!("[deliver]\nca_file = \"{}\"", MailServer::authority().display());
    let sections = format!("{}{report}", server.section(engine.folder()));
    engine.configure(&with(&sections).replacen("[deliver]", &authority, 1));
    let ended = engine.run(&["report", "run", "team", "--period", MARCH, "--send"]).await;
    assert!(ended.status.success(), "{ended:?}");
    engine.start_again(None).await;

    // The server makes a copy for each recipient.
    let mails = server.mails(2).await;
    let log = server.log();
    assert!(log.contains("A=plain:deskbell") && log.contains("X=TLS1."), "{log}");
    let mut envelopes: Vec<&str> = mails.iter().filter_map(|mail| mail["envelope_to"].as_str()).collect();
    envelopes.sort_unstable();
    assert_eq!(envelopes, ["bo@example.com", "zoe@example.com"]);
    assert_eq!(mails[0]["id"], mails[1]["id"]);
    let mail = &mails[0];
    assert_eq!(mail["to"], serde_json::json!(["zoe@example.com", "bo@example.com"]));
    assert_eq!(mail["names"][0], "Zoë Öhman");
    assert!(mail["subject"].as_str().unwrap().starts_with("Еженедельный отчёт"), "{}", mail["subject"]);
    for body in ["text", "html"] {
        assert!(mail[body].as_str().unwrap().contains("35,1"), "{}", mail[body]);
    }
    reads_whole(mail);
    assert_eq!(engine.database.number("SELECT count(*) FROM outbox WHERE state = 2 AND kind = 'report.mail'").await, 1);
}

/// Every picture that the page shows is there, each attachment is what it says, and the parser found nothing to complain of.
fn reads_whole(mail: &Value) {
    let parts = mail["parts"].as_array().unwrap();
    for part in parts {
        assert_eq!(part["defects"], serde_json::json!([]), "{part}");
    }
    assert_eq!(mail["defects"], serde_json::json!([]));
    let begins = |media_type: &str, magic: &str| {
        let such: Vec<&Value> = parts.iter().filter(|part| part["type"] == media_type).collect();
        assert!(such.iter().all(|part| part["begins"].as_str().unwrap().starts_with(magic)), "{such:?}");
        such.len()
    };
    assert_eq!(begins("application/pdf", "%PDF-"), 1);
    assert!(begins("text/csv", "") >= 3);
    let ids: Vec<String> =
        parts.iter().filter_map(|part| part["id"].as_str()).map(|id| id.trim_matches(['<', '>']).to_owned()).collect();
    let shows: Vec<&str> = mail["shows"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(shows.len() >= 2 && shows.iter().all(|id| ids.iter().any(|own| own == id)), "{shows:?} {ids:?}");
    assert_eq!(begins("image/png", "\u{89}PNG"), shows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_lies_in_its_folder_in_all_its_forms() {
    let mut engine = import_golden(&with(
        "
[[destination]]
name = \"share\"
kind = \"folder\"
path = \"out/reports\"

[[report]]
name = \"team\"
report = \"monthly\"
to = [\"share\"]
formats = [\"html\", \"pdf\", \"csv\", \"json\"]
",
    ))
    .await;
    let ended = engine.run(&["report", "run", "team", "--period", MARCH, "--send"]).await;
    assert!(ended.status.success(), "{ended:?}");
    engine.start_again(None).await;
    engine.work_off().await;
    let folder = engine.folder().join("out/reports");
    let stem = format!("team-2026-03-01-{}", ended.stdout.trim());
    for ending in [".html", ".pdf", ".json"] {
        assert!(folder.join(format!("{stem}{ending}")).exists(), "{ending}");
    }
    assert!(files(&folder, ".csv").len() >= 3);
    assert_eq!(files(&folder, ".part").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_the_report_as_data_and_a_chat_its_beginning() {
    let helpdesk = Helpdesk::start().await;
    let sections = "
[[destination]]
name = \"warehouse\"
kind = \"webhook\"
url = { file = \"url\" }
secret = { env = \"DESKBELL_TEST_SECRET\" }

[[destination]]
name = \"chat\"
kind = \"slack\"
url = { file = \"url\" }

[[report]]
name = \"team\"
report = \"weekly\"
to = [\"warehouse\", \"chat\"]
";
    let mut engine = import_golden(&with("")).await;
    fs::write(engine.folder().join("url"), format!("http://{}/report", helpdesk.address)).unwrap();
    engine.configure(&with(sections));
    let ended = engine.run(&["report", "run", "team", "--period", MARCH, "--send"]).await;
    assert!(ended.status.success(), "{ended:?}");
    engine.start_again(None).await;
    engine.work_off().await;
    let received = helpdesk.received();
    let [hook, chat] = ["warehouse", "chat"].map(|to| {
        let is_hook = to == "warehouse";
        let such = received.iter().find(|received| received.signed == is_hook);
        such.unwrap_or_else(|| panic!("nothing came for {to}: {received:?}")).body.clone()
    });
    assert_eq!(hook["type"], "deskbell.notice");
    assert_eq!(hook["report"]["name"], "team");
    assert!(hook["report"]["document"].to_string().contains("{\"integer\":821}"), "{hook}");
    let told = chat.to_string();
    assert!(told.contains("Weekly report") && told.contains("821"), "{told}");
    // A chat's messages are short.
    assert!(told.len() < 8000, "{}", told.len());
}

const DAILY: &str = "
[[destination]]
name = \"share\"
kind = \"folder\"
path = \"share\"

[[report]]
name = \"team\"
report = \"weekly\"
period = \"yesterday\"
schedule = { cron = \"0 0 * * *\", missed = \"once\" }
to = [\"share\"]
failures_to = [\"share\"]
";

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_made_is_a_dead_letter_whose_replay_makes_it() {
    let broken = format!("{DAILY}settings = {{ leats = 3 }}\n");
    let mut engine = TestEngine::start(&with(&broken)).await;
    wait_until("the schedule is known", async || engine.database.number("SELECT count(*) FROM schedule").await == 1)
        .await;
    assert!(engine.stop().await.success());
    engine.database.execute("UPDATE schedule SET checked_to = checked_to - interval '1 day'").await;
    engine.start_again(None).await;
    let waiting = "SELECT count(*) FROM schedule_run WHERE attempts = 1 AND next_at > now()";
    wait_until("it will be tried again", async || engine.database.number(waiting).await == 1).await;
    engine.database.execute("UPDATE schedule_run SET attempts = 5, next_at = now()").await;
    let letters = "SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL AND attempts = 6";
    wait_until("it is given up", async || engine.database.number(letters).await == 1).await;
    engine.work_off().await;

    let list = engine.run(&["report", "list"]).await;
    assert!(list.stdout.contains("failed") && list.stdout.contains("leats"), "{list:?}");
    let letters = engine.run(&["dead-letters", "list"]).await;
    assert!(letters.stdout.contains("report:team") && letters.stdout.contains("leats"), "{letters:?}");
    let share = engine.folder().join("share");
    let told = fs::read_to_string(&files(&share, ".txt")[0]).unwrap();
    assert!(told.contains("could not be made") && told.contains("leats"), "{told}");

    assert!(engine.stop().await.success());
    engine.configure(&with(DAILY));
    engine.start_again(None).await;
    let replayed = engine.run(&["dead-letters", "replay", "--all"]).await;
    assert!(replayed.status.success(), "{replayed:?}");
    wait_until("the report lies in the folder", async || files(&share, ".pdf").len() == 1).await;
    assert_eq!(engine.database.number("SELECT count(*) FROM report_run WHERE state = 0").await, 1);
    assert_eq!(engine.database.number("SELECT count(*) FROM report_run").await, 1);
}
