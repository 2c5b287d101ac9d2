//! Which secrets are none.

use super::{Invalid, Kind};

/// What people leave in a configuration that they copied, without case and punctuation.
const PLACEHOLDERS: &[&str] = &[
    "changeit",
    "changeme",
    "changethis",
    "default",
    "dummy",
    "example",
    "fixme",
    "foobar",
    "insertsecrethere",
    "mysecret",
    "mytoken",
    "none",
    "null",
    "password",
    "placeholder",
    "redacted",
    "replaceme",
    "replacethis",
    "secret",
    "secretkey",
    "sharedsecret",
    "signingsecret",
    "supersecret",
    "tbd",
    "test",
    "todo",
    "token",
    "topsecret",
    "undefined",
    "webhook",
    "webhooksecret",
    "webhooktoken",
    "yoursecret",
    "yoursecrethere",
    "yoursigningsecret",
    "yourtoken",
    "yourtokenhere",
    "yourwebhooksecret",
];

/// Refuses the secret in this position (beginning with 1) if it is empty or a placeholder.
pub(super) fn check(kind: Kind, secret: &[u8], position: usize) -> Result<(), Invalid> {
    if secret.trim_ascii().is_empty() {
        return Err(Invalid::EmptySecret { position });
    }
    let guarded = if kind == Kind::Basic { password(secret, position)? } else { secret };
    if is_placeholder(guarded) {
        return Err(Invalid::Placeholder { position });
    }
    Ok(())
}

/// The password of `user:password`; it alone has to be hard to guess.
fn password(secret: &[u8], position: usize) -> Result<&[u8], Invalid> {
    let mut parts = secret.splitn(2, |byte| *byte == b':');
    match (parts.next(), parts.next()) {
        (Some(user), Some(password)) if !user.is_empty() && !password.is_empty() => Ok(password),
        _ => Err(Invalid::MalformedSecret { position, expected: "of the form user:password" }),
    }
}

fn is_placeholder(secret: &[u8]) -> bool {
    let secret = secret.strip_prefix(b"whsec_").unwrap_or(secret);
    let plain: Vec<u8> = secret
        .iter()
        .filter(|byte| !byte.is_ascii_punctuation() && **byte != b' ')
        .map(u8::to_ascii_lowercase)
        .collect();
    let repeated = plain.first().is_none_or(|first| plain.iter().all(|byte| byte == first));
    repeated || is_unfilled(secret) || PLACEHOLDERS.iter().any(|placeholder| placeholder.as_bytes() == plain)
}

/// Whether it is a variable that nobody filled in, such as `${SECRET}` or `<your secret>`.
fn is_unfilled(secret: &[u8]) -> bool {
    [("${", "}"), ("{{", "}}"), ("<", ">"), ("%(", ")s")]
        .iter()
        .any(|(open, close)| secret.starts_with(open.as_bytes()) && secret.ends_with(close.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_empty_secrets_and_placeholders() {
        for secret in ["", " ", "\n"] {
            assert_eq!(
                check(Kind::Hmac, secret.as_bytes(), 2),
                Err(Invalid::EmptySecret { position: 2 }),
                "{secret:?}"
            );
        }
        for secret in [
            "changeme",
            "Change-Me!",
            "secret",
            "SECRET",
            "xxxxxxxx",
            "****",
            "${SECRET}",
            "<your secret>",
            "whsec_secret",
        ] {
            assert_eq!(check(Kind::Token, secret.as_bytes(), 1), Err(Invalid::Placeholder { position: 1 }), "{secret}");
        }
    }

    #[test]
    fn takes_secrets_that_only_look_plain() {
        for secret in ["It's a Secret to Everybody", "correct horse", "s3cret", "\u{e9}\u{e8}"] {
            assert_eq!(check(Kind::Hmac, secret.as_bytes(), 1), Ok(()), "{secret}");
        }
        assert_eq!(check(Kind::Hmac, &[0xff, 0x00, 0x9c], 1), Ok(()));
    }

    #[test]
    fn wants_user_and_password_for_basic() {
        let malformed = Err(Invalid::MalformedSecret { position: 1, expected: "of the form user:password" });
        for secret in ["hunter42", ":hunter42", "user:"] {
            assert_eq!(check(Kind::Basic, secret.as_bytes(), 1), malformed, "{secret}");
        }
        assert_eq!(check(Kind::Basic, b"user:changeme", 1), Err(Invalid::Placeholder { position: 1 }));
        assert_eq!(check(Kind::Basic, b"secret:hunter42:x", 1), Ok(()));
    }
}
