//! Ensembles: a trained network, many realisations of its noise, all levels and drives at once; and
//! their simulation on the CPU.
//!
//! Place in the flow: floor 3. `Weights --Ensemble::run--> outputs, moments, histograms`, from which
//! `experiments` makes curves of loss against noise and stationary states; `run` is in `door`.
//!
//! Rows are numbered `(level * drives + drive) * realisations + realisation`. A row's draw, the
//! counter of its noise, is `drive * realisations + realisation`: all levels share their draws
//! (common random numbers), so that curves over levels are smooth and differences between levels are
//! found with few realisations. Both paths draw the same numbers and add in the same order, so
//! results agree to rounding for short runs; a network that is chaotic, or a ReLU at its kink,
//! parts them in the long run, and they agree in distribution.

use rayon::prelude::*;

use super::advance::{Call, Kept, Row, advance};
use super::bins::Bins;
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::signal::philox::{Philox, STEPS_PER_BLOCK};

/// Rows that one thread of the host steps at a time. Fixed, so that nothing depends on the number
/// of threads.
const PIECE_ROWS: usize = 64;

/// States of a piece that are held at a time: 4 MiB.
const PIECE_STATES: usize = 1 << 20;

/// Pieces whose statistics are held at a time.
const WAVE: usize = 64;

/// The most rows, and values per mean: both are counted in 32 bits on a device.
const MOST: u64 = 1 << 31;

/// A network under noise: what to simulate. h is zero before the first step.
#[derive(Clone, Copy, Debug)]
pub struct Ensemble<'a> {
    /// The network.
    pub weights: &'a Weights,
    /// u of every drive, `[drives, steps, I]`; empty where a network has no input, which is one
    /// drive.
    pub drives: &'a [f32],
    /// Steps.
    pub steps: usize,
    /// Noise levels s: standard deviations of the noise per unit and step.
    pub levels: &'a [f32],
    /// Realisations of the noise per level and drive.
    pub realisations: usize,
    /// The stream of noise.
    pub noise: Philox,
    /// The last of the noise's counters: another index, other noise.
    pub index: u32,
    /// The first step whose outputs are kept; `steps` keeps none.
    pub outputs_from: usize,
    /// Statistics of the states, where they are wanted.
    pub sampled: Option<Sampling>,
}

/// When states are sampled, and how finely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Steps that are left out first.
    pub burn_in: usize,
    /// Steps from one sample to the next, and from the end of the burn-in to the first. On a device
    /// a dispatch ends at each sample: multiples of 4 spare noise that is drawn again.
    pub every: usize,
    /// Histograms, where they are wanted.
    pub bins: Option<Bins>,
}

impl Sampling {
    /// Whether the states after `done` steps are sampled.
    pub(super) fn takes(&self, done: usize) -> bool {
        done > self.burn_in && (done - self.burn_in).is_multiple_of(self.every)
    }

    /// The steps that are done at the first sample after `done` steps.
    pub(super) fn next(&self, done: usize) -> usize {
        let past = done.saturating_sub(self.burn_in);
        self.burn_in + (past / self.every + 1) * self.every
    }

    /// Samples within `steps` steps.
    fn count(&self, steps: usize) -> usize {
        steps.saturating_sub(self.burn_in) / self.every
    }
}

/// What an ensemble did.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    /// z, `[levels, drives, realisations, steps - outputs_from, O]`.
    pub outputs: Vec<f32>,
    /// h over realisations and samples, `[levels, drives, N]`; empty where nothing was sampled.
    pub moments: Vec<Moments>,
    /// Counts of h, `[levels, drives, N, bins + 2]`: below, the bins, above; empty without bins.
    pub histograms: Vec<u32>,
    /// What it took.
    pub seconds: f64,
    /// Where it ran, in words.
    pub path: String,
}

/// Mean and variance of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many; those of one realisation are no independent draws.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The sum of squared distances from it, over count - 1; 0 of one value.
    pub variance: f64,
}

