use deskbell_model::document::Block;

use super::*;

fn brand() -> Brand {
    let logo =
        br#"<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>"#;
    Brand { name: Some("Acme & Sons".to_owned()), logo: Some(Logo::Svg(logo.to_vec())), ..Brand::default() }
}

fn sample(name: &str) -> Document {
    samples::all().into_iter().find(|sample| sample.name == name).unwrap().document
}

/// Whether the bytes hold a text that is not compressed.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn samples_are_valid_documents_that_survive_json() {
    for sample in samples::all() {
        assert_eq!(sample.document.check(), Ok(()), "{}", sample.name);
        let again: Document = serde_json::from_str(&json(&sample.document).unwrap()).unwrap();
        // A number may lose its last binary digit on the way, which nobody sees.
        assert_eq!(text(&again).unwrap(), text(&sample.document).unwrap(), "{}", sample.name);
    }
}

#[test]
fn every_sample_becomes_an_accessible_pdf() {
    for sample in samples::all() {
        let pdf = pdf(&sample.document, &brand()).unwrap_or_else(|error| panic!("{}: {error:?}", sample.name));
        assert!(pdf.starts_with(b"%PDF-1.7"), "{}", sample.name);
        // Written by the exporter only after it has checked tags, title, language and descriptions of pictures.
        assert!(holds(&pdf, "pdfuaid:part"), "{}", sample.name);
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let document = sample("one-ticket");
    assert_eq!(pdf(&document, &brand()).unwrap(), pdf(&document, &brand()).unwrap());
    assert_eq!(html(&document, &brand()).unwrap(), html(&document, &brand()).unwrap());
}

#[test]
fn pages_hold_no_script_no_request_and_no_mark_up_of_strangers() {
    for sample in samples::all() {
        let html = html(&sample.document, &brand()).unwrap();
        let view = view::view(&sample.document);
        let (mail, _) = mail::render(&view, &sample.document, &brand()).unwrap();
        for text in [&html, &mail] {
            for harmful in
                ["<script", "<svg onload", "<img src=x", "<b>report", "javascript:", "\u{202e}", "\u{1b}", "\u{0}"]
            {
                assert!(!text.contains(harmful), "{}: {harmful}", sample.name);
            }
            assert!(text.contains(&format!("<html lang=\"{}\"", sample.document.language)), "{}", sample.name);
        }
        let addresses: Vec<&str> =
            html.match_indices("src=\"").filter_map(|(at, _)| html.get(at + 5..at + 10)).collect();
        assert!(addresses.iter().all(|address| *address == "data:"), "{}: {addresses:?}", sample.name);
    }
}

#[test]
fn mails_bring_every_picture_that_they_show() {
    for sample in samples::all() {
        let view = view::view(&sample.document);
        let (html, inline) = mail::render(&view, &sample.document, &brand()).unwrap();
        for picture in &inline {
            assert!(html.contains(&format!("src=\"cid:{}\"", picture.content_id)), "{}", sample.name);
            assert!(picture.bytes.starts_with(b"\x89PNG"), "{}", sample.name);
        }
        assert_eq!(html.matches("cid:").count(), inline.len(), "{}", sample.name);
        // The mail program of many readers cuts a mail off at 102 KiB.
        assert!(html.len() < 102 * 1024 || sample.name == "long-names", "{}: {}", sample.name, html.len());
    }
}

#[test]
fn a_mail_carries_pdf_tables_and_text() {
    let mail = mail(&sample("one-ticket"), &brand()).unwrap();
    let names: Vec<&str> = mail.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "tagesbericht.pdf",
            "01-erste-antwort-je-tag.csv",
            "02-erstellt-je-kanal.csv",
            "03-rückstand.csv",
            "04-je-wochentag-und-stunde.csv",
            "05-tickets.csv"
        ]
    );
    assert_eq!(mail.subject, "Tagesbericht: 1. März 2026");
    let expected = "Tagesbericht\n============\n1. März 2026\n\n  Erstellt: 1 (▲, zuvor 0); n = 1 · Ticket\n  Pfeile vergleichen mit dem Zeitraum davor.\n\n\
        Erste Antwort je Tag\n  1.3.: Erste Antwort 13 Min.\n\nErstellt je Kanal\n  E-Mail: Erstellt 1\n\nRückstand\n  1.3.: Hoch 1, Normal 0\n\n\
        Je Wochentag und Stunde\n  Je Wochentag und Stunde.\n  Mi  14: 1\n\nTickets\n  #1 Drucker: Erste Antwort 13 Min.\n\nErstellt: 1. Apr. 2026, 07:00 (Europe/Berlin)\n";
    assert_eq!(mail.text, expected.replace("Apr.", "April"));
}

#[test]
fn a_subject_is_one_line() {
    let subject = mail::subject(&view::view(&sample("hostile")));
    assert!(!subject.contains(['\r', '\n']), "{subject}");
    assert!(mail::subject(&view::view(&sample("long-names"))).chars().count() <= 150);
}

#[test]
fn empty_periods_say_so_in_words() {
    let document = sample("empty-period");
    let page = html(&document, &brand()).unwrap();
    assert_eq!(page.matches("<div class=\"empty\">No data in this period").count(), 3);
    assert!(!page.contains("NaN"));
}

#[test]
fn the_fonts_have_every_letter_of_the_six_languages() {
    for sample in samples::all().iter().filter(|sample| sample.name != "hostile") {
        let text = serde_json::to_string(&view::view(&sample.document)).unwrap();
        assert_eq!(pdf::settable(&text), text, "{}", sample.name);
    }
    let alphabets = "AÄÅÁÀÂÃĂĄÆÇĆČĎÉÈÊËĘĚĞÍÎÏİŁŃŇÑÓÖŐØŒŘŚŞŠßŤÚÜŮŰŹŻŽ№₽€£¥₹★▲▼–—“”„‚‘’«»…·×−АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя，。、：；？！（）《》";
    assert_eq!(pdf::settable(alphabets), alphabets);
}

#[test]
fn a_document_that_breaks_the_rules_is_refused_before_anything_is_made() {
    let document = Document { blocks: vec![Block::heading(9, "x")], ..sample("bare") };
    assert!(matches!(pdf(&document, &brand()), Err(Error::Document(_))));
    assert!(matches!(mail(&document, &brand()), Err(Error::Document(_))));
    assert!(matches!(html(&document, &brand()), Err(Error::Document(_))));
    assert!(csv(&document).is_err() && json(&document).is_err() && text(&document).is_err());
}
