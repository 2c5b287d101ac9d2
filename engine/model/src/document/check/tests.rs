use super::*;
use crate::document::{Change, Column, Direction, Heading, Tiles};
use crate::timestamp::Timestamp;

fn with(block: Block) -> Document {
    Document {
        title: "Report".to_owned(),
        subtitle: None,
        language: "en".to_owned(),
        period: None,
        generated_at: Timestamp::from_seconds(0),
        blocks: vec![Block::text("first"), block],
    }
}

fn chart(kind: ChartKind, categories: usize, series: Vec<Series>) -> Chart {
    Chart {
        kind,
        caption: "Per day".to_owned(),
        alt: "Rising".to_owned(),
        categories: vec![Value::text("x"); categories],
        category_label: None,
        series,
        values: Kind::Integer,
        currency: None,
        note: None,
    }
}

fn table(columns: &[Kind], rows: Vec<Vec<Value>>) -> Block {
    let columns = columns.iter().map(|kind| Column::new("c", *kind)).collect();
    Block::Table(Table { caption: "By agent".to_owned(), columns, rows, note: None })
}

fn refused(block: Block, expected: &str) {
    assert_eq!(with(block).check().unwrap_err().to_string(), expected);
}

#[test]
fn each_refusal_names_its_block_and_what_to_do() {
    let line = |categories, values: Vec<Option<f64>>| {
        Block::Chart(chart(ChartKind::Line, categories, vec![Series::new("s", values)]))
    };
    refused(
        Block::Heading(Heading { level: 4, text: "x".to_owned() }),
        "block 2 (heading): the heading's level is 4; use 1, 2 or 3",
    );
    refused(Block::heading(1, " "), "block 2 (heading): the heading's text is empty");
    refused(
        Block::heading(1, "ж".repeat(1_001)),
        "block 2 (heading): the heading's text has 1001 characters, the most is 1000; shorten it",
    );
    refused(
        Block::text("x".repeat(10_001)),
        "block 2 (text): the paragraph has 10001 characters, the most is 10000; shorten it",
    );
    refused(table(&[], vec![]), "block 2 (table): the table has no columns");
    refused(
        table(&[Kind::Text], vec![vec![Value::None], vec![]]),
        "block 2 (table), row 2: 0 values stand beside 1 columns; give one for each",
    );
    refused(
        table(&[Kind::Duration], vec![vec![Value::Percent(0.5)]]),
        "block 2 (table), row 1: a percent stands where a duration belongs; give that, a text or none",
    );
    refused(
        table(&[Kind::Text], vec![vec![Value::None]; 2_001]),
        "block 2 (table): 2001 rows are more than the 2000 that a document may have; show the most important ones",
    );
    refused(
        line(2, vec![Some(1.0)]),
        "block 2 (chart), series 1: 1 values stand beside 2 categories; give one for each",
    );
    refused(line(1, vec![Some(f64::NAN)]), "block 2 (chart), series 1: NaN is no number that can be shown");
    refused(
        Block::Chart(chart(ChartKind::Heatmap, 0, vec![])),
        "block 2 (chart): a heat-map has seven series, Monday to Sunday, and no categories",
    );
    refused(
        Block::Chart(chart(ChartKind::StackedBar, 1, vec![Series::new("s", [Some(-1.0)])])),
        "block 2 (chart), series 1: -1 is below 0, which can be neither stacked nor shaded",
    );
    refused(
        Block::Chart(Chart { values: Kind::Currency, ..chart(ChartKind::Bar, 0, vec![]) }),
        "block 2 (chart): the values are currency; name it in 'currency', such as EUR",
    );
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let tile = |value| Block::Tiles(Tiles { tiles: vec![Tile::new("x", value)] });
    refused(tile(Value::date("2026-02-30")), "block 2 (tiles), tile 1: '2026-02-30' is no date, such as 2026-03-02");
    refused(tile(Value::currency(1.0, "eur")), "block 2 (tiles), tile 1: 'eur' is no currency code, such as EUR");
    refused(tile(Value::Stars(5.5)), "block 2 (tiles), tile 1: 5.5 stars are not between 0 and 5");
    refused(tile(Value::Duration(f64::INFINITY)), "block 2 (tiles), tile 1: inf is no number that can be shown");
    let change = Some(Change { before: Value::Integer(1), better: Direction::Lower });
    refused(
        Block::Tiles(Tiles { tiles: vec![Tile { change, ..Tile::new("x", Value::Percent(0.1)) }] }),
        "block 2 (tiles), tile 1: a integer stands where a percent belongs; give that, a text or none",
    );
}

#[test]
fn the_document_itself_is_checked() {
    let whole = with(Block::PageBreak);
    assert_eq!(whole.check(), Ok(()));
    let refused = |document: Document, expected: &str| assert_eq!(document.check().unwrap_err().to_string(), expected);
    refused(Document { title: String::new(), ..whole.clone() }, "the document: the title is empty");
    refused(
        Document { language: "e\"n".to_owned(), ..whole.clone() },
        "the document: 'e\"n' is no language tag, such as en or zh-CN",
    );
    let period = |from, to, tz: &str| {
        Some(crate::document::Period {
            from: Timestamp::from_seconds(from),
            to: Timestamp::from_seconds(to),
            tz: tz.to_owned(),
        })
    };
    refused(
        Document { period: period(0, 0, "Mars/Base"), ..whole.clone() },
        "the document: 'Mars/Base' is no time zone, such as Europe/Berlin",
    );
    refused(
        Document { period: period(60, 0, "UTC"), ..whole.clone() },
        "the document: the period ends (1970-01-01T00:00:00Z) before it starts (1970-01-01T00:01:00Z)",
    );
    refused(
        Document { blocks: vec![Block::PageBreak; 301], ..whole },
        "the document: 301 blocks are more than the 300 that a document may have; show the most important ones",
    );
}
