//! The shipped texts of notices, by kind of event.

use deskbell::prelude::*;

const CREATED: &str = "\
New {{ticket.priority|normal}} ticket {{ticket.id}}: {{ticket.subject|no subject}}\n\
From {{requester.name|a customer}}{% if requester.organization %} of {{requester.organization}}{% endif %}, \
group {{ticket.group|none}}, assignee {{ticket.assignee|nobody}}";

const UPDATED: &str = "\
Ticket {{ticket.id}} ({{ticket.priority|normal}}, {{ticket.status|open}}): {{ticket.subject|no subject}}\n\
Group {{ticket.group|none}}, assignee {{ticket.assignee|nobody}}";

const BREACHED: &str = "\
Ticket {{ticket.id}} ({{ticket.priority|normal}}) has missed its target for {{data.metric|the SLA}}\
{% if data.target %} of {{data.target}}{% endif %}: {{ticket.subject|no subject}}\n\
Group {{ticket.group|none}}, assignee {{ticket.assignee|nobody}}";

const WARNING: &str = "\
Ticket {{ticket.id}} ({{ticket.priority|normal}}) is close to missing its target for {{data.metric|the SLA}}\
{% if data.target %} of {{data.target}}{% endif %}: {{ticket.subject|no subject}}\n\
Group {{ticket.group|none}}, assignee {{ticket.assignee|nobody}}";

const ESCALATED: &str = "\
Ticket {{ticket.id}} has been escalated{% if data.tier %} to tier {{data.tier}}{% endif %}: {{ticket.subject|no subject}}\
{% if data.reason %}\nReason: {{data.reason}}{% endif %}";

const DELIVERY_FAILED: &str = "\
{{data.kind|An action}} for {{data.destination|a destination}} could not be delivered\
{% if ticket.id %} (ticket {{ticket.id}}){% endif %}{% if data.error %}: {{data.error}}{% endif %}\n\
`deskbell dead-letters list` shows it and `deskbell dead-letters replay` tries it again.";

const SOURCE_SILENT: &str = "\
Nothing has been heard from the source {{event.source|unknown}}\
{% if data.silent_for_seconds %} for {{data.silent_for_seconds}} seconds{% endif %}. \
`deskbell source test` checks whether its webhooks still arrive.";

const SURGE: &str = "\
Many more tickets than usual are coming in at {{event.source|a source}}\
{% if data.count %}: {{data.count}} in the hour{% if data.mean %}, usually {{data.mean}}{% endif %}{% endif %}.";

const OTHER: &str = "\
{{event.kind}}{% if ticket.id %}, ticket {{ticket.id}}{% endif %} (source {{event.source|unknown}})";

/// The shipped text for an event of that kind.
pub fn text(event: &Event) -> &'static str {
    match event.kind.as_str() {
        "ticket.created" => CREATED,
        "ticket.updated" | "ticket.commented" => UPDATED,
        "ticket.escalated" => ESCALATED,
        "sla.breached" => BREACHED,
        "sla.warning" => WARNING,
        "delivery.failed" => DELIVERY_FAILED,
        "source.silent" => SOURCE_SILENT,
        "source.surge" => SURGE,
        _ => OTHER,
    }
}

/// The shipped subject, for destinations that have one.
pub fn subject(event: &Event) -> &'static str {
    if event.ticket.is_some() {
        "Ticket {{ticket.id}}: {{ticket.subject|no subject}}"
    } else {
        "Deskbell: {{event.kind}} at {{event.source|unknown}}"
    }
}
