//! From a call to the request that leaves: host approved first, secrets filled in second, signature last.

use reqwest::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use reqwest::{Method, Request, Url};

use super::address_guard::AddressGuard;
use super::error::{Refusal, SendError};
use super::hosts::{AllowedHosts, Target, literal};
use super::secrets::{Filled, Place, blanked, first_placeholder};
use super::{Call, signing};

/// Longer URLs are refused by most servers anyway.
const MAX_URL_BYTES: usize = 8 * 1024;

/// Headers that say where a message ends or who it is for: from a plugin they could only make one request look like two,
/// or name another host than the approved one.
const OURS: &[&str] = &["connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"];

/// Where `call` goes, once its host is approved. Nothing is looked up and no secret is touched.
pub(crate) fn approve(call: &Call<'_>, guard: &AddressGuard) -> Result<Target, SendError> {
    let url = readable(call.url).map_err(|cause| refused("an unreadable URL", cause))?;
    let unreadable = || refused("an unreadable URL", Refusal::Url("it names no host"));
    let target = Target::of(&url).ok_or_else(unreadable)?;
    let refuse = |cause| Err(refused(&target.to_string(), cause));
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(Refusal::Userinfo);
    }
    if call.hosts.is_empty() {
        return refuse(Refusal::NoHosts);
    }
    if let Some(list) = call.hosts.iter().find(|list| !list.allows(&target)) {
        return refuse(not_listed(&target, list));
    }
    // The client connects to literal addresses without asking the resolver.
    if let Some(Err(denied)) = literal(&target.host).map(|address| guard.check(address, target.scheme)) {
        return refuse(Refusal::Address(denied));
    }
    Ok(target)
}

fn not_listed(target: &Target, list: &AllowedHosts) -> Refusal {
    Refusal::Host { host: target.to_string(), origin: list.origin().to_owned() }
}

/// The URL with its placeholders blanked. URL parsers forgive much; what they would repair is refused instead, so that
/// the text that was approved is the text that is sent.
fn readable(template: &str) -> Result<Url, Refusal> {
    if template.len() > MAX_URL_BYTES {
        return Err(Refusal::Url("it is longer than 8192 bytes"));
    }
    if template.chars().any(|c| c.is_control() || matches!(c, ' ' | '\\')) {
        return Err(Refusal::Url("it holds a space, a backslash or a control character"));
    }
    let (scheme, rest) = template.split_once("://").unwrap_or_default();
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    if !is_web || rest.starts_with('/') {
        return Err(Refusal::Url("it must begin with https:// and a host"));
    }
    let end_of_host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    if first_placeholder(rest).is_some_and(|at| at < end_of_host) {
        return Err(Refusal::PlaceholderInHost);
    }
    Url::parse(&blanked(template, Place::Url)?).map_err(|_| Refusal::Url("its host or port is malformed"))
}

/// The request to `target`, ready to leave, and the secret values in it.
pub(crate) fn build(call: Call<'_>, target: &Target) -> Result<(Request, Filled), SendError> {
    build_parts(call, target).map_err(|cause| refused(&target.to_string(), cause))
}

fn build_parts(call: Call<'_>, target: &Target) -> Result<(Request, Filled), Refusal> {
    let mut filled = Filled::default();
    let method = method(call.method)?;
    let url = filled_url(&call, target, &mut filled)?;
    let mut headers = HeaderMap::new();
    for (name, value) in call.headers {
        let (name, value) = header(name, value, &call, &mut filled)?;
        headers.append(name, value);
    }
    if let Some(signing) = call.sign {
        for (name, value) in signing::headers(signing, &call)? {
            headers.insert(name, value);
        }
    }
    let mut request = Request::new(method, url);
    *request.headers_mut() = headers;
    *request.body_mut() = call.body.map(Into::into);
    Ok((request, filled))
}

fn method(name: &str) -> Result<Method, Refusal> {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let found = known.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name));
    found.ok_or_else(|| Refusal::Method(name.chars().take(32).collect()))
}

fn filled_url(call: &Call<'_>, target: &Target, filled: &mut Filled) -> Result<Url, Refusal> {
    let text = filled.fill(call.url, Place::Url, call.secrets)?;
    let mut url = Url::parse(&text).map_err(|_| Refusal::Url("its host or port is malformed"))?;
    // Values are encoded, so this cannot differ; approval would mean nothing if it did.
    if Target::of(&url).as_ref() != Some(target) {
        return Err(Refusal::PlaceholderInHost);
    }
    // Without the dot that a name may end with: certificates and lists of hosts have none.
    url.set_host(Some(&target.host)).map_err(|_| Refusal::Url("its host or port is malformed"))?;
    url.set_fragment(None);
    Ok(url)
}

fn header(name: &str, value: &str, call: &Call<'_>, filled: &mut Filled) -> Result<(HeaderName, HeaderValue), Refusal> {
    let unfit = |problem| Refusal::Header { name: name.chars().take(64).collect(), problem };
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit("has a malformed name"))?;
    if [HOST, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&header) || OURS.contains(&header.as_str()) {
        return Err(unfit("is set by the engine; leave it out"));
    }
    let text = filled.fill(value, Place::Header, call.secrets)?;
    let mut content = HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| unfit("has a line break or another control character in its value"))?;
    content.set_sensitive(first_placeholder(value).is_some());
    Ok((header, content))
}

pub(crate) fn refused(target: &str, cause: Refusal) -> SendError {
    SendError::Refused { target: target.to_owned(), cause }
}
