//! The study's controls: how much of "1/f" is left of each unit trace beside surrogates that keep
//! less of it, over parts of the window sizes, and by the verdict that `noisescope analyze` gives.
//!
//! Place in the flow: traces and their readings in, batch by batch; one [`Control`] per quantity
//! and condition out. Of a trace only betas and the verdict are kept.
//!
//! # Method
//! Each trace is judged by [`Controls`] with intervals. Beside it stand [`AUTOREGRESSIVE`] AR(1)
//! surrogates, a shuffled and a phase-randomised one ([`surrogates`](crate::analysis::surrogates)),
//! measured by the same plan. A beta above all AR(1) surrogates has a one-sided p of 0.05: longer
//! memory than the lag-1 correlation explains. Surrogates are named by quantity, condition and
//! trace, so that they depend neither on batches nor on threads.
//!
//! # How good it is
//! Of 100 traces of 500 samples each: 7 of white noise, 2 of an AR(1) of time constant 5 and 55 of
//! self-similar 1/f noise are above their surrogates (5 by chance); 0, 6 and 82 are called 1/f.
//!
//! # Cost
//! For traces of 500 samples 0.5 ms each on one core, and once per run 1.5 s of one core to
//! calibrate.

use std::iter;
use std::ops::{Deref, Range};

use rayon::prelude::*;

use super::settings::Quantity;
use crate::analysis::controls::{self, Controls, Verdict};
use crate::analysis::dfa::{self, Calibration, DfaPlan, Exponent, Measured, Path};
use crate::analysis::surrogates::{Surrogate, Surrogates};
use crate::error::Result;
use crate::experiments::analyze::CONFIDENCE;
use crate::experiments::exponents::Subject;
use crate::experiments::outcome::{Control, LocalBeta, Spread};
use crate::signal::Traces;

/// What is examined: what the network reads, keeps and gives.
pub(super) const QUANTITIES: [Quantity; 3] = [Quantity::Input, Quantity::Cell, Quantity::Hidden];

/// AR(1) surrogates per trace.
const AUTOREGRESSIVE: usize = 19;

/// The kinds of a trace's surrogates, in the order of their numbers.
fn kinds() -> impl Iterator<Item = Surrogate> {
    let one_each = [Surrogate::Shuffled, Surrogate::PhaseRandomised];
    iter::repeat_n(Surrogate::Autoregressive, AUTOREGRESSIVE).chain(one_each)
}

/// The window size, in samples, that parts small from large ones where it can.
const PARTING: usize = 30;

/// Examines the traces of the first reviews.
pub(super) struct Examiner {
    plan: DfaPlan,
    seed: u64,
    /// Reviews per quantity and condition.
    most: usize,
    parts: Vec<Part>,
    calibration: Calibration,
    controls: Controls,
    surrogates: Surrogates,
    groups: Vec<Group>,
}

/// Some of the sizes: their ends, their places among the plan's, and a plan of their own.
struct Part {
    ends: [usize; 2],
    places: Range<usize>,
    plan: DfaPlan,
}

/// What is gathered of one quantity under one condition.
struct Group {
    /// Names and counts; the spreads are filled in at the end.
    control: Control,
    reviews: usize,
    found: Vec<Examined>,
}

/// What is kept of one trace that has an exponent.
struct Examined {
    beta: f64,
    /// By part of the sizes.
    local: Vec<Option<f64>>,
    /// In the order of [`kinds`].
    surrogates: Vec<Option<f64>>,
    verdict: Verdict,
}

impl Examiner {
    /// Examines at most `most` reviews per quantity and condition, as `plan` measures them.
    ///
    /// # Errors
    /// See [`Controls::new`].
    pub(super) fn new(plan: &DfaPlan, most: usize, seed: u64) -> Result<Self> {
        Ok(Self {
            plan: plan.clone(),
            seed,
            most,
            parts: parts(plan),
            calibration: Calibration::new(plan, CONFIDENCE, seed)?,
            controls: Controls::new(plan, &controls::Settings::default(), seed)?,
            surrogates: Surrogates::new(plan.steps()),
            groups: Vec::new(),
        })
    }

