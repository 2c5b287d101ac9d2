//! The page that stands alone.

use deskbell_model::document::{Block, Document};
use minijinja::{AutoEscape, Environment, Value, context};

use super::chart::{self, Ink};
use super::view::{BlockView, View};
use super::{Brand, Logo};
use crate::locale::Locale;

pub(super) fn render(view: &View, document: &Document, brand: &Brand) -> Result<String, minijinja::Error> {
    let locale = Locale::of(&document.language);
    let mut charts = vec![Value::UNDEFINED; view.blocks.len()];
    for block in &view.blocks {
        let BlockView::Chart(chart_view) = block else { continue };
        let (Some(Block::Chart(chart)), Some(place)) =
            (document.blocks.get(chart_view.index), charts.get_mut(chart_view.index))
        else {
            continue;
        };
        let width = if chart_view.beside { chart::PART_WIDTH } else { chart::FULL_WIDTH };
        // The drawing escapes its texts itself.
        *place = Value::from_safe_string(chart::svg(chart, locale, Ink::PAGE, width, chart_view.index));
    }
    let logo = brand.logo.as_ref().map(|logo| match logo {
        Logo::Png(bytes) => format!("data:image/png;base64,{}", base64(bytes)),
        Logo::Svg(bytes) => format!("data:image/svg+xml;base64,{}", base64(bytes)),
    });
    environment("page.html", include_str!("../../templates/page.html"))?.get_template("page.html")?.render(context! {
        view,
        charts,
        logo,
        brand => brand.name,
        accent => brand.colour.for_paper().hex(),
        accent_dark => brand.colour.for_night().hex(),
    })
}

/// A template that escapes all it places, whatever its name.
pub(super) fn environment(name: &'static str, source: &'static str) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.add_template(name, source)?;
    Ok(environment)
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
