use super::{About, Phrases};

pub(super) static PHRASES: Phrases = Phrases {
    greetings: &["Hei,", "Moi,", "Hyvää huomenta,", "Hyvä asiakaspalvelu,"],
    wishes: &[
        "Voisitteko selvittää asian?",
        "Kertoisitteko, mitä teen seuraavaksi.",
        "Toivon pikaista vastausta.",
        "Mitä asialle voi tehdä?",
    ],
    closings: &["Kiitos,", "Ystävällisin terveisin,", "Terveisin,", "Kiitos etukäteen,"],
    agent_greetings: &["Hei {first},", "Hyvä {first},"],
    agent_closings: &["Ystävällisin terveisin,", "Terveisin,", "Hyvää päivänjatkoa,"],
    details: &[
        "Tilausnumero on {order}. Toivottavasti tästä on apua.",
        "Kyseessä on tilaus {order}, maksoin siitä {amount} euroa {days} päivää sitten.",
        "Kokeilin sitä jo puhelimella ja tietokoneella, tulos on sama.",
        "Kuvat ovat liitteenä. Itse laatikko oli ehjä.",
        "Kyllä, osoite on edelleen sama.",
    ],
    again: &[
        "Valitettavasti asia ei ole vielä ratkennut. Mikään ei ole muuttunut viime viestinne jälkeen.",
        "Se toimi päivän, ja nyt sama ongelma on taas täällä.",
        "Avaisitteko tämän uudelleen: en ole saanut vielä mitään.",
    ],
    thanks: &["Loistavaa, kiitos paljon!", "Hienoa, se toimi. Kiitos!"],
    praise: &["Nopeaa ja ystävällistä.", "Ratkesi kerralla, kiitos.", "Erinomaista palvelua!"],
    complaints: &[
        "Jouduin kysymään kolme kertaa.",
        "Siinä kesti aivan liian kauan.",
        "Vastaus ei liittynyt kysymykseeni.",
    ],
    billing: About {
        subjects: &["Väärä summa laskussa {order}", "Veloitettu kahdesti", "Kysymys laskusta"],
        problems: &[
            "Tilauksen {order} laskussa on {amount} euroa, mutta vahvistuksessa hinta oli alempi.",
            "Kortiltani on veloitettu tilauksesta {order} kahdesti {amount} euroa.",
            "Tarvitsen tilauksesta {order} laskun, jossa on Y-tunnuksemme.",
        ],
        questions: &[
            "Lähettäisittekö kortin neljä viimeistä numeroa ja molempien veloitusten päivät?",
            "Mikä yrityksen nimi ja Y-tunnus laskuun merkitään?",
        ],
        answers: &[
            "Olette oikeassa, alennus puuttui. Korjattu lasku tilauksesta {order} on matkalla.",
            "Toinen veloituksista oli vain katevaraus; pankkinne vapauttaa {amount} euroa kolmessa päivässä.",
        ],
        searches: &["lasku y-tunnus", "veloitettu kahdesti", "lataa lasku"],
    },
    delivery: About {
        subjects: &["Missä tilaus {order} viipyy?", "Pakettia ei toimitettu", "Toimitus väärään osoitteeseen"],
        problems: &[
            "Tilasin tuotteen {product} {days} päivää sitten, eikä seuranta ole liikkunut.",
            "Seurannan mukaan tilaus {order} on toimitettu, mutta mitään ei ole tullut.",
            "Paketti, jossa on {product}, meni vanhaan osoitteeseeni.",
        ],
        questions: &[
            "Kysyisittekö naapureilta, ja onko tilauksen {order} osoite oikein?",
            "Mihin osoitteeseen lähetämme sen?",
        ],
        answers: &[
            "Pyysimme kuljetusliikettä etsimään paketin ja lähetimme tänään uuden tuotteen.",
            "Tilauksen {order} paketti oli jumissa lajittelukeskuksessa; se saapuu huomenna.",
        ],
        searches: &["paketin seuranta", "missä tilaukseni on", "muuta toimitusosoite"],
    },
    login: About {
        subjects: &["Kirjautuminen ei onnistu", "Salasanaviesti ei tule perille", "Tili lukittu"],
        problems: &[
            "En pääse enää kirjautumaan; salasana on kuulemma väärä, vaikka vaihdoin sen juuri.",
            "Pyysin uutta salasanaa neljä kertaa, eikä viestiä tule edes roskapostiin.",
            "Tilini lukittiin kirjautumisen jälkeen, joka ei ollut minun.",
        ],
        questions: &[
            "Mitä selainta käytätte, ja mitä sivulla tarkalleen lukee?",
            "Onko tilinne sähköpostiosoite sama, josta kirjoitatte?",
        ],
        answers: &[
            "Avasimme tilinne. Vaihtakaa salasana juuri lähettämämme viestin linkistä.",
            "Osoitteenne oli estolistallamme. Se on poistettu, joten viesti tulee nyt perille.",
        ],
        searches: &["salasanan vaihto", "kirjautuminen ei onnistu", "tili lukittu"],
    },
    refund: About {
        subjects: &["Hyvitys tilauksesta {order}", "Odotan yhä rahojani", "Hyvitys on liian pieni"],
        problems: &[
            "Palautin tuotteen {product} {days} päivää sitten, enkä ole saanut {amount} euroa takaisin.",
            "Peruitte tilauksen {order} ja lupasitte hyvityksen, mutta mitään ei ole tullut.",
            "Hyvitys tilauksesta {order} on pienempi kuin maksamani hinta; toimituskulut puuttuvat.",
        ],
        questions: &["Miten maksoitte tilauksen {order}, kortilla vai tilisiirrolla?"],
        answers: &[
            "Hyvitys, {amount} euroa, lähti meiltä tänään ja kestää kahdesta kolmeen arkipäivää.",
            "Pahoittelut, toimituskulut olivat unohtuneet. Loput tilauksesta {order} on hyvitetty.",
        ],
        searches: &["hyvitys kauanko", "rahat takaisin"],
    },
    outage: About {
        subjects: &["Kauppa on alhaalla", "Virhe 500 kassalla", "Maksusivu ei lataudu"],
        problems: &[
            "Kauppanne näyttää aamusta asti virhesivua, enkä voi tilata mitään.",
            "Kassalla tulee joka kerta virhe 500 ja sen jälkeen tyhjä sivu.",
            "Maksusivu latautuu minuutteja ja ilmoittaa sitten aikakatkaisusta.",
        ],
        questions: &["Tapahtuuko se myös yksityisessä ikkunassa, ja milloin yrititte viimeksi?"],
        answers: &[
            "Maksupalvelussamme oli häiriö. Se on korjattu, yrittäkää uudelleen.",
            "Olemme taas verkossa: yksi tietokannoistamme oli kaatunut. Ostoskorinne on ennallaan.",
        ],
        searches: &["kauppa alhaalla", "virhe 500", "kassa ei toimi"],
    },
    returns: About {
        subjects: &["Tuote tuli rikki", "Väärä tuote tilauksessa {order}", "Palautus: {product}"],
        problems: &[
            "{product} saapui haljenneena, haluaisin vaihtaa sen.",
            "Tilauksessa {order} oli väärä väri, tilasin mustan.",
            "Haluan palauttaa tuotteen {product}, mutta palautussivu ei tunne tilausta {order}.",
        ],
        questions: &["Lähettäisittekö kuvan vauriosta ja laatikon tarrasta?"],
        answers: &[
            "Palautustarra on liitteenä; kun paketti on luettu, lähetämme uuden tuotteen.",
            "Pitäkää väärä tuote, oikea on jo matkalla.",
        ],
        searches: &["palautustarra", "rikkinäisen vaihto", "palautusaika"],
    },
    product: About {
        subjects: &["Kysymys: {product}", "{product} ei käynnisty", "Varaosa: {product}"],
        problems: &[
            "Toimiiko {product} myös 110 voltilla? En löytänyt sitä ohjeesta.",
            "Laitteeni {product} ei enää käynnisty, valo vilkkuu kolmesti punaisena.",
            "Hukkasin kannen, laite on {product}. Saako sen erikseen?",
        ],
        questions: &["Mikä sarjanumero laitteen pohjassa on?"],
        answers: &[
            "Pitäkää painiketta pohjassa kymmenen sekuntia, kunnes valo muuttuu valkoiseksi; se nollaa laitteen.",
            "Kyllä toimii. Lisäsimme sen ohjeeseen, kiitos vinkistä.",
        ],
        searches: &["{product} ohje", "{product} nollaus", "varaosat"],
    },
    cancellation: About {
        subjects: &["Tilasin vahingossa", "Kestotilauksen irtisanominen", "Tilauksen {order} peruutus"],
        problems: &[
            "Tilasin vahingossa kaksi kertaa saman, {product}, peruisitteko tilauksen {order}.",
            "Haluan irtisanoa kestotilaukseni heti kun mahdollista.",
            "Perukaa tilaus {order}, toimitus kestää minulle liian kauan.",
        ],
        questions: &["Perummeko koko tilauksen {order} vai vain yhden tuotteen?"],
        answers: &[
            "Tilaus {order} on peruttu, mitään ei ole veloitettu.",
            "Kestotilauksenne päättyy tähän kuuhun, vahvistus tulee sähköpostilla.",
        ],
        searches: &["peru tilaus", "irtisano kestotilaus"],
    },
};
