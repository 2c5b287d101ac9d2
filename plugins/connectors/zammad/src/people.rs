//! The people around a ticket, whom webhooks show as whole objects.

use deskbell::prelude::*;

use crate::reading::{name, put, text};
use crate::settings::Settings;

/// Zammad's own user, `-`, which also stands for nobody.
const NOBODY: &str = "1";

/// Who did something: the user that `ticket` or `article` names in `member`.
pub(crate) fn actor(holder: &Value, member: &str, customer: Option<&str>, settings: &Settings) -> Option<Value> {
    let user = holder.get(member).unwrap_or(&Value::Null);
    let id = text(user.get("id")).or_else(|| text(holder.get(format!("{member}_id"))))?;
    let login = text(user.get("login")).or_else(|| text(Some(user)));
    let role = if settings.is_bot(&id) || login.as_deref().is_some_and(|login| settings.is_bot(login)) {
        "bot"
    } else if id == NOBODY {
        "system"
    } else if customer == Some(id.as_str()) || is_customer(user) {
        "customer"
    } else {
        "agent"
    };
    let id = if role == "agent" { settings.agent(id, login.as_deref()) } else { id };
    let mut actor = json!({ "id": id, "role": role });
    put(&mut actor, "name", full_name(user));
    Some(actor)
}

fn is_customer(user: &Value) -> bool {
    let mut roles =
        user.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).peekable();
    roles.peek().is_some() && roles.all(|role| role == "Customer")
}

/// The requester of a ticket.
pub(crate) fn requester(ticket: &Value) -> Value {
    let customer = ticket.get("customer").unwrap_or(&Value::Null);
    let id = customer_id(ticket).or_else(|| text(Some(customer)));
    let mut requester = json!({ "id": id.unwrap_or_default() });
    put(&mut requester, "name", full_name(customer));
    put(&mut requester, "email", text(customer.get("email")));
    let organization = name(ticket.get("organization")).or_else(|| name(customer.get("organization")));
    put(&mut requester, "organization", organization);
    requester
}

/// The id of the ticket's customer.
pub(crate) fn customer_id(ticket: &Value) -> Option<String> {
    text(ticket.pointer("/customer/id")).or_else(|| text(ticket.get("customer_id")))
}

/// The agent who has the ticket.
pub(crate) fn owner(ticket: &Value, settings: &Settings) -> Option<String> {
    let id = text(ticket.pointer("/owner/id")).or_else(|| text(ticket.get("owner_id")))?;
    let login = text(ticket.pointer("/owner/login")).or_else(|| text(ticket.get("owner")));
    (id != NOBODY).then(|| settings.agent(id, login.as_deref()))
}

fn full_name(user: &Value) -> Option<String> {
    let names: Vec<String> = ["firstname", "lastname"].iter().filter_map(|part| text(user.get(*part))).collect();
    (!names.is_empty()).then(|| names.join(" "))
}
