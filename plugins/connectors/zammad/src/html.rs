//! The text of an HTML body, for plugins read words, not markup.

/// Elements that end a line.
const LINES: &[&str] =
    &["br", "p", "div", "li", "tr", "ul", "ol", "table", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr"];

/// The text of a piece of HTML: markup left out, entities resolved, a line for each block, no more than one empty line.
pub(crate) fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        push_words(&mut text, before);
        rest = if from.starts_with('<') { tag(from, &mut text) } else { entity(from, &mut text) };
    }
    push_words(&mut text, rest);
    tidy(&text)
}

/// Text between tags, in which every run of white space is one space.
fn push_words(text: &mut String, words: &str) {
    for c in words.chars() {
        if !c.is_whitespace() {
            text.push(c);
        } else if !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
    }
}

/// Skips a tag, or a whole element that holds no text, and ends the line where the element does.
fn tag<'a>(from: &'a str, text: &mut String) -> &'a str {
    let after = |end: &str| from.find(end).map_or("", |at| from.get(at + end.len()..).unwrap_or_default());
    if from.starts_with("<!--") {
        return after("-->");
    }
    let name: String = from
        .chars()
        .skip(1)
        .skip_while(|c| *c == '/')
        .take_while(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if name.is_empty() {
        // A lone "<", as in "a < b".
        text.push('<');
        return from.get(1..).unwrap_or_default();
    }
    match name.as_str() {
        "script" if !from.starts_with("</") => after("</script>"),
        "style" if !from.starts_with("</") => after("</style>"),
        name => {
            if LINES.contains(&name) {
                text.push('\n');
            }
            if name == "p" && !from.starts_with("</") {
                // Paragraphs stand apart.
                text.push('\n');
            }
            after(">")
        }
    }
}

fn entity<'a>(from: &'a str, text: &mut String) -> &'a str {
    let end = from.char_indices().take(12).find(|(_, c)| *c == ';').map(|(at, _)| at);
    let resolved = end.and_then(|end| Some((resolve(from.get(1..end)?)?, from.get(end + 1..)?)));
    let Some((c, rest)) = resolved else {
        text.push('&');
        return from.get(1..).unwrap_or_default();
    };
    text.push(c);
    rest
}

fn resolve(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut n_empty = 0;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            n_empty += 1;
            continue;
        }
        if !tidied.is_empty() {
            tidied.push_str(if n_empty > 1 { "\n\n" } else { "\n" });
        }
        tidied.push_str(line);
        n_empty = 0;
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::to_text;

    #[track_caller]
    fn check(html: &str, text: &str) {
        assert_eq!(to_text(html), text, "{html}");
    }

    #[test]
    fn a_body_becomes_the_text_that_a_reader_sees() {
        check("plain", "plain");
        check("one<br>two<br/>three", "one\ntwo\nthree");
        check("<div>one</div><div>two</div>", "one\ntwo");
        check("<p>one</p>\n\n<p>two</p>", "one\n\ntwo");
        check("<b>bold</b> and <i title=\"x\">italic</i>", "bold and italic");
        check("  many \n  spaces ", "many spaces");
        check("a &lt; b &amp;&amp; c&nbsp;d &#39;e&#x27; &unknown; &", "a < b && c d 'e' &unknown; &");
        check("a < b", "a < b");
        check("x<script>alert(1)</script>y<style>p{}</style>z<!-- no -->!", "xyz!");
        check("ends in a <tag", "ends in a");
        check("", "");
    }
}
