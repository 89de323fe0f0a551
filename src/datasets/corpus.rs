//! The built-in synthetic reviews: a corpus from a seed, for every machine that has no IMDb.
//!
//! Place in the flow: one of the two sources behind [`datasets::load`](super::load); the other is
//! [`reviews`](super::reviews).
//!
//! A language of [`RANKS`] words follows the Zipf-Mandelbrot law `weight(rank) = (rank + 2)^-1.12`.
//! Its words fall into groups: function words, two times forty sentiment words, and eight topics. A
//! review has
//! - a label: positive for even indices, negative for odd ones, so classes are balanced exactly;
//! - a length: log-normal as IMDb's (mean 239 with the start token, 8 % of 500 or more, 10 to
//!   2500);
//! - a mixture of topics: Dirichlet, its mean the topics' share of the language;
//! - a conviction: the share of its sentiment words that agree with the label, normal around 0.8.
//!   Some reviews lean the wrong way, which is what keeps the best possible reader below 100 %.
//!
//! Given these, **words are drawn independently**, so the input of a network, embedded by any
//! table, is white by construction (`the_tokens_are_white`), whatever the seed. Real text is nearly
//! so: the published exponent of IMDb's input is beta = 0.002 ± 0.116. Each review has its own
//! random stream; review `i` is the same however many are made.

use rand_chacha::ChaCha8Rng;
use rand_distr::weighted::WeightedAliasIndex;
use rand_distr::{Distribution, Gamma, LogNormal, Normal};
use rayon::prelude::*;

use super::{Review, tokens};
use crate::signal::random;

/// Words of the language; those that the vocabulary does not hold become [`tokens::UNKNOWN`].
pub const RANKS: usize = 20_000;

/// Shortest and longest review, the start token counted.
const LENGTHS: (usize, usize) = (10, 2_500);
/// Mean and standard deviation of the logarithm of the length.
const LOG_LENGTH: (f64, f64) = (5.21, 0.73);
/// Mean and standard deviation of the share of sentiment words that agree with the label.
const CONVICTION: (f64, f64) = (0.80, 0.13);
/// Rank of the most frequent sentiment word, the factor to the next, and how many there are in all.
const SENTIMENT: (f64, f64, usize) = (20.0, 1.06, 80);
/// Ranks up to this one are function words, save the sentiment words among them.
const FUNCTION_WORDS: usize = 60;
/// Number of topics, and the sum of the Dirichlet's parameters: the smaller, the purer a review.
const TOPICS: (usize, f64) = (8, 3.0);

/// Makes `count` reviews of `seed` in a vocabulary of `vocabulary` ids; see the module for their
/// law.
pub fn make(seed: u64, vocabulary: usize, count: usize) -> Vec<Review> {
    let language = Language::new(vocabulary);
    (0..count).into_par_iter().map(|index| language.review(seed, index)).collect()
}

/// Words of one kind, drawn by their weights in the language.
struct Group {
    ids: Vec<u16>,
    /// Sum of the words' weights.
    share: f64,
    draw: WeightedAliasIndex<f64>,
}

impl Group {
    fn new(ranks: &[usize], vocabulary: usize) -> Self {
        let weights: Vec<f64> = ranks.iter().map(|&rank| weight(rank)).collect();
        let share = weights.iter().sum();
        let draw = WeightedAliasIndex::new(weights).expect("a group has words of positive weight");
        let id = |&rank: &usize| tokens::id_of_rank(rank, vocabulary);
        Self { ids: ranks.iter().map(id).collect(), share, draw }
    }

    fn word(&self, chance: &mut ChaCha8Rng) -> u16 {
        self.ids[self.draw.sample(chance)]
    }
}

/// The law that all reviews share. Groups stand in this order: function words, words of a negative
/// review, words of a positive review, then the topics.
struct Language {
    groups: Vec<Group>,
    lengths: LogNormal<f64>,
    convictions: Normal<f64>,
    mixture: Vec<Gamma<f64>>,
}

/// Index of the first topic among the groups.
const FIRST_TOPIC: usize = 3;

