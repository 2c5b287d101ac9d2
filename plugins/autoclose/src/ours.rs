//! Recognising our own reminder when it comes back from the helpdesk. Many helpdesks let it come from an agent, and an
//! agent who asks again gives the customer the whole time anew: the ticket would be reminded of for ever.

/// Enough of a text to know it by.
const MAX_CHARS: usize = 300;

/// What stays of a text whatever a helpdesk makes of its layout: letters and digits, without markup.
pub(crate) fn trace(text: &str) -> String {
    let mut is_markup = false;
    let letters = text.chars().filter(move |&c| {
        let was_markup = is_markup;
        is_markup = c == '<' || (is_markup && c != '>');
        !was_markup && !is_markup && c.is_alphanumeric()
    });
    letters.take(MAX_CHARS).collect()
}

/// Whether a comment is what left this trace, perhaps between a greeting and a signature.
pub(crate) fn is_of(comment: &str, trace_of_ours: &str) -> bool {
    let ours: String = trace_of_ours.chars().take(MAX_CHARS / 2).collect();
    !ours.is_empty() && trace(comment).contains(&ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_again_in_another_layout() {
        let ours = trace("Hello Ann,\n\nWe are still waiting for 4711.");
        for (comment, expected) in [
            ("Hello Ann,\n\nWe are still waiting for 4711.", true),
            ("<p>Hello Ann,<br/></p><p>We are still waiting for <b>4711</b>.</p>", true),
            ("Support team:\r\nHello  Ann, We are still waiting for 4711.\n-- \nAcme", true),
            ("Hello Ann, could you send us the log file?", false),
            ("", false),
            ("<<<<", false),
        ] {
            assert_eq!(is_of(comment, &ours), expected, "{comment}");
        }
        assert!(!is_of("anything", ""));
        assert!(is_of("我们仍在等待您的答复。", &trace("我们仍在等待您的答复")));
    }
}
