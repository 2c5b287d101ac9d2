//! Documents that are hard to lay out: nothing, next to nothing, too much, and texts that mean harm.

use deskbell_model::document::{
    Block, Callout, Chart, ChartKind, Column, Direction, Document, Kind, Series, Span, Table, Text, Tile, Tiles, Tone,
    Value,
};

use super::{Sample, dates, document, figure};

pub(super) fn all() -> Vec<Sample> {
    let named = |name: &str, document| Sample { name: name.to_owned(), document };
    vec![
        named("empty-period", empty()),
        named("one-ticket", one()),
        named("long-names", long()),
        named("hostile", hostile()),
        named("right-to-left", right_to_left()),
        named("bare", document("Bare", "sv", 1, Vec::new())),
    ]
}

fn chart(kind: ChartKind, caption: &str, values: Kind, categories: Vec<Value>, series: Vec<Series>) -> Block {
    Block::Chart(Chart {
        kind,
        caption: caption.to_owned(),
        alt: format!("{caption}."),
        categories,
        category_label: None,
        series,
        values,
        currency: (values == Kind::Currency).then(|| "USD".to_owned()),
        note: None,
    })
}

fn table(caption: &str, columns: &[(&str, Kind)], rows: Vec<Vec<Value>>) -> Block {
    let columns = columns.iter().map(|(label, kind)| Column::new(*label, *kind)).collect();
    Block::Table(Table { caption: caption.to_owned(), columns, rows, note: None })
}

/// A period in which nothing happened: figures of nothing, a table without rows, charts without values and with zeros.
fn empty() -> Document {
    let none = |label: &str, value| figure(label, value, Value::None, Direction::Lower, 0, "tickets");
    let week = || dates(7);
    let blocks = vec![
        Block::heading(1, "Overview"),
        Block::Tiles(Tiles {
            tiles: vec![
                none("Created", Value::Integer(0)),
                none("First reply, median", Value::None),
                none("Customer satisfaction", Value::None),
            ],
        }),
        chart(ChartKind::Line, "Created per day", Kind::Integer, week(), vec![Series::new("Created", [Some(0.0); 7])]),
        chart(
            ChartKind::Line,
            "First reply per day",
            Kind::Duration,
            week(),
            vec![Series::new("First reply", [None; 7])],
        ),
        chart(ChartKind::Bar, "Created by channel", Kind::Integer, Vec::new(), vec![Series::new("Created", [])]),
        chart(
            ChartKind::Heatmap,
            "By weekday and hour",
            Kind::Integer,
            Vec::new(),
            (0..7).map(|_| Series::new("", [Some(0.0); 24])).collect(),
        ),
        table("By agent", &[("Agent", Kind::Text), ("Solved", Kind::Integer)], Vec::new()),
    ];
    document("Weekly report", "en", 7, blocks)
}

/// One ticket: everything is 1, a point, a single bar.
fn one() -> Document {
    let mut hours: Vec<Series> = (0..7).map(|_| Series::new("", [Some(0.0); 24])).collect();
    if let Some(hour) = hours.get_mut(2).and_then(|day| day.values.get_mut(14)) {
        *hour = Some(1.0);
    }
    let blocks = vec![
        Block::Tiles(Tiles {
            tiles: vec![figure("Erstellt", Value::Integer(1), Value::Integer(0), Direction::Neither, 1, "Ticket")],
        }),
        chart(
            ChartKind::Line,
            "Erste Antwort je Tag",
            Kind::Duration,
            dates(1),
            vec![Series::new("Erste Antwort", [Some(754.0)])],
        ),
        chart(
            ChartKind::Bar,
            "Erstellt je Kanal",
            Kind::Integer,
            vec![Value::text("E-Mail")],
            vec![Series::new("Erstellt", [Some(1.0)])],
        ),
        chart(
            ChartKind::StackedBar,
            "Rückstand",
            Kind::Integer,
            dates(1),
            vec![Series::new("Hoch", [Some(1.0)]), Series::new("Normal", [Some(0.0)])],
        ),
        chart(ChartKind::Heatmap, "Je Wochentag und Stunde", Kind::Integer, Vec::new(), hours),
        table(
            "Tickets",
            &[("Ticket", Kind::Text), ("Erste Antwort", Kind::Duration)],
            vec![vec![Value::text("#1 Drucker"), Value::Duration(754.0)]],
        ),
    ];
    document("Tagesbericht", "de", 1, blocks)
}

