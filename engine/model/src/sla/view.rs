//! Clocks told from stored facts where they lie, for reports over very many tickets.

use super::Clocks;
use super::run::{Change, Run};
use crate::facts::Unreadable;
use crate::facts::view::{Changes, View, What};
use crate::ticket::{Fields, Requester, Role};
use crate::timestamp::Timestamp;

/// Tells the history up to an instant. Texts are only told where conditions ask for them; custom fields never are.
pub(super) fn told(
    mut run: Run<'_>,
    with_texts: bool,
    mut view: View<'_>,
    as_of: Timestamp,
) -> Result<Clocks, Unreadable> {
    if view.created_at > as_of {
        return Ok(Clocks::default());
    }
    let mut fields = Fields { priority: view.priority, status: view.status, ..Fields::default() };
    if with_texts {
        fill(&mut fields, &view);
    }
    let by = view.creator.map(|creator| creator.role);
    run.apply(view.created_at, Change::Created { fields: &fields, by });
    while let Some(entry) = view.next_entry()? {
        if entry.at > as_of {
            break;
        }
        let change = match (&entry.what, entry.by.map(|by| by.role)) {
            (What::Changed(changes), _) => {
                make(changes, with_texts, &mut fields);
                Change::Updated { fields: &fields }
            }
            (What::PublicComment, Some(Role::Agent)) => Change::AgentReply,
            (What::PublicComment, Some(Role::Customer)) => Change::CustomerComment,
            (What::PublicComment | What::Escalated, _) => continue,
            (What::Gone, _) => Change::Deleted,
        };
        run.apply(entry.at, change);
    }
    Ok(run.finish(as_of))
}

fn fill(fields: &mut Fields, view: &View<'_>) {
    let text = |text: Option<&str>| text.map(str::to_owned);
    view.channel.clone_into(&mut fields.channel);
    fields.kind = text(view.kind);
    fields.category = text(view.category);
    fields.language = text(view.language);
    fields.group = text(view.group);
    fields.assignee = text(view.assignee);
    fields.tags = view.tags.clone().map(str::to_owned).collect();
    fields.requester = Requester { organization: text(view.organization), ..Requester::default() };
}

fn make(changes: &Changes<'_>, with_texts: bool, fields: &mut Fields) {
    fields.priority = changes.priority.unwrap_or(fields.priority);
    fields.status = changes.status.unwrap_or(fields.status);
    if !with_texts {
        return;
    }
    let texts = [
        (&mut fields.kind, changes.kind),
        (&mut fields.category, changes.category),
        (&mut fields.language, changes.language),
        (&mut fields.group, changes.group),
        (&mut fields.assignee, changes.assignee),
    ];
    for (field, to) in texts {
        if let Some(to) = to {
            *field = to.map(str::to_owned);
        }
    }
    if let Some(tags) = &changes.tags {
        fields.tags = tags.clone().map(str::to_owned).collect();
    }
}
