use super::{About, Phrases};

pub(super) static PHRASES: Phrases = Phrases {
    greetings: &["Hallo,", "Goedemorgen,", "Beste,", "Goedendag,"],
    wishes: &[
        "Kunnen jullie hiernaar kijken?",
        "Laat me weten wat ik moet doen.",
        "Ik hoor het graag snel.",
        "Wat kunnen we hieraan doen?",
    ],
    closings: &["Bedankt,", "Met vriendelijke groet,", "Groeten,", "Alvast bedankt,"],
    agent_greetings: &["Hallo {first},", "Beste {first},"],
    agent_closings: &["Met vriendelijke groet,", "Groeten,", "Nog een fijne dag,"],
    details: &[
        "Het bestelnummer is {order}. Hopelijk helpt dat.",
        "Het gaat om bestelling {order}; ik heb er {days} dagen geleden {amount} euro voor betaald.",
        "Dat heb ik al geprobeerd, op mijn telefoon en op mijn laptop, met hetzelfde resultaat.",
        "De foto's zitten in de bijlage. De doos zelf was niet beschadigd.",
        "Ja, het adres klopt nog.",
    ],
    again: &[
        "Dit is helaas nog niet opgelost. Er is sinds jullie laatste bericht niets veranderd.",
        "Een dag lang werkte het, en nu heb ik weer hetzelfde probleem.",
        "Graag opnieuw openen: ik heb nog niets ontvangen.",
    ],
    thanks: &["Perfect, dank je wel!", "Top, dat was het. Bedankt!"],
    praise: &["Snel en vriendelijk.", "In één keer opgelost, bedankt.", "Geweldige service!"],
    complaints: &[
        "Ik moest het drie keer vragen.",
        "Het duurde veel te lang.",
        "Het antwoord paste niet bij mijn vraag.",
    ],
    billing: About {
        subjects: &["Verkeerd bedrag op factuur {order}", "Twee keer afgeschreven", "Vraag over mijn factuur"],
        problems: &[
            "Op de factuur van bestelling {order} staat {amount} euro, maar in de bevestiging was de prijs lager.",
            "Voor bestelling {order} is twee keer {amount} euro afgeschreven.",
            "Ik heb voor bestelling {order} een factuur met ons btw-nummer nodig, dat ontbreekt nu.",
        ],
        questions: &[
            "Kunt u de laatste vier cijfers van de kaart en de datums van beide afschrijvingen sturen?",
            "Welke bedrijfsnaam en welk btw-nummer moeten op de factuur staan?",
        ],
        answers: &[
            "U heeft gelijk, de korting ontbrak. De juiste factuur voor bestelling {order} is onderweg.",
            "Een van de twee bedragen was een reservering; uw bank geeft de {amount} euro binnen drie dagen vrij.",
        ],
        searches: &["factuur btw-nummer", "twee keer betaald", "factuur downloaden"],
    },
    delivery: About {
        subjects: &["Waar blijft bestelling {order}?", "Pakket niet bezorgd", "Bezorgd op verkeerd adres"],
        problems: &[
            "Ik heb {days} dagen geleden de {product} besteld en de track-and-trace staat stil.",
            "Volgens de track-and-trace is bestelling {order} bezorgd, maar hier is niets aangekomen.",
            "Het pakket met mijn {product} is naar mijn oude adres gegaan.",
        ],
        questions: &[
            "Kunt u bij de buren vragen, en klopt het adres van bestelling {order}?",
            "Naar welk adres mogen we het sturen?",
        ],
        answers: &[
            "We hebben de vervoerder laten zoeken en vandaag een nieuwe {product} naar u gestuurd.",
            "Het pakket van bestelling {order} lag vast in het sorteercentrum; het komt morgen.",
        ],
        searches: &["pakket volgen", "waar is mijn bestelling", "bezorgadres wijzigen"],
    },
    login: About {
        subjects: &["Kan niet inloggen", "Mail voor nieuw wachtwoord komt niet", "Account geblokkeerd"],
        problems: &[
            "Ik kan niet meer inloggen; mijn wachtwoord zou fout zijn, terwijl ik het net heb gewijzigd.",
            "Ik heb vier keer een nieuw wachtwoord gevraagd en er komt geen mail, ook niet in de spam.",
            "Mijn account is geblokkeerd na een aanmelding die niet van mij was.",
        ],
        questions: &[
            "Welke browser gebruikt u, en wat staat er precies op de pagina?",
            "Is het mailadres van uw account hetzelfde als dat waarmee u schrijft?",
        ],
        answers: &[
            "We hebben uw account vrijgegeven. Via de link in de mail van zojuist kiest u een nieuw wachtwoord.",
            "Uw adres stond op onze blokkeerlijst. Dat is opgelost, de mail komt nu aan.",
        ],
        searches: &["wachtwoord vergeten", "kan niet inloggen", "account geblokkeerd"],
    },
    refund: About {
        subjects: &["Terugbetaling bestelling {order}", "Wacht nog op mijn geld", "Te weinig terugbetaald"],
        problems: &[
            "Ik heb de {product} {days} dagen geleden teruggestuurd en mijn {amount} euro nog niet gezien.",
            "Jullie hebben bestelling {order} geannuleerd en geld terug beloofd, maar er is niets gekomen.",
            "De terugbetaling van bestelling {order} is lager dan wat ik betaalde; de verzendkosten ontbreken.",
        ],
        questions: &["Hoe heeft u bestelling {order} betaald, met kaart of per overschrijving?"],
        answers: &[
            "De {amount} euro is vandaag overgemaakt en staat binnen drie werkdagen op uw rekening.",
            "Excuses, de verzendkosten waren vergeten. De rest van bestelling {order} is terugbetaald.",
        ],
        searches: &["terugbetaling hoe lang", "geld niet terug"],
    },
    outage: About {
        subjects: &["Webshop ligt eruit", "Fout 500 bij afrekenen", "Betaalpagina laadt niet"],
        problems: &[
            "Jullie winkel toont sinds vanochtend een foutpagina en ik kan niets bestellen.",
            "Bij het afrekenen krijg ik elke keer fout 500 en daarna een lege pagina.",
            "De betaalpagina laadt minutenlang en geeft dan een time-out.",
        ],
        questions: &["Gebeurt het ook in een privévenster, en hoe laat heeft u het voor het laatst geprobeerd?"],
        answers: &[
            "Er was een storing bij onze betaaldienst. Die is verholpen, probeert u het nog eens.",
            "We zijn er weer: een van onze databases was uitgevallen. Uw winkelwagen is onveranderd.",
        ],
        searches: &["webshop storing", "fout 500", "afrekenen werkt niet"],
    },
    returns: About {
        subjects: &["Artikel kapot aangekomen", "Verkeerd artikel in bestelling {order}", "Retour {product}"],
        problems: &[
            "De {product} kwam met een barst aan, ik wil hem graag ruilen.",
            "In bestelling {order} zat de verkeerde kleur, ik had zwart besteld.",
            "Ik wil de {product} terugsturen, maar het retourportaal kent bestelling {order} niet.",
        ],
        questions: &["Kunt u een foto sturen van de schade en van het etiket op de doos?"],
        answers: &[
            "Het retourlabel zit in de bijlage; zodra het pakket is gescand, sturen we een nieuwe {product}.",
            "Houd het verkeerde artikel gerust, het juiste is onderweg.",
        ],
        searches: &["retourlabel", "kapot artikel ruilen", "retourtermijn"],
    },
    product: About {
        subjects: &["Vraag over {product}", "{product} gaat niet aan", "Onderdeel voor {product}"],
        problems: &[
            "Werkt de {product} ook op 110 volt? Ik kon het niet vinden in de handleiding.",
            "Mijn {product} gaat niet meer aan, het lampje knippert drie keer rood.",
            "Ik ben het deksel van mijn {product} kwijt. Is dat los te koop?",
        ],
        questions: &["Welk serienummer staat er onder op uw {product}?"],
        answers: &[
            "Houd de knop tien seconden ingedrukt tot het lampje wit wordt; zo reset u de {product}.",
            "Ja, dat kan. We hebben het in de handleiding gezet, bedankt voor de tip.",
        ],
        searches: &["{product} handleiding", "{product} resetten", "onderdelen"],
    },
    cancellation: About {
        subjects: &["Per ongeluk besteld", "Abonnement opzeggen", "Bestelling {order} annuleren"],
        problems: &[
            "Ik heb de {product} per ongeluk twee keer besteld, graag bestelling {order} annuleren.",
            "Ik wil mijn abonnement zo snel mogelijk opzeggen.",
            "Annuleer bestelling {order} alsjeblieft, de levering duurt me te lang.",
        ],
        questions: &["Zullen we de hele bestelling {order} annuleren of maar één artikel?"],
        answers: &[
            "Bestelling {order} is geannuleerd, er is niets afgeschreven.",
            "Uw abonnement eindigt deze maand, de bevestiging volgt per mail.",
        ],
        searches: &["bestelling annuleren", "abonnement opzeggen"],
    },
};
