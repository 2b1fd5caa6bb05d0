//! Words on a page: how wide they are, and what to do where they are too wide.

use plotters::prelude::*;

use super::page::UNITS;
use super::palette::TEXT;

/// The width of a letter by its height, on the safe side: the font is the reader's.
const LETTER: f64 = 0.6;

/// Text of a height in pixels.
pub(super) fn font(size: u32) -> TextStyle<'static> {
    // plotters counts a font's size with the room between lines.
    const LINE: f64 = 1.24;
    let size = f64::from(size * UNITS) * LINE;
    FontDesc::from((FontFamily::SansSerif, size)).color(&TEXT)
}

/// The height at which `text` has room, pixels: `size`, or less where it would be wider than `room`.
pub(super) fn fitted(text: &str, size: u32, room: u32) -> u32 {
    let narrow = f64::from(room) / (LETTER * text.chars().count().max(1) as f64);
    size.min(narrow as u32)
}

/// The width of `text` at this size, pixels.
pub(super) fn width(text: &str, size: u32) -> u32 {
    (text.chars().count() as f64 * f64::from(size) * LETTER).ceil() as u32
}

/// So many letters are as wide as `room`, pixels, at this size; one at least.
fn letters(size: u32, room: u32) -> usize {
    (f64::from(room) / (f64::from(size) * LETTER)).max(1.0) as usize
}

/// `text` in lines that are no wider than `room`, pixels, at this size, but for words that are wider.
pub(super) fn wrapped(text: &str, size: u32, room: u32) -> Vec<String> {
    let most = letters(size, room);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `text`, its middle left out if it would be wider than `room`, pixels, at this size.
pub(super) fn shortened(text: &str, size: u32, room: u32) -> String {
    let most = letters(size, room);
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    // Names that begin alike differ at their ends.
    let start = most / 2;
    let end = most.saturating_sub(start + 1);
    let first = text.chars().take(start);
    let last = text.chars().skip(count - end);
    first.chain(['…']).chain(last).collect()
}

/// `text` without what SVG has no place for: control characters.
pub(super) fn printable(text: &str) -> String {
    let forbidden = |letter: char| letter.is_control() || matches!(letter, '\u{FFFE}' | '\u{FFFF}');
    text.replace(forbidden, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 10, 42), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 10, 42), ["unbreakable"]);
        assert!(wrapped(" ", 10, 42).is_empty());
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("run-seed-1", 10, 60), "run-seed-1");
        assert_eq!(shortened("a long run, seed 1", 10, 60), "a lon…ed 1");
        assert_eq!(shortened("αβγδ", 10, 12), "α…");
        assert_eq!(shortened("name", 10, 0), "…");
    }

    #[test]
    fn what_must_be_on_one_line_gets_smaller() {
        assert_eq!(fitted("documents", 19, 500), 19);
        assert_eq!(fitted(&"x".repeat(100), 19, 600), 10);
        assert_eq!(fitted("", 19, 0), 0);
    }

    #[test]
    fn text_is_fit_for_xml() {
        assert_eq!(printable("a\u{0}b\nc\u{1b}\u{ffff}δ"), "a b c  δ");
    }
}
