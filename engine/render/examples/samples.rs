//! Writes all sample reports to a folder, to look at them: `cargo run -p deskbell-render --example samples -- FOLDER`.
//! Each becomes a page, a PDF, a mail (whose pictures lie beside it) and its tables, with the time that each took.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use deskbell_render::report::{self, Brand, Logo, samples};

const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="132" height="44" viewBox="0 0 132 44"><rect width="44" height="44" rx="10" fill="#1f5fa8"/><path d="M14 28v-8a8 8 0 0 1 16 0v8l3 4H11z" fill="#fff"/><text x="54" y="29" font-family="Noto Sans" font-size="20" font-weight="600" fill="#1f5fa8">Acme</text></svg>"##;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write to")?;
    let folder = Path::new(&folder);
    let brand = Brand { name: Some("Acme Support".to_owned()), logo: Some(Logo::Svg(LOGO.into())), ..Brand::default() };
    for sample in samples::all() {
        let name = &sample.name;
        let document = &sample.document;
        let start = Instant::now();
        let pdf = report::pdf(document, &brand)?;
        let pdf_time = start.elapsed();
        let start = Instant::now();
        let html = report::html(document, &brand)?;
        let html_time = start.elapsed();
        let start = Instant::now();
        let mail = report::mail(document, &brand)?;
        let mail_time = start.elapsed();
        println!(
            "{name}: PDF {} kB in {pdf_time:.1?}, page {} kB in {html_time:.1?}, mail {} kB in {mail_time:.1?}",
            pdf.len() / 1000,
            html.len() / 1000,
            mail.html.len() / 1000
        );

        let here = folder.join(name);
        std::fs::create_dir_all(&here)?;
        std::fs::write(here.join("report.pdf"), pdf)?;
        std::fs::write(here.join("report.html"), html)?;
        std::fs::write(here.join("report.json"), report::json(document)?)?;
        std::fs::write(here.join("mail.txt"), format!("Subject: {}\n\n{}", mail.subject, mail.text))?;
        let mut html = mail.html;
        for picture in &mail.inline {
            let file = format!("{}.png", picture.content_id.replace('@', "-"));
            html = html.replace(&format!("cid:{}", picture.content_id), &file);
            std::fs::write(here.join(file), &picture.bytes)?;
        }
        std::fs::write(here.join("mail.html"), html)?;
        for file in mail.attachments.iter().filter(|file| file.media_type != "application/pdf") {
            std::fs::write(here.join(&file.name), &file.bytes)?;
        }
    }
    Ok(())
}
