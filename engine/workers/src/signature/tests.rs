//! What is believed and what is not, one case a line.

use super::*;

const SECRET: &[u8] = b"correct horse battery";
const BODY: &[u8] = b"{\"n\":1}\xff";
const NOW: Timestamp = Timestamp::from_seconds(1_767_322_445);

type Headers<'a> = &'a [(&'a str, &'a str)];

fn field<'a>(headers: Headers<'a>) -> impl Fn(&str) -> Field<'a> {
    move |name| {
        let mut values = headers.iter().filter(|(header, _)| *header == name);
        match (values.next(), values.next()) {
            (None, _) => Field::Absent,
            (Some((_, value)), None) => Field::Once(value.as_bytes()),
            (Some(_), Some(_)) => Field::Repeated,
        }
    }
}

fn verify(scheme: &Scheme, headers: Headers) -> Result<Verified, Refused> {
    Verifier::new(scheme, &[SECRET])?.verify(field(headers), BODY, NOW)
}

/// The code that a sender with `secret` would make of these parts.
fn code(secret: &[u8], parts: &[&[u8]]) -> String {
    hex::encode(key::Key::new(&hmac(), secret, 1).map(|key| key.sign(parts)).unwrap_or_default())
}

fn hmac() -> Scheme {
    Scheme { header: "X-Signature".to_owned(), ..Scheme::of(Kind::Hmac) }
}

fn timed(format: TimestampFormat) -> Scheme {
    Scheme {
        signed: "{timestamp}.{body}".to_owned(),
        timestamp_header: "X-Time".to_owned(),
        timestamp_format: format,
        ..hmac()
    }
}

fn mismatch() -> Refused {
    Refused::Mismatch { tried: 1 }
}

fn missing(header: &str) -> Refused {
    Refused::Missing { header: header.to_owned() }
}

#[test]
fn takes_a_body_that_is_no_text() {
    assert_eq!(verify(&hmac(), &[("x-signature", &code(SECRET, &[BODY]))]), Ok(Verified::default()));
}

#[test]
fn takes_hex_in_upper_case() {
    assert!(verify(&hmac(), &[("x-signature", &code(SECRET, &[BODY]).to_uppercase())]).is_ok());
}

#[test]
fn refuses_a_signature_of_other_bytes_or_another_secret() {
    for signature in [
        code(SECRET, &[b"{\"n\":1}"]),
        code(SECRET, &[BODY, b"\n"]),
        code(SECRET, &[b""]),
        code(b"wrong horse battery", &[BODY]),
    ] {
        assert_eq!(verify(&hmac(), &[("x-signature", &signature)]), Err(mismatch()), "{signature}");
    }
}

#[test]
fn refuses_a_truncated_or_extended_signature() {
    let whole = code(SECRET, &[BODY]);
    for length in [2, 32, 62] {
        assert_eq!(verify(&hmac(), &[("x-signature", &whole[..length])]), Err(mismatch()), "{length}");
    }
    assert_eq!(verify(&hmac(), &[("x-signature", &format!("{whole}00"))]), Err(mismatch()));
    let cut = verify(&hmac(), &[("x-signature", &whole[..63])]);
    assert!(matches!(cut, Err(Refused::Malformed { .. })), "{cut:?}");
}

#[test]
fn refuses_missing_repeated_and_malformed_headers() {
    let signature = code(SECRET, &[BODY]);
    assert_eq!(verify(&hmac(), &[]), Err(missing("x-signature")));
    let twice = verify(&hmac(), &[("x-signature", &signature), ("x-signature", &signature)]);
    assert_eq!(twice, Err(Refused::Repeated { header: "x-signature".to_owned() }));
    for text in ["", "zz", "sha256=00", "\u{fe}"] {
        let refused = verify(&hmac(), &[("x-signature", text)]);
        assert!(matches!(refused, Err(Refused::Malformed { .. })), "{text}: {refused:?}");
    }
}

