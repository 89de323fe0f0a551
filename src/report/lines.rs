//! Words in lines of the terminal: wrapped, cut, without control characters.
//!
//! Place in the flow: under every rendering for the terminal.

use super::markup::printable;

/// Columns of the terminal that are used.
pub(super) const WIDTH: usize = 100;
/// Columns of a name of a quantity or condition.
pub(super) const NAME: usize = 11;

/// Writes words into lines of [`WIDTH`], the second and further ones indented. What stands before
/// the first line's indent is kept as it is.
pub(super) fn paragraph(text: &mut String, words: &str, indent: usize) {
    let words = printable(words);
    let (label, rest) = words.split_at(words.char_indices().nth(indent).map_or(0, |(at, _)| at));
    let room = WIDTH - indent;
    let mut line = String::new();
    let mut lines = Vec::new();
    for word in rest.split_whitespace() {
        for piece in pieces(word, room) {
            let length = line.chars().count();
            if length > 0 && length + 1 + piece.chars().count() > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&piece);
        }
    }
    lines.push(line);
    for (place, line) in lines.iter().enumerate() {
        let before = if place == 0 { label.to_string() } else { " ".repeat(indent) };
        text.push_str(format!("{before}{line}").trim_end());
        text.push('\n');
    }
}

/// A word, cut where it is longer than a line.
fn pieces(word: &str, room: usize) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    characters.chunks(room).map(|piece| piece.iter().collect()).collect()
}

/// A name cut to its column.
pub(super) fn shortened(name: &str, room: usize) -> String {
    let name = printable(name);
    if name.chars().count() <= room {
        return name;
    }
    let mut short: String = name.chars().take(room - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_and_control_characters_stay_within_the_width() {
        let mut text = String::new();
        let words = format!("{:<11}\u{1b}[31m{} end", "corpus", "x".repeat(250));
        paragraph(&mut text, &words, 11);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.starts_with("corpus     \u{fffd}[31mx"), "{text}");
        assert!(text.trim_end().ends_with(" end"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