    /// Adds the unit traces of further `reviews` reviews (rows `review * units + unit`), of which
    /// `measured` was found. The traces are looked at only where any of them is examined.
    pub(super) fn add(
        &mut self,
        subject: &Subject,
        reviews: usize,
        measured: &Measured,
        traces: &impl Deref<Target = Traces>,
    ) {
        let place = self.group(subject);
        let taken = reviews.min(self.most - self.groups[place].reviews);
        if taken == 0 {
            return;
        }
        let (rows, traces) = (measured.exponents.len() / reviews * taken, &**traces);
        let control = &self.groups[place].control;
        let before = (place as u64) << 40 | (control.traces + control.undefined) as u64;
        let examine = |row: usize| {
            let (fluctuations, exponent) = (measured.row(row), &measured.exponents[row]);
            self.examine(before + row as u64, traces.row(row), fluctuations, exponent)
        };
        let found: Vec<Option<Examined>> = (0..rows).into_par_iter().map(examine).collect();
        let group = &mut self.groups[place];
        group.reviews += taken;
        group.found.extend(found.into_iter().flatten());
        group.control.undefined += rows - (group.found.len() - group.control.traces);
        group.control.traces = group.found.len();
    }

    /// Sums up.
    pub(super) fn finish(self) -> Vec<Control> {
        let parts = self.parts;
        self.groups.into_iter().map(|group| group.summary(&parts)).collect()
    }

    /// The place of the subject's group.
    fn group(&mut self, subject: &Subject) -> usize {
        let is_it = |group: &Group| {
            let Control { quantity, condition, .. } = &group.control;
            *quantity == subject.quantity && *condition == subject.condition
        };
        self.groups.iter().position(is_it).unwrap_or_else(|| {
            let control = Control {
                quantity: subject.quantity.to_string(),
                condition: subject.condition.to_string(),
                surrogates: AUTOREGRESSIVE,
                ..Control::default()
            };
            self.groups.push(Group { control, reviews: 0, found: Vec::new() });
            self.groups.len() - 1
        })
    }

    /// Examines the trace of this number; nothing where it has no exponent.
    fn examine(
        &self,
        number: u64,
        trace: &[f32],
        fluctuations: &[f64],
        exponent: &Exponent,
    ) -> Option<Examined> {
        let beta = exponent.beta()?;
        let interval = self.calibration.interval(exponent.alpha);
        let judged = self.controls.judge(0, trace, fluctuations, exponent, Some(&interval));
        let local = |part: &Part| dfa::fit(&part.plan, &fluctuations[part.places.clone()]).beta();
        let draw = |(index, kind)| {
            let drawn = self.surrogates.draw(kind, trace, self.seed, number << 8 | index as u64);
            drawn.expect("a trace with an exponent is finite")
        };
        let drawn: Vec<f32> = kinds().enumerate().flat_map(draw).collect();
        let drawn = Traces::new(drawn, trace.len()).expect("surrogates have the trace's length");
        let measured = Path::Cpu.measure(&drawn, &self.plan).expect("the plan's own length");
        Some(Examined {
            beta,
            local: self.parts.iter().map(local).collect(),
            surrogates: measured.exponents.iter().map(Exponent::beta).collect(),
            verdict: judged.verdict,
        })
    }
}

impl Group {
    fn summary(self, parts: &[Part]) -> Control {
        let Self { control, found, .. } = self;
        let spread = |of: &dyn Fn(&Examined) -> Vec<Option<f64>>| {
            Spread::of(&found.iter().flat_map(of).flatten().collect::<Vec<f64>>())
        };
        let of_kind = |wanted: Surrogate| {
            spread(&|trace| {
                let all = kinds().zip(&trace.surrogates);
                all.filter(|(kind, _)| *kind == wanted).map(|(_, beta)| *beta).collect()
            })
        };
        let local = |(at, part): (usize, &Part)| LocalBeta {
            sizes: part.ends,
            beta: spread(&|trace| vec![trace.local[at]]),
        };
        let count = |verdict| found.iter().filter(|trace| trace.verdict == verdict).count();
        Control {
            beta: spread(&|trace| vec![Some(trace.beta)]),
            local: parts.iter().enumerate().map(local).collect(),
            autoregressive: of_kind(Surrogate::Autoregressive),
            above_autoregressive: found.iter().filter(|trace| trace.is_above()).count(),
            shuffled: of_kind(Surrogate::Shuffled),
            phase_randomised: of_kind(Surrogate::PhaseRandomised),
            verdicts: Verdict::ALL.map(|verdict| (verdict, count(verdict))).to_vec(),
            ..control
        }
    }
}

