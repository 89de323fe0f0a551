//! The spikes of one unit, kept step by step.
//!
//! Place in the flow: filled batch by batch while pictures are shown, for the few units whose
//! histograms and intervals are looked at; [`super::Fits`] and [`super::correlation()`] read it.

/// Spikes of one unit, a bit per step: bit `i % 64` of word `i / 64` says whether it spikes at
/// step `i`. Bits behind the last step are 0. Made of booleans in order, all at once (`collect`) or
/// batch by batch (`extend`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Train {
    words: Vec<u64>,
    steps: usize,
}

impl Train {
    /// Steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The steps at which the unit spikes, in order.
    pub fn spikes(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let some = |word: u64| (word != 0).then_some(word);
            let left = std::iter::successors(some(word), move |word| some(word & (word - 1)));
            left.map(move |word| at * u64::BITS as usize + word.trailing_zeros() as usize)
        })
    }

    /// Spikes in each whole window of `window` steps, side by side from the first step.
    ///
    /// # Panics
    /// The window is empty.
    pub fn counts(&self, window: usize) -> Vec<usize> {
        let mut counts = vec![0; self.steps / window];
        let whole = counts.len() * window;
        self.spikes().take_while(|&step| step < whole).for_each(|step| counts[step / window] += 1);
        counts
    }
}

impl Extend<bool> for Train {
    fn extend<T: IntoIterator<Item = bool>>(&mut self, spikes: T) {
        for spike in spikes {
            let bit = self.steps % u64::BITS as usize;
            if bit == 0 {
                self.words.push(0);
            }
            let last = self.words.last_mut().expect("a word was just pushed");
            *last |= u64::from(spike) << bit;
            self.steps += 1;
        }
    }
}

impl FromIterator<bool> for Train {
    fn from_iter<T: IntoIterator<Item = bool>>(spikes: T) -> Self {
        let mut train = Self::default();
        train.extend(spikes);
        train
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_come_back_however_the_steps_were_cut() {
        let spikes = |step: usize| step.is_multiple_of(7) || step == 63 || step == 64;
        let whole: Train = (0..200).map(spikes).collect();
        let mut cut = Train::default();
        for batch in [0..1, 1..64, 64..64, 64..130, 130..200] {
            cut.extend(batch.map(spikes));
        }
        assert_eq!(cut, whole);
        assert_eq!(whole.steps(), 200);
        let found: Vec<usize> = whole.spikes().collect();
        assert_eq!(found, (0..200).filter(|&step| spikes(step)).collect::<Vec<_>>());
        // Steps 150 to 199 fill no window of 75.
        assert_eq!(whole.counts(75), [11 + 1, 11]);
        assert!(whole.counts(201).is_empty());
        assert_eq!(Train::default().spikes().count(), 0);
    }
}
