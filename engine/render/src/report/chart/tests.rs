use deskbell_model::document::{Block, Kind, Series};

use super::*;
use crate::report::samples;

#[test]
fn drawings_are_well_formed_and_carry_their_words() {
    let mut n = 0;
    for sample in samples::all() {
        for block in &sample.document.blocks {
            let Block::Chart(chart) = block else { continue };
            if chart.kind == ChartKind::Heatmap {
                continue;
            }
            for (ink, width) in [(Ink::PAPER, FULL_WIDTH), (Ink::PAGE, PART_WIDTH), (Ink::PICTURE, 552.0)] {
                let drawing = svg(chart, Locale::of(&sample.document.language), ink, width, n);
                let tree = resvg::usvg::Tree::from_str(&drawing, &resvg::usvg::Options::default());
                assert!(tree.is_ok(), "{}: {:?}", sample.name, tree.err());
                assert!(drawing.contains("<title") && drawing.contains("<desc"), "{}", sample.name);
                assert!(!drawing.contains("NaN") && !drawing.contains("inf\""), "{}: {drawing}", sample.name);
                n += 1;
            }
        }
    }
    assert!(n > 60, "{n}");
}

#[test]
fn bars_are_as_long_as_their_values() {
    let chart = Chart {
        kind: ChartKind::Bar,
        caption: "c".to_owned(),
        alt: "a".to_owned(),
        categories: ["x", "y"].map(Value::text).to_vec(),
        category_label: None,
        series: vec![Series::new("s", [Some(50.0), Some(100.0)])],
        values: Kind::Integer,
        currency: None,
        note: None,
    };
    let drawing = svg(&chart, Locale::of("en"), Ink::PAPER, FULL_WIDTH, 0);
    let widths: Vec<f64> = drawing
        .split("<rect ")
        .skip(1)
        .map(|rect| rect.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(widths.len(), 2);
    assert!((widths[1] - 2.0 * widths[0]).abs() < 0.2, "{widths:?}");
}

#[test]
fn pictures_have_letters_in_them() {
    for sample in samples::all()
        .iter()
        .filter(|sample| matches!(sample.name.as_str(), "monthly-zh" | "monthly-ru" | "right-to-left"))
    {
        let Some(Block::Chart(chart)) = sample.document.blocks.iter().find(|block| matches!(block, Block::Chart(_)))
        else {
            panic!()
        };
        let with =
            |ink: Ink| png::paint(&svg(chart, Locale::of(&sample.document.language), ink, FULL_WIDTH, 0)).unwrap().0;
        // The same drawing without its letters is another picture.
        let invisible = Ink { letters: "none", faint: "none", ..Ink::PICTURE };
        assert_ne!(with(Ink::PICTURE), with(invisible), "{}", sample.name);
        assert!(with(Ink::PICTURE).starts_with(b"\x89PNG"));
    }
}
