//! Known answers: SciPy's p values, coins, clumps, pairs that spike together, units that never
//! vary.

use rand::RngExt;
use statrs::distribution::ContinuousCDF;

use super::*;
use crate::analysis::spikes::{self, Counts};
use crate::signal::{SpikeTrains, random};

const WINDOW: usize = 100;

fn near(found: Option<f64>, expected: f64) {
    let found = found.expect("defined");
    assert!((found - expected).abs() <= 1e-9 * expected, "{found} where {expected} is expected");
}

/// `summary` of trains that are all kept.
fn of(trains: &[Train]) -> PoissonSummary {
    let steps = trains[0].steps();
    let mut counts = vec![0; trains.len() * steps];
    for (row, train) in trains.iter().enumerate() {
        train.spikes().for_each(|step| counts[row * steps + step] = 1);
    }
    let whole = SpikeTrains::new(counts, steps).expect("whole trains");
    summary(&spikes::measure(&whole, &[WINDOW]).expect("they fit"), trains, WINDOW, 7)
}

/// `units` trains of `steps` steps; a unit's state goes from step to step.
fn trains<S: Default>(
    units: u64,
    steps: usize,
    mut spike: impl FnMut(&mut S, &mut dyn FnMut(f64) -> bool) -> bool,
) -> Vec<Train> {
    let train = |unit| {
        let mut stream = random::stream(3, "test/poisson", unit);
        let mut state = S::default();
        (0..steps).map(|_| spike(&mut state, &mut |p| stream.random_bool(p))).collect()
    };
    (0..units).map(train).collect()
}

fn coins(units: u64, steps: usize, p: f64) -> Vec<Train> {
    trains(units, steps, |(), coin| coin(p))
}

/// Asserts that about the level, and by false-discovery control nothing, is rejected.
fn accepted(found: Rejected, tested: usize) {
    assert_eq!(found.tested, tested);
    let share = found.share.expect("tested");
    assert!((0.02..=0.09).contains(&share), "{found:?}");
    assert!(found.discovered.expect("tested") <= 0.01, "{found:?}");
}

fn rejected(found: Rejected, tested: usize) {
    assert_eq!(found.tested, tested);
    assert!(found.discovered.expect("tested") > 0.95, "{found:?}");
}

/// SciPy 1.17.1, `stats.chi2.cdf` and `sf`.
#[test]
fn tails_of_chi_squared_are_scipys() {
    for (freedom, at, below, above) in [
        (1.0, 3.841, 0.9499863162360432, 0.0500136837639568),
        (59.0, 40.0, 0.02746836644629136, 0.9725316335537086),
        (599.0, 500.0, 0.001282805417828957, 0.998717194582171),
        (599.0, 650.0, 0.9268526414053184, 0.07314735859468163),
        (59_999.0, 60_500.0, 0.9256574597224073, 0.07434254027759266),
    ] {
        near(Some(chi_squared(freedom).cdf(at)), below);
        near(Some(chi_squared(freedom).sf(at)), above);
    }
}

/// With 4 degrees of freedom the upper tail is `exp(-x/2) (1 + x/2)`.
#[test]
fn dispersion_worked_out_by_hand() {
    // Mean 2, squares 10: D = 5; with p = 0.2 against binomial 6.25.
    let counts: Counts = [1, 3, 2, 0, 4].into_iter().collect();
    let found = Dispersion::of(&counts, 10);
    near(found.poisson, 2.0 * 3.5 * (-2.5f64).exp());
    near(found.binomial, 2.0 * 4.125 * (-3.125f64).exp());
    // Counts that do not vary at all vary too little.
    let even: Counts = [2; 50].into_iter().collect();
    assert_eq!(Dispersion::of(&even, 10), Dispersion { poisson: Some(0.0), binomial: Some(0.0) });
}

#[test]
fn what_cannot_be_tested_has_no_p_value() {
    let none = Dispersion::default();
    for counts in [&[][..], &[5], &[0, 0, 0], &[10, 10, 10], &[1, 0, 0, 0]] {
        assert_eq!(Dispersion::of(&counts.iter().copied().collect(), 10), none, "{counts:?}");
    }
    // Almost always on: too few steps without a spike for the binomial, far from Poisson.
    let counts: Counts = [10, 9, 10, 10].into_iter().collect();
    let found = Dispersion::of(&counts, 10);
    assert!(found.binomial.is_none() && found.poisson.is_some_and(|p| p < 0.05), "{found:?}");
}

