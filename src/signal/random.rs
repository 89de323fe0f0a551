//! Named random streams: the only source of chance in the project.
//!
//! Every use of chance names its stream (`"corpus/review"`, `"training/dropout"`, ...) and an index
//! (the review, the step). A stream depends on `(seed, name, index)` alone, never on what was drawn
//! before, so a resumed run, another thread count and another device draw the same numbers.
//!
//! The generator is ChaCha8 (Bernstein 2008; `rand_chacha`, whose output is stable across versions
//! and platforms). The 256-bit key is SplitMix64 started at `seed XOR FNV-1a(name)`; the index is
//! ChaCha's own 64-bit stream number.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The random stream of `name` and `index` under `seed`.
pub fn stream(seed: u64, name: &str, index: u64) -> ChaCha8Rng {
    let mut state = seed ^ fingerprint(name.bytes().map(u64::from));
    let mut key = [0u8; 32];
    for word in key.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(index);
    generator
}

/// FNV-1a over numbers instead of bytes: the same on every platform and in every version, for the
/// names of streams, corpora and settings. No protection against a forger.
pub fn fingerprint(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers
        .fold(0xcbf2_9ce4_8422_2325, |hash, number| (hash ^ number).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_repeat_and_differ_by_seed_name_and_index() {
        let draw = |seed, name, index| stream(seed, name, index).random::<u64>();
        assert_eq!(draw(1, "a", 0), draw(1, "a", 0));
        let all = [draw(1, "a", 0), draw(2, "a", 0), draw(1, "b", 0), draw(1, "a", 1)];
        for (i, x) in all.iter().enumerate() {
            assert!(!all[..i].contains(x), "two streams agree");
        }
    }
}
