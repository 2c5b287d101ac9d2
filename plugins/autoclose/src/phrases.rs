//! The shipped reminders.

pub(crate) const ENGLISH: &str = "\
Hello{% if requester.name %} {{requester.name}}{% endif %},

We are still waiting for your answer in the matter {{ticket.id}}. Without it we will regard the matter as settled and close it soon. \
A short reply to this message keeps it open.";

const GERMAN: &str = "\
Guten Tag{% if requester.name %} {{requester.name}}{% endif %},

zu Ihrem Anliegen {{ticket.id}} fehlt uns noch Ihre Antwort. Ohne sie betrachten wir es als erledigt und schließen es bald. \
Eine kurze Antwort auf diese Nachricht hält es offen.";

const DUTCH: &str = "\
Goedendag{% if requester.name %} {{requester.name}}{% endif %},

Wij wachten nog op uw antwoord over uw verzoek {{ticket.id}}. Zonder antwoord beschouwen wij het als afgehandeld en sluiten wij het binnenkort. \
Met een korte reactie op dit bericht blijft het open.";

const FINNISH: &str = "\
Hei{% if requester.name %} {{requester.name}}{% endif %},

Odotamme yhä vastaustasi asiaan {{ticket.id}}. Ellemme kuule sinusta, katsomme asian hoidetuksi ja suljemme sen pian. \
Lyhyt vastaus tähän viestiin pitää sen avoinna.";

const RUSSIAN: &str = "\
Здравствуйте{% if requester.name %}, {{requester.name}}{% endif %}!

Мы всё ещё ждём вашего ответа по обращению {{ticket.id}}. Без него мы будем считать вопрос решённым и скоро закроем обращение. \
Чтобы оно осталось открытым, достаточно коротко ответить на это письмо.";

const CHINESE: &str = "\
{% if requester.name %}{{requester.name}}，您好：{% else %}您好：{% endif %}

关于编号 {{ticket.id}} 的问题，我们仍在等待您的答复。如果没有收到答复，我们将视为问题已解决，并将很快关闭。如需继续处理，请简短回复此消息。";

/// The reminder in a language, where one is shipped.
pub(crate) fn reminder(code: &str) -> Option<&'static str> {
    Some(match code {
        "en" => ENGLISH,
        "de" => GERMAN,
        "nl" => DUTCH,
        "fi" => FINNISH,
        "ru" => RUSSIAN,
        "zh" => CHINESE,
        _ => return None,
    })
}
