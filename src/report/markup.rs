//! Text on its way out: everything that comes from an outcome passes through here.
//!
//! Place in the flow: under `text`, `html` and `figures`.

use std::fmt;

/// Shows a string with the characters that mean something to HTML or SVG replaced, fit for text and
/// for attributes in double quotes. Control characters, which no document may hold, become U+FFFD.
pub(super) struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(character)?,
                '\r' => {}
                control if control.is_control() => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The text without control characters, which could move a terminal's cursor and which no document
/// may hold; U+FFFD stands in their place.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// A number as it stands on the page: with a true minus sign.
pub(super) fn typeset(number: &str) -> String {
    number.replace('-', "\u{2212}")
}

/// Our own sentences as they stand on the page: true minus signs and apostrophes, and no line break
/// within a figure and its spread.
pub(super) fn typeset_prose(sentences: &str) -> String {
    let mut set = String::with_capacity(sentences.len());
    let mut letters = sentences.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '-' if letters.peek().is_some_and(char::is_ascii_digit) => set.push('\u{2212}'),
            '\'' => set.push('\u{2019}'),
            _ => set.push(letter),
        }
    }
    set.replace(" \u{b1} ", "\u{a0}\u{b1}\u{a0}").replace(" %", "\u{a0}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_typeset() {
        let set = typeset_prose("the network's -0.1 ± 0.2 of 1-2 and self-made, 5 %");
        assert_eq!(set, "the network’s −0.1\u{a0}±\u{a0}0.2 of 1−2 and self-made, 5\u{a0}%");
    }

    #[test]
    fn hostile_text_becomes_text() {
        let hostile = "<script>alert('1')</script>&\"\u{1b}[2J";
        assert_eq!(
            Escaped(hostile).to_string(),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\u{fffd}[2J"
        );
    }
}
