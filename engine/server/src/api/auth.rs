//! Who may ask: bearer tokens and their scopes.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Api;
use super::problem::Problem;
use crate::commands::token::Scope;

/// Who asks. In the extensions of every request that has passed.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) token_id: i64,
    pub(super) token_name: String,
}

/// Lets a request pass that shows a token with the scope that it needs.
pub(super) async fn check(State(api): State<Api>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let token = shown(request.headers()).ok_or_else(|| {
        Problem::unauthorized("show a token: `Authorization: Bearer dbk_..`; `deskbell token create` makes one")
    })?;
    let bearer = api.engine.store.bearer(token, api.engine.now()).await?;
    let bearer = bearer.ok_or_else(|| {
        Problem::unauthorized("the token is unknown, revoked or expired; `deskbell token list` shows which hold")
    })?;
    let needed = needed(request.method());
    if Scope::widest(&bearer.scopes) < Some(needed) {
        let text = format!(
            "this needs the scope {}; the token '{}' has {}",
            needed.as_str(),
            bearer.name,
            bearer.scopes.join(", ")
        );
        return Err(Problem::forbidden(text));
    }
    request.extensions_mut().insert(Caller { token_id: bearer.token_id, token_name: bearer.name });
    Ok(next.run(request).await)
}

/// Looking needs less than acting.
fn needed(method: &Method) -> Scope {
    match *method {
        Method::GET | Method::HEAD => Scope::Read,
        _ => Scope::Operate,
    }
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_token_that_is_shown() {
        for (value, expected) in [
            ("Bearer dbk_x", Some("dbk_x")),
            ("bearer  dbk_x ", Some("dbk_x")),
            ("Basic dbk_x", None),
            ("dbk_x", None),
            ("Bearer ", None),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(shown(&headers), expected, "{value}");
        }
        assert_eq!(shown(&HeaderMap::new()), None);
    }

    #[test]
    fn acting_needs_more_than_looking() {
        assert_eq!(needed(&Method::GET), Scope::Read);
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert_eq!(needed(&method), Scope::Operate, "{method}");
        }
    }
}
