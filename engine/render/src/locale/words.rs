use serde::Serialize;

/// What the renderer says itself.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Words {
    /// With `{page}` and `{pages}`.
    pub page_of: &'static str,
    pub period: &'static str,
    pub generated: &'static str,
    pub compared: &'static str,
    pub before: &'static str,
    pub unchanged: &'static str,
    /// Beside the difference of two percentages.
    pub points: &'static str,
    pub no_data: &'static str,
    pub numbers: &'static str,
    pub weekday: &'static str,
    pub hour: &'static str,
    /// Heads the column of categories beside a chart.
    pub category: &'static str,
    pub date: &'static str,
    /// With `{n}`: the rows that a mail leaves out.
    pub more_rows: &'static str,
    /// With `{n}`: the bars that a picture leaves out.
    pub first_drawn: &'static str,
    /// Before what stands out, for those who do not see its colour.
    pub good: &'static str,
    pub bad: &'static str,
    pub neutral: &'static str,
}