impl Examined {
    /// Whether beta is above that of every AR(1) surrogate.
    fn is_above(&self) -> bool {
        let below = |beta: &Option<f64>| beta.is_some_and(|beta| beta < self.beta);
        self.surrogates[..AUTOREGRESSIVE].iter().all(below)
    }
}

/// The sizes up to [`PARTING`] and from it on, or up to and from their geometric middle where that
/// leaves too few on a side; nothing where this does, too.
fn parts(plan: &DfaPlan) -> Vec<Part> {
    let sizes = plan.sizes();
    let [first, last] = [sizes[0].size, sizes[sizes.len() - 1].size];
    let middle = ((first * last) as f64).sqrt() as usize;
    let parted = |at: usize| {
        let part = |ends: [usize; 2]| {
            let (places, plan) = plan.within(ends[0], ends[1]).ok()?;
            Some(Part { ends, places, plan })
        };
        Some(vec![part([first, at])?, part([at, last])?])
    };
    [PARTING, middle].into_iter().find_map(parted).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{fractional, noise};

    const STEPS: usize = 500;

    /// What is said of traces of `units` per review, handed over `at_once` reviews at a time.
    fn examined(rows: &[Vec<f32>], units: usize, most: usize, at_once: usize) -> Control {
        let plan = DfaPlan::new(STEPS, &dfa::Settings::default()).expect("fits");
        let mut examiner = Examiner::new(&plan, most, 3).expect("a plan for the controls");
        let subject = Subject { quantity: "hidden", condition: "trained".to_owned() };
        for rows in rows.chunks(at_once * units) {
            let traces = Traces::new(rows.concat(), STEPS).expect("whole");
            let measured = Path::Cpu.measure(&traces, &plan).expect("the plan's length");
            examiner.add(&subject, rows.len() / units, &measured, &&traces);
        }
        let mut found = examiner.finish();
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    fn mean(spread: Spread) -> f64 {
        spread.mean.expect("defined")
    }

    /// The share of the traces.
    fn share(control: &Control, count: usize) -> f64 {
        count as f64 / control.traces as f64
    }

    /// What is said of 100 traces of a known noise; what is said of every noise is checked here.
    fn of_noise(noise: impl Fn(u64) -> Vec<f32>) -> Control {
        let rows: Vec<Vec<f32>> = (0..100).map(noise).collect();
        let control = examined(&rows, 4, 25, 25);
        println!("{control:?}");
        assert_eq!((control.traces, control.undefined), (100, 0));
        assert_eq!(control.verdicts.iter().map(|(_, count)| count).sum::<usize>(), 100);
        // One such beta of white noise scatters by 0.12.
        assert!(mean(control.shuffled).abs() < 0.06);
        assert!((mean(control.phase_randomised) - mean(control.beta)).abs() < 0.12);
        assert_eq!(
            control.local.iter().map(|part| part.sizes).collect::<Vec<_>>(),
            [[10, 30], [30, 125]]
        );
        control
    }

    #[test]
    fn white_noise_is_white_and_its_surrogates_are_no_different() {
        let control = of_noise(|index| noise::white(STEPS, 1, index));
        assert!(share(&control, control.judged(Verdict::White)) > 0.85);
        assert!(mean(control.beta).abs() < 0.06 && mean(control.autoregressive).abs() < 0.06);
        // One in twenty; more than 12 of 100 happen once in 700 times.
        assert!(control.above_autoregressive <= 12);
    }

    #[test]
    fn short_memory_has_the_beta_of_its_surrogates_and_a_falling_slope() {
        let phi = (-1.0f64 / 5.0).exp();
        let control = of_noise(|index| noise::autoregressive(STEPS, phi, 1, index));
        assert!(share(&control, control.judged(Verdict::ShortMemory)) > 0.8);
        assert!((mean(control.beta) - 0.86).abs() < 0.06, "as simulated for the report");
        assert!((mean(control.autoregressive) - mean(control.beta)).abs() < 0.06);
        assert!(control.above_autoregressive <= 12);
        assert!(mean(control.local[0].beta) - mean(control.local[1].beta) > 0.3);
    }

    #[test]
    fn one_over_f_noise_exceeds_its_surrogates_with_one_slope() {
        let control = of_noise(|index| fractional::self_similar(STEPS, 1.0, 1, index));
        assert!(share(&control, control.judged(Verdict::OneOverF)) > 0.7);
        assert!((mean(control.beta) - 1.0).abs() < 0.1);
        assert!(mean(control.beta) - mean(control.autoregressive) > 0.2);
        assert!(share(&control, control.above_autoregressive) > 0.4);
        assert!((mean(control.local[0].beta) - mean(control.local[1].beta)).abs() < 0.15);
    }

    #[test]
    fn traces_without_an_exponent_are_counted_and_give_no_number() {
        let none = vec![vec![0.25; STEPS], vec![f32::NAN; STEPS]];
        let control = examined(&none, 2, 1, 1);
        assert_eq!((control.traces, control.undefined), (0, 2));
        let spreads = [control.beta, control.autoregressive, control.shuffled];
        assert_eq!(spreads, [Spread::default(); 3]);
        assert!(control.verdicts.iter().all(|(_, count)| *count == 0));
        let one = [none, vec![noise::white(STEPS, 1, 0)]].concat();
        let control = examined(&one, 3, 1, 1);
        assert_eq!((control.traces, control.undefined), (1, 2));
        assert!(control.beta.mean.is_some() && control.beta.sd.is_none());
        assert!(control.autoregressive.sd.is_some());
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_whatever_the_batches() {
        let mut rows: Vec<Vec<f32>> = (0..24).map(|i| noise::pink(STEPS, 2, i)).collect();
        rows[5] = vec![1.0; STEPS];
        let whole = examined(&rows, 4, 5, 6);
        assert_eq!((whole.traces, whole.undefined), (19, 1), "five reviews of four units");
        assert_eq!(examined(&rows, 4, 5, 6), whole);
        for at_once in [1, 4] {
            let again = examined(&rows, 4, 5, at_once);
            // The surrogates are the same to the bit; the DFA of a trace depends on its neighbours
            // in the last bits.
            let counted = |control: &Control| {
                let Control { traces, undefined, above_autoregressive, .. } = *control;
                (traces, undefined, above_autoregressive, control.verdicts.clone())
            };
            assert_eq!(counted(&again), counted(&whole));
            assert_eq!(
                (again.autoregressive, again.shuffled),
                (whole.autoregressive, whole.shuffled)
            );
            assert!((mean(again.beta) - mean(whole.beta)).abs() < 1e-12);
        }
    }

    #[test]
    fn sizes_are_parted_at_30_or_in_their_middle_or_not_at_all() {
        let ends = |windows: &[usize]| {
            let windows = windows.to_vec();
            let settings = dfa::Settings { windows, ..dfa::Settings::default() };
            let plan = DfaPlan::new(STEPS, &settings).expect("fits");
            parts(&plan).iter().map(|part| part.ends).collect::<Vec<_>>()
        };
        assert_eq!(ends(&[10, 14, 20, 29, 35, 50, 70]), [[10, 30], [30, 70]]);
        assert_eq!(ends(&[4, 5, 6, 7, 9, 11, 13, 16]), [[4, 8], [8, 16]]);
        assert_eq!(ends(&[10, 20, 40, 80]), [[0; 2]; 0]);
    }
}