impl Language {
    fn new(vocabulary: usize) -> Self {
        let mut ranks = vec![Vec::new(); FIRST_TOPIC + TOPICS.0];
        let (first, factor, count) = SENTIMENT;
        let sentiment: Vec<usize> =
            (0..count).map(|word| (first * factor.powi(word as i32)).round() as usize).collect();
        for rank in 1..=RANKS {
            let group = match sentiment.iter().position(|&other| other == rank) {
                Some(word) => 1 + (word + word / 2) % 2,
                None if rank <= FUNCTION_WORDS => 0,
                None => FIRST_TOPIC + (rank * 7919 / 11) % TOPICS.0,
            };
            ranks[group].push(rank);
        }
        let groups: Vec<Group> = ranks.iter().map(|ranks| Group::new(ranks, vocabulary)).collect();
        let topics = &groups[FIRST_TOPIC..];
        let total: f64 = topics.iter().map(|topic| topic.share).sum();
        let gamma = |topic: &Group| {
            Gamma::new(TOPICS.1 * topic.share / total, 1.0).expect("a topic has a positive share")
        };
        Self {
            lengths: LogNormal::new(LOG_LENGTH.0, LOG_LENGTH.1).expect("the spread is positive"),
            convictions: Normal::new(CONVICTION.0, CONVICTION.1).expect("the spread is positive"),
            mixture: topics.iter().map(gamma).collect(),
            groups,
        }
    }

    /// Review `index` of `seed`: what it is like first, then its words, one independent draw each.
    fn review(&self, seed: u64, index: usize) -> Review {
        let chance = &mut random::stream(seed, "corpus/review", index as u64);
        let label = index.is_multiple_of(2);
        let length = self.lengths.sample(chance).round().clamp(LENGTHS.0 as f64, LENGTHS.1 as f64);
        let kinds = self.kinds(label, chance);
        let word = |_| self.groups[kinds.sample(chance)].word(chance);
        let words = (1..length as usize).map(word);
        Review {
            tokens: std::iter::once(tokens::START).chain(words).collect(),
            label,
            place: index,
        }
    }

    /// How likely each group is in one review of `label`.
    fn kinds(&self, label: bool, chance: &mut ChaCha8Rng) -> WeightedAliasIndex<f64> {
        let mut weights: Vec<f64> = self.groups.iter().map(|group| group.share).collect();
        let sentiment = weights[1] + weights[2];
        let agreeing = self.convictions.sample(chance).clamp(0.05, 0.95);
        weights[1 + usize::from(label)] = sentiment * agreeing;
        weights[1 + usize::from(!label)] = sentiment * (1.0 - agreeing);
        let topics: f64 = weights[FIRST_TOPIC..].iter().sum();
        let drawn: Vec<f64> = self.mixture.iter().map(|gamma| gamma.sample(chance)).collect();
        // Every gamma could underflow to zero at once; the guard keeps the shares finite.
        let total = drawn.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let shares = weights[FIRST_TOPIC..].iter_mut().zip(drawn);
        shares.for_each(|(weight, drawn)| *weight = topics * drawn / total);
        WeightedAliasIndex::new(weights).expect("function words have a positive weight")
    }
}