impl Moments {
    /// Of the sum of squared distances from the mean.
    pub(super) fn of(count: u64, mean: f64, second: f64) -> Self {
        Self { count, mean, variance: second / count.saturating_sub(1).max(1) as f64 }
    }
}

impl Ensemble<'_> {
    /// How many drives there are.
    pub(super) fn drive_count(&self) -> usize {
        match self.weights.inputs {
            0 => 1,
            inputs => self.drives.len() / (self.steps * inputs),
        }
    }

    /// Rows.
    pub(super) fn rows(&self) -> usize {
        self.levels.len() * self.drive_count() * self.realisations
    }

    /// Pairs of a level and a drive, over which moments go.
    pub(super) fn groups(&self) -> usize {
        self.levels.len() * self.drive_count()
    }

    /// Outputs kept of a row.
    pub(super) fn kept(&self) -> usize {
        (self.steps - self.outputs_from) * self.weights.outputs
    }

    /// The row of this number.
    pub(super) fn row(&self, number: usize) -> Row {
        let draws = self.drive_count() * self.realisations;
        Row {
            drive: (number % draws / self.realisations) as u32,
            draw: (number % draws) as u32,
            level: self.levels[number / draws],
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        self.weights.check();
        self.weights.dynamics.check()?;
        let wrong = |what: String, place: &str, remedy: &str| {
            Err(Error::new(what).at(format!("ensemble, {place}")).remedy(remedy))
        };
        let Weights { bias, input, recurrent, readout, readout_bias, .. } = self.weights;
        let mut all = [bias, input, recurrent, readout, readout_bias].into_iter().flatten();
        if !all.all(|weight| weight.is_finite()) {
            let what = "expected finite weights, found one that is not";
            return wrong(what.into(), "weights", "train the network with a smaller rate or clip");
        }
        if self.weights.units == 0 {
            return wrong("expected units, found none".into(), "weights", "give it a unit");
        }
        if self.steps == 0 {
            return wrong("expected steps, found none".into(), "steps", "simulate one or more");
        }
        if self.realisations == 0 {
            let what = "expected realisations of the noise, found none";
            return wrong(what.into(), "realisations", "draw one or more; 1000 is usual");
        }
        if self.levels.is_empty() {
            return wrong("expected noise levels, found none".into(), "levels", "name one or more");
        }
        if let Some(level) = self.levels.iter().find(|level| !(**level >= 0.0 && level.is_finite()))
        {
            let what = format!("expected noise levels of 0 or more, found {level}");
            return wrong(what, "levels", "a level is a standard deviation");
        }
        let per_drive = self.steps * self.weights.inputs;
        let fits = match per_drive {
            0 => self.drives.is_empty(),
            length => !self.drives.is_empty() && self.drives.len().is_multiple_of(length),
        };
        if !fits {
            let what = format!(
                "expected drives of {} steps of {} inputs, found {} numbers",
                self.steps,
                self.weights.inputs,
                self.drives.len()
            );
            return wrong(what, "drives", "hand over one or more drives, each of every step");
        }
        if self.outputs_from > self.steps {
            let what = format!(
                "expected a first step to keep of at most {}, found {}",
                self.steps, self.outputs_from
            );
            return wrong(what, "outputs_from", "the number of steps keeps no outputs");
        }
        if self.rows() as u64 >= MOST {
            let what = format!("expected fewer than 2^31 rows, found {}", self.rows());
            return wrong(what, "realisations", "simulate fewer levels, drives or realisations");
        }
        self.check_sampling()
    }

    fn check_sampling(&self) -> Result<()> {
        let Some(sampling) = self.sampled else { return Ok(()) };
        let Sampling { burn_in, every, bins } = sampling;
        let wrong = |what: String, remedy: &str| {
            Err(Error::new(what).at("ensemble, sampled").remedy(remedy))
        };
        if every == 0 || sampling.count(self.steps) == 0 {
            let what = format!(
                "expected a sample within {} steps, found a burn-in of {burn_in} and one every \
                 {every} behind it",
                self.steps
            );
            return wrong(what, "simulate more steps, or shorten the burn-in");
        }
        let samples = sampling.count(self.steps);
        if (samples * self.realisations) as u64 >= MOST {
            let what = format!(
                "expected fewer than 2^31 values per mean, found {samples} samples of {} \
                 realisations",
                self.realisations
            );
            return wrong(what, "sample less often");
        }
        match bins {
            Some(Bins { count, low, high })
                if count == 0 || !(low < high && (high - low).is_finite()) =>
            {
                let what = format!(
                    "expected bins between two numbers, found {count} from {low} to {high}"
                );
                wrong(what, "name one bin or more, from a smaller to a larger number")
            }
            _ => Ok(()),
        }
    }

    /// On all cores of the CPU.
    pub(super) fn on_cpu(&self) -> Simulated {
        let stretches = self.stretches();
        let width = self.kept();
        let mut outputs = vec![0.0; self.rows() * width];
        let mut rest = outputs.as_mut_slice();
        let mut pieces: Vec<_> = (0..self.rows())
            .step_by(PIECE_ROWS)
            .map(|first| {
                let count = PIECE_ROWS.min(self.rows() - first);
                let (own, others) = std::mem::take(&mut rest).split_at_mut(count * width);
                rest = others;
                (first, count, own)
            })
            .collect();
        let mut all = vec![Statistics::default(); self.groups()];
        while !pieces.is_empty() {
            let wave: Vec<_> = pieces.drain(..WAVE.min(pieces.len())).collect();
            let found: Vec<_> = wave
                .into_par_iter()
                .map(|(first, count, outputs)| self.piece(&stretches, first, count, outputs))
                .collect();
            for (group, part) in found.into_iter().flatten() {
                all[group].merge(part);
            }
        }
        let moments = all.iter().flat_map(Statistics::moments).collect();
        let histograms = all.into_iter().flat_map(|statistics| statistics.bins).collect();
        let path = "all cores of the CPU".to_owned();
        Simulated { outputs, moments, histograms, seconds: 0.0, path }
    }

    /// Steps `count` rows from `first` on through all steps; gives the statistics of the groups that
    /// they belong to.
    fn piece(
        &self,
        stretches: &[Stretch],
        first: usize,
        count: usize,
        outputs: &mut [f32],
    ) -> Vec<(usize, Statistics)> {
        let Weights { units, outputs: wide, .. } = *self.weights;
        let rows: Vec<Row> = (first..first + count).map(|number| self.row(number)).collect();
        let groups = first / self.realisations..=(first + count - 1) / self.realisations;
        let mut found: Vec<_> = match self.sampled {
            Some(_) => groups.map(|group| (group, Statistics::default())).collect(),
            None => Vec::new(),
        };
        let mut state = vec![0.0; count * units];
        let (mut z, mut hidden) = (Vec::new(), Vec::new());
        for Stretch { begin, steps, drive } in stretches {
            let kept = *begin >= self.outputs_from && self.kept() > 0;
            let sampled = self.sampled.filter(|sampled| *begin >= sampled.burn_in);
            z.resize(if kept { count * steps * wide } else { 0 }, 0.0);
            hidden.resize(if sampled.is_some() { count * steps * units } else { 0 }, 0.0);
            let call = Call {
                rows: &rows,
                drive,
                first: *begin,
                steps: *steps,
                noise: self.noise,
                index: self.index,
            };
            let keep = Kept {
                outputs: kept.then_some(&mut z[..]),
                hidden: sampled.is_some().then_some(&mut hidden[..]),
                active: None,
            };
            advance(self.weights, &call, &mut state, keep);
            if kept {
                let place = (begin - self.outputs_from) * wide;
                let rows = outputs.chunks_exact_mut(self.kept()).zip(z.chunks_exact(steps * wide));
                rows.for_each(|(outputs, z)| outputs[place..][..z.len()].copy_from_slice(z));
            }
            let Some(sampling) = sampled else { continue };
            for (row, hidden) in hidden.chunks_exact(steps * units).enumerate() {
                let group = (first + row) / self.realisations - first / self.realisations;
                for (step, h) in hidden.chunks_exact(units).enumerate() {
                    if sampling.takes(begin + step + 1) {
                        found[group].1.add(h, sampling.bins);
                    }
                }
            }
        }
        found.iter_mut().for_each(|(_, statistics)| statistics.settle());
        found
    }

    /// The steps in stretches of bounded memory, with what drives them; the kept outputs and the
    /// sampled states begin with one.
    fn stretches(&self) -> Vec<Stretch> {
        let most = PIECE_STATES / (PIECE_ROWS * self.weights.units);
        let most = (most / STEPS_PER_BLOCK * STEPS_PER_BLOCK).max(STEPS_PER_BLOCK);
        let cuts = [Some(self.outputs_from), self.sampled.map(|sampled| sampled.burn_in)];
        let mut found = Vec::new();
        let mut begin = 0;
        while begin < self.steps {
            let cut = cuts.iter().flatten().copied().filter(|cut| *cut > begin).min();
            let end = (begin + most).min(self.steps).min(cut.unwrap_or(self.steps));
            let inputs = self.weights.inputs;
            let drive = match inputs {
                0 => Vec::new(),
                _ => self
                    .drives
                    .chunks_exact(self.steps * inputs)
                    .flat_map(|drive| &drive[begin * inputs..end * inputs])
                    .copied()
                    .collect(),
            };
            found.push(Stretch { begin, steps: end - begin, drive });
            begin = end;
        }
        found
    }
}

