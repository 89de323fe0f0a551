//! Comparisons over reviews, each with its interval: gates with the hidden state, other drives with
//! the text, after with before training, reviews classified rightly with the others, long with
//! short ones.
//!
//! Place in the flow: the exponents per review ([`PerReview`]) in, [`Contrast`]s out.
//!
//! The interval is a bootstrap over reviews ([`bootstrap`]), widened for few of them: what other reviews of the same source might have given with the same network.
//! Of two subjects a review's difference is drawn as one; two groups of reviews are drawn apart. It
//! says nothing of other networks: their spread is that over seeds.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::exponents::{AGGREGATIONS, PerReview};
use super::outcome::Spread;
use crate::analysis::bootstrap;
use crate::signal::random;

/// Reviews per group at least; of fewer no interval is given.
const FEWEST: usize = 5;

/// One recorded review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its place in the corpus.
    pub place: usize,
    /// Its whole length in tokens.
    pub tokens: usize,
    /// Whether the trained network classifies it rightly.
    pub right: bool,
}

/// The difference of two means of beta, with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// What the comparison is about: `internal`, `drive`, `training`, `rightness` or `length`.
    pub about: String,
    /// The quantity, or the first of two.
    pub quantity: String,
    /// What the difference is of, such as `f`, `shuffled`, `trained`, `right`.
    pub first: String,
    /// What is taken from it, such as `hidden`, `text`, `untrained`, `wrong`.
    pub second: String,
    /// One of [`AGGREGATIONS`]; of the units the mean over a review's is compared.
    pub aggregation: String,
    /// Reviews of the first; the same ones of the second, where reviews are paired.
    pub reviews: (usize, usize),
    /// Mean beta of both.
    pub means: (f64, f64),
    /// First minus second.
    pub difference: f64,
    /// The interval of the difference.
    pub interval: (f64, f64),
}

/// All comparisons that `found` allows, of the recorded `reviews`, whose lengths are in `steps`
/// (tokens, say); chance from `seed`.
pub fn of(found: &[PerReview], reviews: &[Review], steps: &str, seed: u64) -> Vec<Contrast> {
    let mut contrasts = Contrasts { found, seed, done: Vec::new() };
    let quantities = contrasts.quantities();
    for &quantity in quantities.iter().filter(|name| !["input", "hidden"].contains(name)) {
        contrasts.paired("internal", [(quantity, "trained"), ("hidden", "trained")]);
    }
    for &quantity in &quantities {
        for drive in ["shuffled", "random"] {
            contrasts.paired("drive", [(quantity, drive), (quantity, "trained")]);
        }
        contrasts.paired("training", [(quantity, "trained"), (quantity, "untrained")]);
    }
    let places = |wanted: &dyn Fn(&Review) -> bool| -> Vec<usize> {
        reviews.iter().filter(|review| wanted(review)).map(|review| review.place).collect()
    };
    let (right, wrong) = (places(&|review| review.right), places(&|review| !review.right));
    let mut lengths: Vec<usize> = reviews.iter().map(|review| review.tokens).collect();
    lengths.sort_unstable();
    for &quantity in &quantities {
        contrasts.apart("rightness", quantity, [("right", &right), ("wrong", &wrong)]);
        if let (Some(&shortest), Some(&longest)) = (lengths.first(), lengths.last()) {
            // Thirds by length; equal lengths stay together.
            let (third, two_thirds) = (lengths[lengths.len() / 3], lengths[lengths.len() * 2 / 3]);
            let band = |from, to| places(&|review| (from..to).contains(&review.tokens));
            let name = |from, to: usize| format!("{from} to {} {steps}", to - 1);
            let short = (name(shortest, third), band(shortest, third));
            for (from, to) in [(third, two_thirds), (two_thirds, longest + 1)] {
                let (words, longer) = (name(from, to), band(from, to));
                contrasts.apart("length", quantity, [(&words, &longer), (&short.0, &short.1)]);
            }
        }
    }
    contrasts.done
}

struct Contrasts<'a> {
    found: &'a [PerReview],
    seed: u64,
    done: Vec<Contrast>,
}