const ENDLESS: &str = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";

/// Names that are far longer than their places, numbers with many digits, many columns, many bars.
fn long() -> Document {
    let sentence = "Second-level support for enterprise customers in Northern, Eastern and Central Europe (including public holidays)";
    let names =
        [sentence, ENDLESS, "https://helpdesk.example.com/agents/0123456789abcdef0123456789abcdef?view=all", "short"];
    let categories = || names.iter().map(|name| Value::text(*name)).collect::<Vec<_>>();
    let wide: Vec<(String, Kind)> = (0..13).map(|n| (format!("Measure number {n}"), Kind::Integer)).collect();
    let wide: Vec<(&str, Kind)> =
        std::iter::once(("Name", Kind::Text)).chain(wide.iter().map(|(label, kind)| (label.as_str(), *kind))).collect();
    let row = |name: &str| {
        std::iter::once(Value::text(name)).chain((0..13).map(|n| Value::Integer(1_234_567 * n))).collect::<Vec<_>>()
    };
    let many = 45;
    let tile = |label: &str, value| Tile {
        benchmark: Some(sentence.to_owned()),
        ..figure(label, value, Value::Integer(1), Direction::Higher, 9_999_999, sentence)
    };
    let money = Tile::new(ENDLESS, Value::currency(-123_456_789_012.34, "USD"));
    let blocks = vec![
        Block::heading(2, sentence),
        Block::Tiles(Tiles {
            tiles: vec![
                tile(sentence, Value::Integer(9_007_199_254_740)),
                money,
                Tile::new("Text", Value::text(sentence)),
                Tile::new("Four", Value::Duration(9e8)),
            ],
        }),
        chart(
            ChartKind::Bar,
            sentence,
            Kind::Currency,
            categories(),
            vec![Series::new(ENDLESS, [1.5e6, 123_456_789.0, 2e7, 12.0].map(Some))],
        ),
        chart(
            ChartKind::StackedBar,
            "Stacked, with long names",
            Kind::Integer,
            categories(),
            (0..8)
                .map(|n| {
                    Series::new(
                        format!("{} {n}", if n % 2 == 0 { "A rather long series name" } else { "Short" }),
                        [Some(f64::from(n) * 10.0 + 1.0); 4],
                    )
                })
                .collect(),
        ),
        chart(
            ChartKind::Bar,
            "More bars than a page has room for",
            Kind::Decimal,
            (0..many).map(|n| Value::text(format!("Category {n}"))).collect(),
            vec![Series::new("Value", (0..many).map(|n| Some(f64::from((n * 7) % 45))))],
        ),
        chart(
            ChartKind::Line,
            "A year by days, below zero too",
            Kind::Decimal,
            (0..365).map(Value::Integer).collect(),
            vec![Series::new("Net", (0..365).map(|n| (n % 50 != 7).then(|| f64::from(n % 60) - 25.0)))],
        ),
        Block::Callout(Callout {
            tone: Tone::Bad,
            title: Some(sentence.repeat(2)),
            spans: vec![Span::plain(ENDLESS.repeat(4))],
        }),
        table(
            "Long cells",
            &[("Name", Kind::Text), ("What they said", Kind::Text), ("Solved", Kind::Integer)],
            names.map(|name| vec![Value::text(name), Value::text(sentence.repeat(3)), Value::Integer(7)]).to_vec(),
        ),
        table("Many columns", &wide, names.map(row).to_vec()),
    ];
    Document { subtitle: Some(sentence.repeat(2)), ..document(&format!("Report of {sentence}"), "en", 31, blocks) }
}