#[test]
fn wants_the_prefix_exactly() {
    let scheme = Scheme { prefix: "sha256=".to_owned(), ..hmac() };
    let signature = code(SECRET, &[BODY]);
    assert!(verify(&scheme, &[("x-signature", &format!("sha256={signature}"))]).is_ok());
    for prefix in ["", "sha1=", "SHA256=", "sha256= "] {
        let refused = verify(&scheme, &[("x-signature", &format!("{prefix}{signature}"))]);
        assert!(matches!(refused, Err(Refused::Malformed { .. })), "{prefix}: {refused:?}");
    }
}

#[test]
fn takes_any_of_several_secrets() {
    let old: &[u8] = b"the one before";
    for secret in [SECRET, old] {
        let verifier = Verifier::new(&hmac(), &[SECRET, old]).map_err(Refused::from);
        let signature = code(secret, &[BODY]);
        let verified = verifier.and_then(|verifier| verifier.verify(field(&[("x-signature", &signature)]), BODY, NOW));
        assert_eq!(verified, Ok(Verified::default()));
    }
    let signature = code(b"a third one", &[BODY]);
    let verifier = Verifier::new(&hmac(), &[SECRET, old]).map_err(Refused::from);
    let refused = verifier.and_then(|verifier| verifier.verify(field(&[("x-signature", &signature)]), BODY, NOW));
    assert_eq!(refused, Err(Refused::Mismatch { tried: 2 }));
}

#[test]
fn reads_each_form_of_timestamp() {
    for (format, text, micros) in [
        (TimestampFormat::Unix, "1767322445", 1_767_322_445_000_000),
        (TimestampFormat::UnixMs, "1767322445250", 1_767_322_445_250_000),
        (TimestampFormat::Rfc3339, "2026-01-02T03:54:05.25+01:00", 1_767_322_445_250_000),
    ] {
        let signature = code(SECRET, &[text.as_bytes(), b".", BODY]);
        let verified = verify(&timed(format), &[("x-signature", &signature), ("x-time", text)]);
        let expected = Verified { delivery_id: None, timestamp: Some(Timestamp::from_micros(micros)) };
        assert_eq!(verified, Ok(expected), "{text}");
    }
}

#[test]
fn refuses_times_outside_the_tolerance_on_both_sides() {
    let tolerance = Tolerance::default();
    for (offset, expected) in [
        (-300, None),
        (300, None),
        (-301, Some(Refused::Stale { age_seconds: 301, tolerance })),
        (301, Some(Refused::Early { ahead_seconds: 301, tolerance })),
    ] {
        let text = (standard_webhooks::seconds(NOW) + offset).to_string();
        let signature = code(SECRET, &[text.as_bytes(), b".", BODY]);
        let refused = verify(&timed(TimestampFormat::Unix), &[("x-signature", &signature), ("x-time", &text)]);
        assert_eq!(refused.err(), expected, "{offset}");
    }
}

#[test]
fn refuses_times_that_are_none() {
    for (format, text) in [
        (TimestampFormat::Unix, ""),
        (TimestampFormat::Unix, "-1"),
        (TimestampFormat::Unix, "+1767322445"),
        (TimestampFormat::Unix, "1767322445.5"),
        (TimestampFormat::Unix, "99999999999999999999"),
        (TimestampFormat::UnixMs, "9223372036854775807"),
        (TimestampFormat::Rfc3339, "2026-01-02T03:04:05"),
        (TimestampFormat::Rfc3339, "1767322445"),
    ] {
        let signature = code(SECRET, &[text.as_bytes(), b".", BODY]);
        let refused = verify(&timed(format), &[("x-signature", &signature), ("x-time", text)]);
        assert!(matches!(refused, Err(Refused::Malformed { .. })), "{text}: {refused:?}");
    }
}

#[test]
fn does_not_believe_a_time_that_was_changed() {
    let signature = code(SECRET, &[b"1767322445", b".", BODY]);
    let headers = [("x-signature", signature.as_str()), ("x-time", "1767322446")];
    assert_eq!(verify(&timed(TimestampFormat::Unix), &headers), Err(mismatch()));
    assert_eq!(verify(&timed(TimestampFormat::Unix), &headers[..1]), Err(missing("x-time")));
}

