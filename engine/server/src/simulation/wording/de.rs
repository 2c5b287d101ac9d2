use super::{About, Phrases};

pub(super) static PHRASES: Phrases = Phrases {
    greetings: &["Hallo,", "Guten Tag,", "Guten Morgen,", "Liebes Team,"],
    wishes: &[
        "Können Sie sich das bitte ansehen?",
        "Bitte sagen Sie mir, wie es weitergeht.",
        "Über eine schnelle Antwort würde ich mich freuen.",
        "Was können wir da tun?",
    ],
    closings: &["Danke und Gruß", "Mit freundlichen Grüßen", "Viele Grüße", "Beste Grüße"],
    agent_greetings: &["Hallo {first},", "Guten Tag {first},"],
    agent_closings: &["Mit freundlichen Grüßen", "Viele Grüße", "Einen schönen Tag noch,"],
    details: &[
        "Die Bestellnummer ist {order}. Ich hoffe, das hilft.",
        "Gern: Es ist die Bestellung {order}, bezahlt habe ich {amount} Euro vor {days} Tagen.",
        "Das habe ich schon versucht, am Handy und am Rechner, mit demselben Ergebnis.",
        "Fotos sind angehängt. Der Karton selbst war unbeschädigt.",
        "Ja, die Adresse stimmt noch.",
    ],
    again: &[
        "Leider ist das noch nicht gelöst. Seit Ihrer letzten Nachricht hat sich nichts geändert.",
        "Einen Tag lang ging es, jetzt habe ich wieder dasselbe Problem.",
        "Bitte öffnen Sie die Anfrage wieder: Bei mir ist noch nichts angekommen.",
    ],
    thanks: &["Perfekt, vielen Dank!", "Super, das war es. Danke!"],
    praise: &["Schnell und freundlich.", "Sofort gelöst, danke.", "Toller Service!"],
    complaints: &[
        "Ich musste dreimal nachfragen.",
        "Das hat viel zu lange gedauert.",
        "Die Antwort passte nicht zu meiner Frage.",
    ],
    billing: About {
        subjects: &["Falscher Betrag auf Rechnung {order}", "Doppelt abgebucht", "Frage zu meiner Rechnung"],
        problems: &[
            "Auf der Rechnung zur Bestellung {order} stehen {amount} Euro, in der Bestätigung war der Preis niedriger.",
            "Für die Bestellung {order} wurden zweimal {amount} Euro von meiner Karte abgebucht.",
            "Ich brauche zur Bestellung {order} eine Rechnung mit unserer Umsatzsteuer-ID, auf Ihrer fehlt sie.",
        ],
        questions: &[
            "Nennen Sie uns bitte die letzten vier Ziffern der Karte und die Tage beider Buchungen?",
            "Welche Firma und welche Umsatzsteuer-ID sollen auf der Rechnung stehen?",
        ],
        answers: &[
            "Sie haben recht, der Rabatt fehlte. Eine berichtigte Rechnung zur Bestellung {order} ist unterwegs.",
            "Eine der beiden Buchungen war nur eine Vormerkung; Ihre Bank gibt die {amount} Euro in drei Tagen frei.",
        ],
        searches: &["rechnung umsatzsteuer-id", "doppelt abgebucht", "rechnung herunterladen"],
    },
    delivery: About {
        subjects: &["Wo bleibt meine Bestellung {order}?", "Paket nicht zugestellt", "Lieferung an falsche Adresse"],
        problems: &[
            "Ich habe vor {days} Tagen den {product} bestellt, und die Sendungsverfolgung bewegt sich nicht.",
            "Laut Sendungsverfolgung wurde die Bestellung {order} zugestellt, hier ist aber nichts angekommen.",
            "Das Paket mit meinem {product} ging an meine alte Adresse.",
        ],
        questions: &[
            "Fragen Sie bitte bei den Nachbarn, und stimmt die Adresse in der Bestellung {order}?",
            "An welche Adresse sollen wir liefern?",
        ],
        answers: &[
            "Wir haben beim Zusteller nachgeforscht und heute einen neuen {product} an Sie geschickt.",
            "Das Paket zur Bestellung {order} lag im Verteilzentrum fest; es kommt morgen an.",
        ],
        searches: &["sendung verfolgen", "wo ist mein paket", "lieferadresse ändern"],
    },
    login: About {
        subjects: &["Anmeldung geht nicht", "Mail zum Zurücksetzen kommt nicht an", "Konto gesperrt"],
        problems: &[
            "Ich kann mich nicht mehr anmelden; angeblich ist mein Passwort falsch, dabei habe ich es eben geändert.",
            "Ich habe viermal ein neues Passwort angefordert, und keine Mail kommt an, auch nicht im Spam.",
            "Mein Konto wurde nach einer Anmeldung gesperrt, die nicht von mir war.",
        ],
        questions: &[
            "Welchen Browser benutzen Sie, und was genau steht auf der Seite?",
            "Ist die Mailadresse Ihres Kontos die, von der Sie schreiben?",
        ],
        answers: &[
            "Wir haben Ihr Konto entsperrt. Mit dem Link in der eben verschickten Mail setzen Sie ein neues Passwort.",
            "Ihre Adresse stand auf unserer Sperrliste. Das ist behoben, die Mail kommt nun an.",
        ],
        searches: &["passwort zurücksetzen", "anmeldung geht nicht", "konto gesperrt"],
    },
    refund: About {
        subjects: &["Erstattung zur Bestellung {order}", "Warte noch auf mein Geld", "Erstattung zu niedrig"],
        problems: &[
            "Ich habe den {product} vor {days} Tagen zurückgeschickt und meine {amount} Euro noch nicht gesehen.",
            "Sie haben die Bestellung {order} storniert und eine Erstattung zugesagt, bisher kam nichts.",
            "Die Erstattung zur Bestellung {order} ist niedriger als mein Preis; der Versand fehlt.",
        ],
        questions: &["Wie haben Sie die Bestellung {order} bezahlt, mit Karte oder per Überweisung?"],
        answers: &[
            "Die {amount} Euro haben wir heute überwiesen, das dauert zwei bis drei Werktage.",
            "Entschuldigung, der Versand war vergessen worden. Den Rest zur Bestellung {order} haben wir erstattet.",
        ],
        searches: &["erstattung wie lange", "geld nicht zurück"],
    },
    outage: About {
        subjects: &["Shop nicht erreichbar", "Fehler 500 an der Kasse", "Bezahlseite lädt nicht"],
        problems: &[
            "Ihr Shop zeigt seit heute früh eine Fehlerseite, ich kann nichts bestellen.",
            "An der Kasse kommt jedes Mal Fehler 500 und danach eine leere Seite.",
            "Die Bezahlseite lädt minutenlang und meldet dann eine Zeitüberschreitung.",
        ],
        questions: &["Passiert es auch in einem privaten Fenster, und wann haben Sie es zuletzt versucht?"],
        answers: &[
            "Unser Zahlungsdienst war gestört. Der Fehler ist behoben, bitte versuchen Sie es noch einmal.",
            "Wir sind wieder da: Eine unserer Datenbanken war ausgefallen. Ihr Warenkorb ist unverändert.",
        ],
        searches: &["shop nicht erreichbar", "fehler 500", "kasse geht nicht"],
    },
    returns: About {
        subjects: &["Artikel kam kaputt an", "Falscher Artikel in Bestellung {order}", "Rücksendung {product}"],
        problems: &[
            "Der {product} kam mit einem Riss an, ich möchte ihn umtauschen.",
            "In der Bestellung {order} war die falsche Farbe, bestellt hatte ich Schwarz.",
            "Ich möchte den {product} zurückschicken, aber das Portal kennt meine Bestellung {order} nicht.",
        ],
        questions: &["Schicken Sie uns bitte ein Foto vom Schaden und vom Etikett auf dem Karton?"],
        answers: &[
            "Der Rücksendeschein ist angehängt; sobald das Paket gescannt ist, geht ein neuer {product} an Sie.",
            "Bitte behalten Sie den falschen Artikel, der richtige ist unterwegs.",
        ],
        searches: &["rücksendeschein", "defekt umtauschen", "rückgabefrist"],
    },
    product: About {
        subjects: &["Frage zum {product}", "{product} geht nicht an", "Ersatzteil für {product}"],
        problems: &[
            "Läuft der {product} auch mit 110 Volt? In der Anleitung habe ich nichts gefunden.",
            "Mein {product} geht nicht mehr an, das Licht blinkt dreimal rot.",
            "Ich habe den Deckel meines {product} verloren. Gibt es ihn einzeln?",
        ],
        questions: &["Welche Seriennummer steht auf der Unterseite Ihres {product}?"],
        answers: &[
            "Halten Sie die Taste zehn Sekunden, bis das Licht weiß wird; das setzt den {product} zurück.",
            "Ja, das geht. Wir haben es in der Anleitung ergänzt, danke für den Hinweis.",
        ],
        searches: &["{product} anleitung", "{product} zurücksetzen", "ersatzteile"],
    },
    cancellation: About {
        subjects: &["Aus Versehen bestellt", "Abo kündigen", "Bestellung {order} stornieren"],
        problems: &[
            "Ich habe den {product} aus Versehen doppelt bestellt, bitte stornieren Sie die Bestellung {order}.",
            "Ich möchte mein Abo zum nächstmöglichen Termin kündigen.",
            "Bitte stornieren Sie die Bestellung {order}, die Lieferung dauert mir zu lange.",
        ],
        questions: &["Sollen wir die ganze Bestellung {order} stornieren oder nur einen Artikel?"],
        answers: &[
            "Die Bestellung {order} ist storniert, abgebucht wurde nichts.",
            "Ihr Abo endet mit diesem Monat, die Bestätigung folgt per Mail.",
        ],
        searches: &["bestellung stornieren", "abo kündigen"],
    },
};
