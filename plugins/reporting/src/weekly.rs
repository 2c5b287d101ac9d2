//! A week for the team that did the work.

use deskbell::prelude::{Context, Result};
use deskbell::report::Document;

use crate::figures::{
    BACKLOG, CREATED, CSAT, ESCALATIONS, FCR, FIRST_RESPONSE, HANDLE, NEXT_RESPONSE, NPS, REOPENS, REPLIES, RESOLUTION,
    SOLVED, TRANSFERS, UTILISATION, WAIT,
};
use crate::{View, findings, parts};

pub(crate) fn report(view: &View<'_>, cx: &Context<'_>) -> Result<Document> {
    let words = view.words;
    let mut document = parts::begin(view, words.weekly(), findings::all(view));
    document = parts::tiles(document, view, words.at_a_glance(), &[CREATED, SOLVED, BACKLOG, CSAT]);
    document = parts::tiles(document, view, words.speed(), &[FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION, WAIT]);
    document = parts::tiles(document, view, words.quality(), &[FCR, REOPENS, TRANSFERS, ESCALATIONS]);
    document = parts::tiles(document, view, words.work(), &[REPLIES, HANDLE, UTILISATION, NPS]);
    document = parts::over_time(document, view);
    document = parts::groups(document, view);
    document = parts::categories(document, view);
    document = parts::heatmap(document, view);
    parts::bad_ratings(document, view, cx)
}