#[test]
fn gives_the_delivery_id_whether_it_is_signed_or_not() {
    let unsigned = Scheme { id_header: "X-Delivery".to_owned(), ..hmac() };
    let signed = Scheme { signed: "{id}:{body}".to_owned(), ..unsigned.clone() };
    let (plain, with_id) = (code(SECRET, &[BODY]), code(SECRET, &[b"d-1:", BODY]));
    let id = |verified: Verified| verified.delivery_id;
    let sent = |signature| [("x-signature", signature), ("x-delivery", "d-1")];
    assert_eq!(verify(&unsigned, &sent(&plain)).map(id), Ok(Some("d-1".to_owned())));
    assert_eq!(verify(&unsigned, &[("x-signature", &plain)]).map(id), Ok(None));
    assert_eq!(verify(&signed, &sent(&with_id)).map(id), Ok(Some("d-1".to_owned())));
    assert_eq!(verify(&signed, &sent(&plain)), Err(mismatch()));
    assert_eq!(verify(&signed, &[("x-signature", &with_id)]), Err(missing("x-delivery")));
}

#[test]
fn compares_tokens_bearers_and_basic_credentials_whole() {
    let token = Scheme { header: "X-Token".to_owned(), ..Scheme::of(Kind::Token) };
    let (bearer, basic) = (Scheme::of(Kind::Bearer), Scheme::of(Kind::Basic));
    let check = |scheme: &Scheme, secret: &[u8], name: &str, value: &str| {
        Verifier::new(scheme, &[secret])?.verify(field(&[(name, value)]), BODY, NOW).map(drop)
    };
    let malformed = |header: &str, expected| Err(Refused::Malformed { header: header.to_owned(), expected });
    assert_eq!(check(&token, b"abc123", "x-token", "abc123"), Ok(()));
    assert_eq!(check(&token, b"abc123", "x-token", "abc12"), Err(mismatch()));
    assert_eq!(check(&token, b"abc123", "x-token", "ABC123"), Err(mismatch()));
    assert_eq!(check(&token, b"abc123", "x-other", "abc123"), Err(missing("x-token")));
    assert_eq!(check(&bearer, b"abc123", "authorization", "bearer abc123"), Ok(()));
    assert_eq!(check(&bearer, b"abc123", "authorization", "Bearer abc1234"), Err(mismatch()));
    assert_eq!(check(&bearer, b"abc123", "authorization", "abc123"), malformed("authorization", "a bearer token"));
    // user:hunter42, then user:hunter43
    assert_eq!(check(&basic, b"user:hunter42", "authorization", "Basic dXNlcjpodW50ZXI0Mg=="), Ok(()));
    assert_eq!(check(&basic, b"user:hunter42", "authorization", "BASIC dXNlcjpodW50ZXI0Mg"), Ok(()));
    assert_eq!(check(&basic, b"user:hunter42", "authorization", "Basic dXNlcjpodW50ZXI0Mw=="), Err(mismatch()));
    let expected = malformed("authorization", "basic credentials");
    assert_eq!(check(&basic, b"user:hunter42", "authorization", "Basic !"), expected);
}

#[test]
fn finds_one_good_signature_in_a_standard_webhooks_list() {
    let scheme = Scheme::of(Kind::StandardWebhooks);
    let secret: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let good = standard_webhooks::sign(secret, "m1", NOW, BODY).unwrap_or_default();
    let time = standard_webhooks::seconds(NOW).to_string();
    let check = |id: &str, signatures: &str| {
        let headers = [("webhook-id", id), ("webhook-timestamp", &time), ("webhook-signature", signatures)];
        Verifier::new(&scheme, &[secret])?.verify(field(&headers), BODY, NOW)
    };
    let expected = Verified { delivery_id: Some("m1".to_owned()), timestamp: Some(NOW) };
    let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for list in [good.clone(), format!("v1a,zzz {other}  {good}"), format!("{good} {other}")] {
        assert_eq!(check("m1", &list), Ok(expected.clone()), "{list}");
    }
    assert_eq!(check("m1", other), Err(mismatch()));
    assert_eq!(check("m2", &good), Err(mismatch()));
    for list in ["", "v1", "v1,", "v2,AAAA", "v1a,AAAA", good.trim_start_matches("v1,")] {
        let refused = check("m1", list);
        assert!(matches!(refused, Err(Refused::Malformed { .. } | Refused::Mismatch { .. })), "{list}: {refused:?}");
    }
}

