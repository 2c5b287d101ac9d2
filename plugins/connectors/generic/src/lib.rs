#![doc = include_str!("../README.md")]

mod parse;
mod render;
mod settings;

use deskbell::prelude::*;

use settings::Settings;

/// The connector.
pub struct Generic;

impl Connector for Generic {
    fn parse(delivery: &Delivery, cx: &mut Context<'_>) -> Result<Parsed> {
        parse::parse(delivery, cx)
    }

    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context<'_>) -> Result<RenderStep> {
        render::render(action, so_far, &cx.settings::<Settings>()?, cx.now())
    }

    fn probe(_: &Action, _: &[Exchange], _: &mut Context<'_>) -> Result<ProbeStep> {
        // The receiver knows an action by its id and does nothing the second time.
        Ok(ProbeStep::NotEffective)
    }
}

deskbell::connector!(Generic);
