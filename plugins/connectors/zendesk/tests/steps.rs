//! No request follows on one that was refused.

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_zendesk::Zendesk;

#[test]
fn an_escalated_ticket_gets_no_tags_where_its_group_is_refused() {
    let settings = json!({ "base_url": "https://acme.zendesk.com", "groups": { "billing": 77 } });
    let host = TestHost::new().settings(settings);
    let action =
        testing::action(json!({ "kind": "ticket.escalate", "subject": "1001", "data": { "group": "billing" } }));
    let mut urls = Vec::new();
    let end = host.carry_out::<Zendesk>(&action, |request| {
        urls.push(request.url.clone());
        Response::new(422)
    });
    assert!(matches!(&end, Ok(RenderStep::Impossible(reason)) if reason.contains("422")), "{end:?}");
    assert_eq!(urls, ["https://acme.zendesk.com/api/v2/tickets/1001"]);
}