#[test]
fn lets_anybody_post_only_where_that_is_said() {
    let open = Scheme { id_header: "X-Id".to_owned(), ..Scheme::of(Kind::None) };
    let none: &[&[u8]] = &[];
    let verified = Verifier::new(&open, none).map(|verifier| verifier.verify(field(&[("x-id", "7")]), BODY, NOW));
    let expected = Verified { delivery_id: Some("7".to_owned()), timestamp: None };
    assert_eq!(verified, Ok(Ok(expected)));
    assert_eq!(open.validate(&[SECRET]), Err(Invalid::UnusedSecret));
    for kind in [Kind::Hmac, Kind::Token, Kind::Basic, Kind::Bearer, Kind::StandardWebhooks] {
        assert_eq!(Scheme::of(kind).validate(none), Err(Invalid::NoSecret), "{kind:?}");
    }
}

#[test]
fn refuses_schemes_whose_members_do_not_fit_together() {
    let missing = |member, scheme| Err(Invalid::MissingMember { member, scheme });
    let check = |scheme: Scheme, expected: Result<(), Invalid>| {
        assert_eq!(scheme.validate(&[SECRET]), expected);
    };
    let signed = |signed: &str| Scheme { signed: signed.to_owned(), ..hmac() };
    check(hmac(), Ok(()));
    check(Scheme::of(Kind::Hmac), missing("header", "hmac"));
    check(Scheme::of(Kind::Token), missing("header", "token"));
    check(signed("{timestamp}{body}"), missing("timestamp_header", "hmac"));
    check(signed("{id}{body}"), missing("id_header", "hmac"));
    let name = |header: &str| Scheme { header: header.to_owned(), ..Scheme::of(Kind::Hmac) };
    check(name("X Signature"), Err(Invalid::BadHeader { member: "header", value: "X Signature".to_owned() }));
    for (scheme, placeholder) in [
        (signed("{id}"), "body"),
        (signed(""), "body"),
        (Scheme { signed: "{body}".to_owned(), ..timed(TimestampFormat::Unix) }, "timestamp"),
        (Scheme { key: KeyForm::Md5, key_template: "fixed".to_owned(), ..hmac() }, "secret"),
    ] {
        let invalid = scheme.validate(&[SECRET]);
        assert_eq!(scheme.check(), invalid);
        let found = matches!(&invalid, Err(Invalid::Uncovered { placeholder: named, .. }) if *named == placeholder);
        assert!(found, "{placeholder}: {invalid:?}");
    }
}

#[test]
fn says_nothing_of_secrets_in_messages_and_debug_output() {
    let verifier = Verifier::new(&hmac(), &[SECRET]).map(|verifier| format!("{verifier:?}"));
    assert_eq!(verifier.as_deref(), Ok("Verifier { check: \"code\", secrets: 1, .. }"));
    let refused = verify(&hmac(), &[("x-signature", "not the secret")]).map_err(|error| error.to_string());
    assert_eq!(
        refused.err().as_deref(),
        Some("the header 'x-signature' is not the configured prefix and a signature in hex")
    );
}

#[test]
fn lists_the_headers_that_hold_credentials() {
    let token = Scheme { header: "X-Token".to_owned(), ..Scheme::of(Kind::Token) };
    assert_eq!(token.credential_headers(), ["x-token"]);
    assert_eq!(Scheme::of(Kind::Basic).credential_headers(), ["authorization"]);
    assert!(hmac().credential_headers().is_empty());
}
