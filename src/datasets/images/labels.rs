//! Labels by chance: what a network can only memorise.
//!
//! Place in the flow: floor 2, between [`load`](super::load) and training. Zhang, Bengio, Hardt,
//! Recht and Vinyals, Understanding deep learning requires rethinking generalization (2017).

use rand::RngExt;
use rand::seq::SliceRandom;

use super::CLASSES;
use crate::signal::random;

/// `labels` of which a share `noise`, 0 to 1, is replaced by uniformly random classes, the true one
/// among them: 0 gives the true labels, 1 one fixed random labelling.
///
/// Which labels are replaced, the first of one shuffle, and by what, depends on `seed` and the
/// place of the picture alone: with more noise the same labels are replaced by the same classes,
/// and others besides.
///
/// # Panics
/// `noise` is no share.
pub fn noisy(labels: &[u8], noise: f64, seed: u64) -> Vec<u8> {
    assert!((0.0..=1.0).contains(&noise), "{noise} is no share");
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.shuffle(&mut random::stream(seed, "labels/replaced", 0));
    let mut chance = random::stream(seed, "labels/random", 0);
    let classes: Vec<u8> = labels.iter().map(|_| chance.random_range(0..CLASSES as u8)).collect();
    let mut noisy = labels.to_vec();
    let replaced = (labels.len() as f64 * noise).round() as usize;
    order[..replaced].iter().for_each(|&at| noisy[at] = classes[at]);
    noisy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_nests_and_random_labels_say_nothing() {
        let truth: Vec<u8> = (0..10_000).map(|i| (i % CLASSES) as u8).collect();
        assert_eq!(noisy(&truth, 0.0, 3), truth);
        let all = noisy(&truth, 1.0, 3);
        assert_eq!(all, noisy(&truth, 1.0, 3));
        assert_ne!(all, noisy(&truth, 1.0, 4));
        let same = |labels: &[u8]| labels.iter().zip(&truth).filter(|(a, b)| a == b).count();
        // A tenth of the random labels is right by chance: sd 30 of 10,000.
        assert!(same(&all).abs_diff(1_000) < 150, "{}", same(&all));
        for (noise, right) in [(0.25, 7_750), (0.5, 5_500), (0.75, 3_250)] {
            let some = noisy(&truth, noise, 3);
            assert!(same(&some).abs_diff(right) < 150, "{noise}: {}", same(&some));
            for ((some, truth), all) in some.iter().zip(&truth).zip(&all) {
                assert!(some == truth || some == all);
            }
        }
    }
}
