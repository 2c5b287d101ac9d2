#![doc = include_str!("../README.md")]

mod answers;
mod digest;
mod events;
mod parse;
mod probe;
mod reading;
mod render;
mod settings;
mod ticket;
mod trigger;
mod words;

use deskbell::prelude::*;

use settings::Settings;

/// The connector.
pub struct Zendesk;

impl Connector for Zendesk {
    fn parse(delivery: &Delivery, cx: &mut Context<'_>) -> Result<Parsed> {
        let settings = cx.settings::<Settings>()?;
        parse::parse(delivery, &settings, cx)
    }

    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context<'_>) -> Result<RenderStep> {
        let settings = cx.settings::<Settings>()?;
        render::render(action, so_far, &settings)
    }

    fn probe(action: &Action, so_far: &[Exchange], cx: &mut Context<'_>) -> Result<ProbeStep> {
        let settings = cx.settings::<Settings>()?;
        probe::probe(action, so_far, &settings)
    }
}

deskbell::connector!(Zendesk);