/// How often the word of `rank` occurs, up to a factor.
fn weight(rank: usize) -> f64 {
    (rank as f64 + 2.0).powf(-1.12)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    const VOCABULARY: usize = 4_000;

    #[test]
    fn a_review_does_not_depend_on_how_many_are_made() {
        let (few, many) = (make(7, VOCABULARY, 5), make(7, VOCABULARY, 40));
        assert_eq!(few, many[..5]);
        assert_ne!(few, make(8, VOCABULARY, 5));
        for review in &many {
            assert_eq!(review.tokens[0], tokens::START);
            let words = &review.tokens[1..];
            assert!(words.iter().all(|&id| id == 2 || (4..VOCABULARY as u16).contains(&id)));
        }
        assert!(make(7, 5, 3).iter().flat_map(|review| &review.tokens).all(|&id| id < 5));
    }

    #[test]
    fn lengths_classes_and_rare_words_are_like_imdb() {
        let reviews = make(1, VOCABULARY, 20_000);
        let lengths: Vec<usize> = reviews.iter().map(|review| review.tokens.len()).collect();
        let mean = lengths.iter().sum::<usize>() as f64 / lengths.len() as f64;
        let share = |count: usize, of: usize| count as f64 / of as f64;
        let long = share(lengths.iter().filter(|&&length| length >= 500).count(), lengths.len());
        let all: Vec<u16> = reviews.iter().flat_map(|review| review.tokens.clone()).collect();
        let unknown = share(all.iter().filter(|&&id| id == tokens::UNKNOWN).count(), all.len());
        println!("mean {mean:.1} tokens, {long:.4} of 500 or more, {unknown:.4} unknown");
        assert!((mean - 239.0).abs() < 5.0, "mean length {mean}");
        assert!((long - 0.082).abs() < 0.01, "share of 500 or more {long}");
        assert!((unknown - 0.115).abs() < 0.02, "share of unknown words {unknown}");
        assert_eq!(reviews.iter().filter(|review| review.label).count(), 10_000);
        assert!(lengths.iter().all(|&length| (LENGTHS.0..=LENGTHS.1).contains(&length)));
    }

    /// Naive Bayes on word counts (add-one), learned from the first reviews, tried on the rest.
    fn naive_bayes(training: &[Review], trial: &[Review]) -> f64 {
        let mut counts = [vec![1.0f64; VOCABULARY], vec![1.0f64; VOCABULARY]];
        for review in training {
            let first = review.tokens.iter().take(500);
            first.for_each(|&id| counts[usize::from(review.label)][usize::from(id)] += 1.0);
        }
        let totals = counts.each_ref().map(|counts| counts.iter().sum::<f64>());
        let odds: Vec<f64> = (0..VOCABULARY)
            .map(|id| (counts[1][id] / totals[1]).ln() - (counts[0][id] / totals[0]).ln())
            .collect();
        right(trial, |id| odds[usize::from(id)])
    }

    /// Share of `reviews` whose first 500 tokens' evidence has the sign of the label.
    fn right(reviews: &[Review], evidence: impl Fn(u16) -> f64) -> f64 {
        let sum = |review: &&Review| {
            let sum: f64 = review.tokens.iter().take(500).map(|&id| evidence(id)).sum();
            (sum > 0.0) == review.label
        };
        reviews.iter().filter(sum).count() as f64 / reviews.len() as f64
    }

    #[test]
    fn the_label_can_be_learned_but_not_always_told() {
        let reviews = make(1, VOCABULARY, 8_000);
        // The ideal observer of the design knows the sentiment words: it counts them.
        let language = Language::new(VOCABULARY);
        let holds = |group: usize, id: u16| f64::from(language.groups[group].ids.contains(&id));
        let ideal = right(&reviews[..2_000], |id| holds(2, id) - holds(1, id));
        let learned = naive_bayes(&reviews[..2_800], &reviews[2_800..]);
        println!("ideal observer {ideal:.3}, naive Bayes learned from 2800 reviews {learned:.3}");
        assert!((0.85..=0.97).contains(&ideal), "ideal observer {ideal}");
        assert!((0.85..=0.97).contains(&learned), "naive Bayes {learned}");
    }

    #[test]
    fn the_tokens_are_white() {
        let chance = &mut random::stream(5, "test/embedding", 0);
        let table: Vec<f64> = (0..VOCABULARY).map(|_| chance.random::<f64>() - 0.5).collect();
        let reviews = make(3, VOCABULARY, 40_000);
        let lag_one = |review: &Review| {
            let x: Vec<f64> = review.tokens.iter().map(|&id| table[usize::from(id)]).collect();
            let x = &x[1..500];
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let power: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
            x.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>() / power
        };
        let long = reviews.iter().filter(|review| review.tokens.len() >= 500);
        let all: Vec<f64> = long.map(lag_one).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        // White noise has mean -1/n and standard deviation 1/sqrt(n); n is 499 here.
        let allowed = 4.0 / (499.0 * all.len() as f64).sqrt();
        println!("lag-1 autocorrelation {mean:.5} over {} reviews, ± {allowed:.5}", all.len());
        assert!(all.len() > 2_000);
        assert!((mean + 1.0 / 499.0).abs() < allowed, "lag-1 autocorrelation {mean}");
    }
}
