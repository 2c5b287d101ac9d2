//! Recognising messages that no person wrote: answering them is how two machines come to write to each other all night.

use deskbell::prelude::*;

/// How such subjects begin, in lower case: English, German, Dutch, Finnish, Swedish, Danish, Norwegian, Russian, Ukrainian, Polish,
/// Czech, French, Spanish, Italian, Portuguese, Chinese, Japanese, Korean, Turkish.
const BEGINNINGS: &str = "\
    automatic reply|auto reply|auto-reply|autoreply|auto response|auto-response|\
    automated reply|automated response|out of office|out of the office|out-of-office|\
    i am out of|i'm out of|on vacation|vacation reply|annual leave|undeliverable|\
    undelivered|delivery status notification|delivery failure|delivery has failed|\
    mail delivery fail|mail delivery subsystem|mail system error|message not delivered|\
    returned mail|failure notice|read receipt|read:|not read:|delivered:|\
    automatische antwort|abwesenheitsnotiz|abwesenheitsnachricht|abwesenheitsmeldung|\
    abwesenheitsassistent|ich bin nicht im büro|nicht im büro|unzustellbar|\
    nicht zustellbar|zustellung fehlgeschlagen|lesebestätigung|gelesen:|\
    automatisch antwoord|automatische reactie|afwezigheidsbericht|niet op kantoor|\
    onbestelbaar|kan niet worden bezorgd|automaattinen vastaus|automaattivastaus|\
    poissaoloilmoitus|poissa toimistosta|lomavastaaja|ei voitu toimittaa|\
    automatiskt svar|autosvar|frånvaromeddelande|frånvaro:|kan inte levereras|\
    automatisk svar|fraværsbesked|ikke til stede|fraværsmelding|автоматический ответ|\
    автоответ|автоматична відповідь|нет на рабочем месте|вне офиса|недоставленное|\
    сообщение не доставлено|не удалось доставить|odpowiedź automatyczna|autoodpowiedź|\
    poza biurem|nie można dostarczyć|automatická odpověď|réponse automatique|\
    absence du bureau|message d'absence|non remis|respuesta automática|\
    respuesta automatica|fuera de la oficina|no se puede entregar|risposta automatica|\
    fuori sede|fuori ufficio|mancato recapito|resposta automática|fora do escritório|\
    não foi possível entregar|自动回复|自動回覆|自动答复|自動答覆|系统退信|无法送达|未送达|無法傳遞|自動応答|自動返信|不在通知|\
    자동 회신|자동 응답|otomatik yanıt";

/// Words that are such subjects only when they stand alone or before a colon.
const ALONE: &str = "\
    abwesend|abwesenheit|afwezig|afwezigheid|absent|absence|ausente|assente|away|bounce|\
    poissa|lomalla|отпуск|退信|外出|不在|休假|urlaub|vacation|ooo";

/// Senders behind which nobody reads.
const MACHINES: &str = "\
    noreply|no-reply|no_reply|no.reply|donotreply|do-not-reply|do_not_reply|\
    mailer-daemon|mailerdaemon|maildaemon|postmaster|bounce|bounces|listserv|majordomo|\
    autoresponder|auto-reply";

/// What shows that no person wrote the ticket; none where nothing does.
pub(crate) fn sign(ticket: &Ticket) -> Option<String> {
    let subject = ticket.subject.trim().to_lowercase();
    let subject = subject.trim_start_matches(['[', '(', '*', '\u{feff}', ' ']);
    if let Some(beginning) = BEGINNINGS.split('|').find(|beginning| subject.starts_with(beginning)) {
        return Some(format!("its subject begins like an automatic message: {beginning}"));
    }
    let stands_alone = |word: &&str| {
        let rest = subject.strip_prefix(*word).map(|rest| rest.trim_start_matches([']', ')', ' ']));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '：', '-', '–', '!']))
    };
    if let Some(word) = ALONE.split('|').find(stands_alone) {
        return Some(format!("its subject says that somebody is away: {word}"));
    }
    let email = ticket.requester.email.as_deref().unwrap_or_default().to_lowercase();
    let (local, _) = email.split_once('@')?;
    let local = local.split('+').next().unwrap_or_default();
    let is_machine = MACHINES.split('|').any(|machine| machine == local)
        || ["noreply-", "noreply_", "no-reply-", "bounce-", "bounces-", "donotreply-"]
            .iter()
            .any(|start| local.starts_with(start))
        || ["-noreply", "-no-reply", ".noreply", "-bounces"].iter().any(|end| local.ends_with(end));
    is_machine.then(|| format!("nobody reads what is sent to {local}@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subject: &str, email: Option<&str>, expected: bool) {
        let requester = Requester { id: "c".into(), email: email.map(str::to_owned), ..Requester::default() };
        let ticket = Ticket { subject: subject.into(), requester, ..Ticket::default() };
        assert_eq!(sign(&ticket).is_some(), expected, "{subject} {email:?}: {:?}", sign(&ticket));
    }

    #[test]
    fn automatic_messages_of_many_languages_are_recognised() {
        for subject in [
            "Automatic reply: Invoice",
            "Out of Office: back on Monday",
            "AUTO-REPLY",
            "Undeliverable: your ticket",
            "Abwesenheitsnotiz: Rechnung",
            "Automatische Antwort: Re: Rechnung",
            "Abwesend: bis 5.1.",
            "Automatisch antwoord: x",
            "Automaattinen vastaus: Lasku",
            "Poissa: palaan maanantaina",
            "Автоматический ответ: Счёт",
            "Автоответ",
            "自动回复：您好",
            "退信",
            "自動応答: 休暇",
            "Réponse automatique : facture",
            "[Out of office] x",
            "  ooo ",
            "Absent",
        ] {
            check(subject, None, true);
        }
    }

    #[test]
    fn what_people_write_is_not() {
        for subject in [
            "",
            "My automatic reply does not work",
            "Re: Out of office policy",
            "Absentee list is wrong",
            "外出充电故障",
            "Poissaolojen kirjaus ei toimi",
            "Urlaub buchen geht nicht",
            "Away team shirts",
            "Отпускные не начислены",
            "Ready for pickup?",
        ] {
            check(subject, None, false);
        }
    }

    #[test]
    fn senders_behind_which_nobody_reads_are_recognised() {
        for email in [
            "no-reply@example.com",
            "MAILER-DAEMON@mx.example",
            "bounces+77=a@list.example",
            "shop-noreply@example.com",
        ] {
            check("Hello", Some(email), true);
        }
        for email in ["reply@example.com", "ann@noreply.example", "", "ann", "nora.reply@example.com"] {
            check("Hello", Some(email), false);
        }
    }
}