impl Contrasts<'_> {
    /// In the order in which they were measured.
    fn quantities(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for one in self.found {
            if !names.contains(&one.subject.quantity) {
                names.push(one.subject.quantity);
            }
        }
        names
    }

    /// Review and beta of one subject.
    fn betas(&self, quantity: &str, condition: &str, aggregation: usize) -> Vec<(usize, f64)> {
        let wanted = self
            .found
            .iter()
            .filter(|one| one.subject.quantity == quantity && one.subject.condition == condition);
        wanted.filter_map(|one| Some((one.review, one.betas[aggregation]?))).collect()
    }

    fn chance(&self) -> ChaCha8Rng {
        random::stream(self.seed, "contrasts", self.done.len() as u64)
    }

    /// Two subjects over the reviews that both have.
    fn paired(&mut self, about: &str, [first, second]: [(&str, &str); 2]) {
        for (aggregation, name) in AGGREGATIONS.iter().enumerate() {
            let ones = self.betas(first.0, first.1, aggregation);
            let others = self.betas(second.0, second.1, aggregation);
            let pairs: Vec<(f64, f64)> = ones
                .iter()
                .filter_map(|(review, beta)| {
                    let other = others.iter().find(|(other, _)| other == review)?;
                    Some((*beta, other.1))
                })
                .collect();
            if pairs.len() < FEWEST {
                continue;
            }
            let mut chance = self.chance();
            let differences: Vec<f64> = pairs.iter().map(|(one, other)| one - other).collect();
            let interval = bootstrap::interval(&differences, &mut chance);
            let total = |side: fn(&(f64, f64)) -> f64| {
                pairs.iter().map(side).sum::<f64>() / pairs.len() as f64
            };
            let means = (total(|pair| pair.0), total(|pair| pair.1));
            let by_quantity = first.0 != second.0;
            let word = |side: (&str, &str)| if by_quantity { side.0 } else { side.1 }.to_owned();
            self.done.push(Contrast {
                about: about.to_owned(),
                quantity: first.0.to_owned(),
                first: word(first),
                second: word(second),
                aggregation: (*name).to_owned(),
                reviews: (pairs.len(), pairs.len()),
                means,
                difference: means.0 - means.1,
                interval: interval.expect("more than two").into(),
            });
        }
    }

    /// Two groups of reviews in the trained network.
    fn apart(&mut self, about: &str, quantity: &str, groups: [(&str, &Vec<usize>); 2]) {
        for (aggregation, name) in AGGREGATIONS.iter().enumerate() {
            let betas = self.betas(quantity, "trained", aggregation);
            let [ones, others] = groups.map(|(_, places)| -> Vec<f64> {
                let inside = betas.iter().filter(|(review, _)| places.contains(review));
                inside.map(|(_, beta)| *beta).collect()
            });
            if ones.len().min(others.len()) < FEWEST {
                continue;
            }
            let mut chance = self.chance();
            let interval = bootstrap::difference(&ones, &others, &mut chance);
            let [first, second] = [&ones, &others].map(|betas| Spread::of(betas).mean);
            let means = first.zip(second).expect("neither is empty");
            self.done.push(Contrast {
                about: about.to_owned(),
                quantity: quantity.to_owned(),
                first: groups[0].0.to_owned(),
                second: groups[1].0.to_owned(),
                aggregation: (*name).to_owned(),
                reviews: (ones.len(), others.len()),
                means,
                difference: means.0 - means.1,
                interval: interval.expect("more than two").into(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::exponents::Subject;
    use crate::signal::noise;

    /// `count` reviews whose hidden state has beta 1 and whose gate `f` has `gap` less, each with
    /// a scatter of 0.1 of its own and one of 0.5 that both share.
    fn found(count: usize, gap: f64, seed: u64) -> Vec<PerReview> {
        let [shared, one, other] = [0, 1, 2].map(|index| noise::white(count, 10 + seed, index));
        let beta = |review: usize, of: &[f32], mean: f64| {
            mean + 0.5 * f64::from(shared[review]) + 0.1 * f64::from(of[review])
        };
        let entry = |review, quantity, beta| PerReview {
            subject: Subject { quantity, condition: "trained".to_owned() },
            review,
            betas: [Some(beta), None, Some(beta), Some(beta)],
        };
        (0..count)
            .flat_map(|review| {
                [
                    entry(review, "hidden", beta(review, &one, 1.0)),
                    entry(review, "f", beta(review, &other, 1.0 - gap)),
                ]
            })
            .collect()
    }

    #[test]
    fn pairs_take_out_what_reviews_share_and_the_interval_holds_the_truth() {
        let mut held = 0;
        for seed in 0..60 {
            let contrasts = of(&found(100, 0.2, seed), &[], "tokens", seed);
            assert_eq!(contrasts.len(), 3, "an aggregation without any exponent has none");
            let Contrast { difference, interval, .. } = contrasts[0];
            assert!((difference + 0.2).abs() < 0.06, "{difference}"); // standard error 0.014
            assert!(interval.1 - interval.0 < 0.07, "{interval:?}"); // unpaired: 0.28
            held += u32::from((interval.0..=interval.1).contains(&-0.2));
        }
        assert!((51..=60).contains(&held), "95 % intervals held {held} of 60 times");
    }

    #[test]
    fn groups_of_reviews_are_compared_apart_and_small_ones_not_at_all() {
        let review = |place| Review { place, tokens: 500 + place, right: place % 2 == 0 };
        let reviews: Vec<Review> = (0..90).map(review).collect();
        let mut all = found(90, 0.0, 3);
        for one in &mut all {
            let shift = if one.review % 2 == 0 { 0.9 } else { 0.0 };
            one.betas[0] = one.betas[0].map(|beta| beta + shift);
        }
        let contrasts = of(&all, &reviews, "tokens", 1);
        assert_eq!(contrasts, of(&all, &reviews, "tokens", 1), "the same seed, the same intervals");
        let right = contrasts.iter().find(|one| one.about == "rightness").expect("there");
        assert_eq!((right.first.as_str(), right.reviews), ("right", (45, 45)));
        assert!(right.interval.0 > 0.5 && right.interval.1 < 1.3, "{right:?}");
        let length: Vec<&Contrast> =
            contrasts.iter().filter(|one| one.about == "length" && one.quantity == "f").collect();
        assert_eq!(length.len(), 6);
        assert_eq!(length[0].first, "530 to 559 tokens");
        assert_eq!(length[0].second, "500 to 529 tokens");
        assert!(length.iter().all(|one| one.interval.0 < 0.0 && one.interval.1 > 0.0));
        assert!(of(&found(4, 0.2, 1), &reviews[..4], "tokens", 1).is_empty(), "too few");
    }
}
