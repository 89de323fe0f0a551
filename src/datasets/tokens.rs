//! Text to token ids, as Keras does it: lower case, punctuation out, split, ranked by frequency.
//!
//! Place in the flow: between [`reviews`](super::reviews) (text) and [`Review`](super::Review)
//! (ids). The built-in corpus gives ids of the same scheme directly.
//!
//! Convention: `keras.preprocessing.text.Tokenizer` with its default filters, behind the ids of
//! `keras.datasets.imdb`: [`PAD`] 0, [`START`] 1, [`UNKNOWN`] 2, 3 unused, the word of frequency
//! rank `r >= 1` is `r + 3`; ids from `vocabulary` up become [`UNKNOWN`]. Ranks count all reviews
//! given; words of equal count are ranked by first appearance. The filters leave the apostrophe
//! inside words (`don't`), and HTML line breaks (`<br />`) leave the word `br` behind: with both,
//! IMDb's training half has 238.71364 tokens per review with the start token, the 238.71 known of
//! Keras's own copy (`tests/datasets.rs`). Where others differ: Python's `str.split()` also splits
//! at the no-break space (238.71488); splitting at apostrophes gives 243.31, dropping `br` 234.64.

use std::collections::HashMap;

use rayon::prelude::*;

/// Appended to a review shorter than the batch.
pub const PAD: u16 = 0;
/// The first token of every review.
pub const START: u16 = 1;
/// A word outside the vocabulary.
pub const UNKNOWN: u16 = 2;
/// What is added to a frequency rank (from 1) to make an id.
const RANK_OFFSET: usize = 3;
/// The id of the most frequent word.
pub const FIRST_WORD: u16 = RANK_OFFSET as u16 + 1;

/// The id of the word of frequency rank `rank >= 1` in a vocabulary of `vocabulary` ids.
pub fn id_of_rank(rank: usize, vocabulary: usize) -> u16 {
    match u16::try_from(rank.saturating_add(RANK_OFFSET)) {
        Ok(id) if usize::from(id) < vocabulary => id,
        _ => UNKNOWN,
    }
}

/// True for a text without any word: it would be a review of no tokens.
pub fn is_blank(text: &str) -> bool {
    text.bytes().all(separates)
}

/// The words of a text in lower case, as [`encode`] sees them.
pub fn words(lower_case: &str) -> impl Iterator<Item = &str> {
    lower_case.split(|c: char| u8::try_from(c).is_ok_and(separates)).filter(|word| !word.is_empty())
}

/// Keras's filter characters and the white space of ASCII.
fn separates(byte: u8) -> bool {
    byte != b'\'' && (byte.is_ascii_punctuation() || matches!(byte, b' ' | b'\t'..=b'\r'))
}

/// Token ids of every text, each beginning with [`START`], in a vocabulary of `vocabulary` ids
/// ranked over all of them. Runs on all cores; the result does not depend on how many there are.
pub fn encode(texts: Vec<String>, vocabulary: usize) -> Vec<Vec<u16>> {
    let texts: Vec<String> = texts.into_par_iter().map(|text| text.to_lowercase()).collect();
    let length = texts.len().div_ceil(4 * rayon::current_num_threads()).max(1);
    let parts: Vec<Part> = texts.par_chunks(length).map(Part::new).collect();
    let known = rank(&parts, vocabulary);
    parts.par_iter().flat_map_iter(|part| part.encode(&known)).collect()
}

/// Neighbouring texts with their own numbering of words, so that cores count without waiting on
/// each other.
struct Part<'t> {
    /// Each word once, in order of first appearance.
    words: Vec<&'t str>,
    /// How often each occurs.
    counts: Vec<u64>,
    /// The texts, as indices into `words`.
    texts: Vec<Vec<u32>>,
}

impl<'t> Part<'t> {
    fn new(texts: &'t [String]) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut part = Self { words: Vec::new(), counts: Vec::new(), texts: Vec::new() };
        for text in texts {
            let number = |word| {
                let next = part.words.len() as u32;
                let number = *numbers.entry(word).or_insert(next);
                if number == next {
                    part.words.push(word);
                    part.counts.push(0);
                }
                part.counts[number as usize] += 1;
                number
            };
            let text = words(text).map(number).collect();
            part.texts.push(text);
        }
        part
    }

    /// The ids of this part's texts.
    fn encode(&self, known: &HashMap<&str, u16>) -> Vec<Vec<u16>> {
        let id = |word: &&str| known.get(word).copied().unwrap_or(UNKNOWN);
        let ids: Vec<u16> = self.words.iter().map(id).collect();
        let encode = |text: &Vec<u32>| {
            let words = text.iter().map(|&word| ids[word as usize]);
            std::iter::once(START).chain(words).collect()
        };
        self.texts.iter().map(encode).collect()
    }
}

/// The ids of the words that the vocabulary holds.
fn rank<'t>(parts: &[Part<'t>], vocabulary: usize) -> HashMap<&'t str, u16> {
    // Parts in order, words in order of first appearance: so is this list, and the stable sort
    // keeps it.
    let mut counts: Vec<(&str, u64)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for part in parts {
        for (&word, &count) in part.words.iter().zip(&part.counts) {
            let place = *places.entry(word).or_insert(counts.len());
            match counts.get_mut(place) {
                Some((_, sum)) => *sum += count,
                None => counts.push((word, count)),
            }
        }
    }
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    counts.truncate(vocabulary.saturating_sub(RANK_OFFSET + 1));
    let id = |(place, (word, _))| (word, id_of_rank(place + 1, vocabulary));
    counts.into_iter().enumerate().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        words(&text.to_lowercase()).map(str::to_owned).collect()
    }

    #[test]
    fn text_is_split_as_keras_splits_it() {
        let filters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n ";
        assert!(
            (0..128u8)
                .all(|b| separates(b) == (filters.contains(b as char) || matches!(b, 11..=13)))
        );
        assert_eq!(
            split("Don't!<br /><br />It's \"GOOD\"..."),
            ["don't", "br", "br", "it's", "good"]
        );
        assert_eq!(split("ÉTÉ\u{a0}x _a_b\r\n"), ["été\u{a0}x", "a", "b"]);
        assert!(is_blank(" .,-\t\"\n") && is_blank("") && !is_blank("...a") && !is_blank("\u{a0}"));
    }

    #[test]
    fn ids_are_ranks_and_ties_go_to_the_first_seen() {
        let texts = vec!["b a. c c".to_owned(), "d a c".to_owned(), String::new()];
        assert_eq!(encode(texts.clone(), 100), [vec![1, 6, 5, 4, 4], vec![1, 7, 5, 4], vec![1]]);
        // Five ids hold one word.
        assert_eq!(encode(texts, 5), [vec![1, 2, 2, 4, 4], vec![1, 2, 2, 4], vec![1]]);
    }

    #[test]
    fn the_largest_vocabulary_fits_sixteen_bits() {
        assert_eq!(id_of_rank(65_532, 65_536), 65_535);
        assert_eq!(id_of_rank(65_533, 65_536), UNKNOWN);
        assert_eq!(id_of_rank(usize::MAX, 65_536), UNKNOWN);
    }
}
