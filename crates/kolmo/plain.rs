//! Text for a terminal.

use std::borrow::Cow;

/// `text` for a terminal: names and values come from files and from other people, and may hold what a terminal obeys. Line
/// breaks stay. What is escaped is written as JSON does, so that JSON stays the same JSON.
pub fn plain(text: &str) -> Cow<'_, str> {
    let is_obeyed = |c: char| c.is_control() && c != '\n';
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match is_obeyed(c) {
            true => plain.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(plain("two\nlines, naïve"), "two\nlines, naïve");
        let hostile = "\u{1b}[2J\u{7}\u{9b}31m\r\u{7f}\tend";
        let shown = plain(hostile);
        assert_eq!(shown, r"\u001b[2J\u0007\u009b31m\u000d\u007f\u0009end");
        assert!(!shown.contains(char::is_control));
    }
}
