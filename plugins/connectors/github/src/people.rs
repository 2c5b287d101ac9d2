//! Who is who: GitHub has no agents and customers, only people with and without a part in the repository.

use deskbell::prelude::*;

use crate::reading::{put, text};
use crate::settings::Settings;

/// The login of a user; deleted ones are shown as ghost.
pub(crate) fn login(user: Option<&Value>) -> String {
    user.and_then(|user| text(user.get("login"))).unwrap_or_else(|| "ghost".to_owned())
}

/// Who said something, from GitHub's word for the author's part in the repository. Without one, as in Gitea's bodies, the
/// issue's author is the customer and everybody else an agent.
pub(crate) fn author(user: Option<&Value>, association: Option<&Value>, issue: &Value, settings: &Settings) -> Value {
    let id = login(user);
    let is_author = login(issue.get("user")) == id;
    let role = if settings.is_bot(&id) || user.and_then(|user| user.get("type")) == Some(&Value::from("Bot")) {
        "bot"
    } else if settings.is_agent(&id) {
        "agent"
    } else {
        match association.and_then(Value::as_str) {
            Some("OWNER" | "MEMBER" | "COLLABORATOR") => "agent",
            Some(_) => "customer",
            None if is_author => "customer",
            None => "agent",
        }
    };
    let mut actor = json!({ "id": id, "role": role });
    put(&mut actor, "name", user.and_then(|user| text(user.get("name")).or_else(|| text(user.get("full_name")))));
    actor
}

/// Who did something to an issue. Only people with a part in the repository can do anything to other people's issues.
pub(crate) fn sender(body: &Value, issue: &Value, settings: &Settings) -> Value {
    let user = body.get("sender").or_else(|| issue.get("user"));
    let is_author = login(user) == login(issue.get("user"));
    let association = if is_author { issue.get("author_association") } else { None };
    author(user, association, issue, settings)
}