/// 4,000 steps of a linear congruential generator; SciPy 1.17.1: `stats.chi2` and, with cells
/// pooled by the same rule, `stats.chisquare(seen, expected, ddof=1)`.
#[test]
fn p_values_of_a_train_are_scipys() {
    let mut state = 12_345u64;
    let train: Train = std::iter::repeat_with(|| {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        (state as f64) < 0.3 * f64::from(1u32 << 31)
    })
    .take(4000)
    .collect();
    let counts: Counts = train.counts(20).into_iter().map(|count| count as u64).collect();
    assert_eq!((counts.windows, counts.spikes), (200, 1171));
    let dispersion = Dispersion::of(&counts, 20);
    near(dispersion.poisson, 7.548002445708511e-05);
    near(dispersion.binomial, 0.4365076263435881);
    let fits = Fits::of(&train, 20);
    near(fits.poisson, 0.007200177136996015);
    near(fits.binomial, 0.4077702369587753);
    near(fits.exponential, 0.000694866032149051);
    near(fits.geometric, 0.6006390899519289);
}

#[test]
fn a_coin_per_step_is_binomial_and_no_poisson_process() {
    let found = of(&coins(300, 20_000, 0.5));
    assert_eq!((found.units, found.constant, found.kept), (300, 0, 300));
    for model in [found.binomial_dispersion, found.binomial_fit, found.geometric_intervals] {
        accepted(model, 300);
    }
    for model in [found.poisson_dispersion, found.poisson_fit, found.exponential_intervals] {
        rejected(model, 300);
    }
}

#[test]
fn a_rare_coin_is_a_poisson_process_too() {
    let found = of(&coins(300, 20_000, 0.02));
    for model in [
        found.poisson_dispersion,
        found.binomial_dispersion,
        found.poisson_fit,
        found.binomial_fit,
        found.exponential_intervals,
        found.geometric_intervals,
    ] {
        accepted(model, 300);
    }
}

#[test]
fn clumps_are_neither() {
    // A spike follows a spike nine times in ten.
    let clumped = trains(50, 20_000, |on: &mut bool, coin| {
        *on = coin(if *on { 0.9 } else { 0.01 });
        *on
    });
    let found = of(&clumped);
    for model in [
        found.poisson_dispersion,
        found.binomial_dispersion,
        found.poisson_fit,
        found.binomial_fit,
        found.exponential_intervals,
        found.geometric_intervals,
    ] {
        rejected(model, 50);
    }
}

#[test]
fn units_that_spike_together_are_found() {
    let apart = of(&coins(60, 20_000, 0.25)).correlation;
    assert_eq!(apart.pairs, correlation::MOST_PAIRS);
    let expected = apart.independent_sd.expect("pairs");
    assert!((expected - 199.0f64.powf(-0.5)).abs() < 1e-15, "{expected}");
    let [mean, sd] = [apart.mean, apart.sd].map(|value| value.expect("pairs"));
    assert!(mean.abs() < 0.01 && (sd / expected - 1.0).abs() < 0.1, "{apart:?}");
    // Every second spike of one source reaches a unit: correlation 1/3.
    let source = &coins(1, 20_000, 0.5)[0];
    let driven = |unit| {
        let mut stream = random::stream(3, "test/driven", unit);
        let mut train = vec![false; source.steps()];
        source.spikes().for_each(|step| train[step] = stream.random_bool(0.5));
        train.into_iter().collect()
    };
    let driven: Vec<Train> = (0..30).map(driven).collect();
    let together = of(&driven).correlation;
    assert_eq!(together.pairs, 30 * 29 / 2);
    assert!((together.mean.expect("pairs") - 1.0 / 3.0).abs() < 0.1, "{together:?}");
    assert_eq!(correlation(&driven, WINDOW, 7), together, "the same pairs again");
}

#[test]
fn dead_and_always_on_units_are_counted_out() {
    let flat = |spike| std::iter::repeat_n(spike, 20_050).collect::<Train>();
    let late: Train = (0..20_050).map(|step| step >= 20_000).collect();
    let mut all = vec![flat(false), flat(true), late];
    let found = of(&all);
    assert_eq!((found.units, found.constant, found.kept), (3, 3, 3));
    let nothing = Rejected::default();
    assert_eq!([found.poisson_dispersion, found.binomial_dispersion], [nothing; 2]);
    assert_eq!([found.poisson_fit, found.binomial_fit], [nothing; 2]);
    assert_eq!([found.exponential_intervals, found.geometric_intervals], [nothing; 2]);
    assert_eq!(found.correlation, Correlation::default());
    let text = serde_json::to_string(&found).expect("data");
    assert_eq!(serde_json::from_str::<PoissonSummary>(&text).expect("read back"), found);
    all.extend(coins(20, 20_050, 0.5));
    let found = of(&all);
    assert_eq!((found.units, found.constant), (23, 3));
    assert_eq!([found.binomial_dispersion, found.binomial_fit].map(|test| test.tested), [20; 2]);
    assert_eq!(found.correlation.pairs, 190);
    assert_eq!(summary(&[], &[], WINDOW, 7), PoissonSummary::default());
}