/// Some steps, with u of every drive, `[drives, steps, I]`.
struct Stretch {
    begin: usize,
    steps: usize,
    drive: Vec<f32>,
}

/// The states of a group, in f64. While values are added they are taken from the first of them, so
/// that squares of a mean cost no digits.
#[derive(Clone, Default)]
struct Statistics {
    count: u64,
    /// The first value of each unit, then the mean.
    mean: Vec<f64>,
    /// Sum of the distances from the first value.
    sum: Vec<f64>,
    /// Sum of their squares, then of those from the mean.
    second: Vec<f64>,
    /// `[N, bins + 2]`.
    bins: Vec<u32>,
}

impl Statistics {
    fn add(&mut self, h: &[f32], bins: Option<Bins>) {
        if self.count == 0 {
            self.mean = h.iter().map(|h| f64::from(*h)).collect();
            self.sum = vec![0.0; h.len()];
            self.second = vec![0.0; h.len()];
            self.bins = bins.map_or_else(Vec::new, |bins| vec![0; h.len() * (bins.count + 2)]);
        }
        self.count += 1;
        let sums = self.sum.iter_mut().zip(&mut self.second);
        for ((h, first), (sum, second)) in h.iter().zip(&self.mean).zip(sums) {
            let apart = f64::from(*h) - first;
            *sum += apart;
            *second += apart * apart;
        }
        if let Some(bins) = bins {
            for (h, counts) in h.iter().zip(self.bins.chunks_exact_mut(bins.count + 2)) {
                counts[bins.place(*h)] += 1;
            }
        }
    }

    /// From sums about the first values to means and sums about these.
    fn settle(&mut self) {
        let count = self.count.max(1) as f64;
        for ((mean, sum), second) in self.mean.iter_mut().zip(&self.sum).zip(&mut self.second) {
            *mean += sum / count;
            *second = (*second - sum * sum / count).max(0.0);
        }
    }

    /// Adds what another piece found (Chan, Golub & LeVeque 1983).
    fn merge(&mut self, other: Self) {
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                *self = other;
            }
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        for unit in 0..self.mean.len() {
            let apart = other.mean[unit] - self.mean[unit];
            self.mean[unit] += apart * b / (a + b);
            self.second[unit] += other.second[unit] + apart * apart * a * b / (a + b);
        }
        self.bins.iter_mut().zip(other.bins).for_each(|(count, more)| *count += more);
        self.count += other.count;
    }

    fn moments(&self) -> impl Iterator<Item = Moments> {
        let both = self.mean.iter().zip(&self.second);
        both.map(|(mean, second)| Moments::of(self.count, *mean, *second))
    }
}
