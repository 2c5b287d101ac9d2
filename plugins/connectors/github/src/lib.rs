#![doc = include_str!("../README.md")]

mod answers;
mod comments;
mod digest;
mod issue;
mod issues;
mod labels;
mod marker;
mod parse;
mod people;
mod probe;
mod reading;
mod render;
mod settings;
mod update;

use deskbell::prelude::*;

use settings::Settings;

/// The connector.
pub struct GitHub;

impl Connector for GitHub {
    fn parse(delivery: &Delivery, cx: &mut Context<'_>) -> Result<Parsed> {
        parse::parse(delivery, &cx.settings::<Settings>()?)
    }

    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context<'_>) -> Result<RenderStep> {
        render::render(action, so_far, &cx.settings::<Settings>()?)
    }

    fn probe(action: &Action, so_far: &[Exchange], cx: &mut Context<'_>) -> Result<ProbeStep> {
        probe::probe(action, so_far, &cx.settings::<Settings>()?)
    }
}

deskbell::connector!(GitHub);