/// Texts as strangers write them into tickets.
fn hostile() -> Document {
    let texts = [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "\"><svg onload=alert(1)>' --></style></title>",
        "#panic(\"x\") $x$ #import \"/etc/passwd\" {{ view }} {% raw %} ]]>",
        "=HYPERLINK(\"http://evil.example\",\"click\")",
        "a\u{0}b\u{7}c\u{1b}[31m \u{202e}gnp.exe \u{2066}x\u{feff}",
        "Zalgo: t\u{336}\u{315}\u{31a}e\u{337}\u{310}x\u{335}\u{351}t, 👩\u{200d}💻 🎉🏳\u{fe0f}\u{200d}🌈, 한국어 ไทย हिन्दी 🀄 𝔘",
        "*bold* _under_ `code` = Heading @ref <label> \\ ~ -- ... // comment /* x",
        "",
    ];
    let cells = || texts.iter().map(|text| Value::text(*text)).collect::<Vec<_>>();
    let blocks = vec![
        Block::heading(3, texts[0]),
        Block::Text(Text { spans: texts.iter().map(|text| Span::strong(*text)).collect() }),
        Block::Callout(Callout {
            tone: Tone::Neutral,
            title: Some(texts[1].to_owned()),
            spans: vec![Span::plain("one\ntwo\r\nthree\n\nfour"), Span::plain(texts[6])],
        }),
        Block::Tiles(Tiles {
            tiles: vec![Tile {
                benchmark: Some(texts[6].to_owned()),
                ..figure(texts[0], Value::text(texts[2]), Value::text(texts[1]), Direction::Higher, 3, texts[2])
            }],
        }),
        chart(
            ChartKind::Bar,
            texts[1],
            Kind::Integer,
            cells(),
            vec![Series::new(texts[0], (0..8).map(|n| Some(f64::from(n))))],
        ),
        chart(
            ChartKind::Line,
            texts[2],
            Kind::Integer,
            cells(),
            vec![Series::new(texts[1], (0..8).map(|n| Some(f64::from(n)))), Series::new(texts[5], [None; 8])],
        ),
        table(
            texts[0],
            &[(texts[1], Kind::Text), (texts[3], Kind::Text)],
            texts.iter().map(|text| vec![Value::text(*text); 2]).collect(),
        ),
    ];
    document("Weekly <b>report</b> & \"more\"\r\nBcc: x@evil.example", "en", 7, blocks)
}

/// A report in Arabic, with English forms for numbers, and one English name among the others.
fn right_to_left() -> Document {
    let blocks = vec![
        Block::heading(1, "نظرة عامة"),
        Block::text("انخفض زمن الرد الأول هذا الأسبوع. (Deskbell) הכול תקין."),
        Block::Tiles(Tiles {
            tiles: vec![figure(
                "التذاكر الجديدة",
                Value::Integer(1_284),
                Value::Integer(1_201),
                Direction::Lower,
                12,
                "تذكرة",
            )],
        }),
        chart(
            ChartKind::Bar,
            "حسب القناة",
            Kind::Integer,
            ["البريد الإلكتروني", "الدردشة", "Web"].map(Value::text).to_vec(),
            vec![Series::new("التذاكر", [12.0, 5.0, 3.0].map(Some))],
        ),
        table(
            "حسب الموظف",
            &[("الاسم", Kind::Text), ("تم الحل", Kind::Integer)],
            vec![
                vec![Value::text("محمد عبد الله"), Value::Integer(12)],
                vec![Value::text("Ada Lovelace"), Value::Integer(9)],
                vec![Value::text("דנה לוי"), Value::Integer(4)],
            ],
        ),
    ];
    document("تقرير أسبوعي", "ar", 7, blocks)
}
