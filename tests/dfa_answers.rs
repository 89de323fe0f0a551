//! The DFA without a device: exact answers prove the oracle, references confirm it, and the oracle
//! proves the twins and the fast path.
//!
//! Place in the flow: rung 2 of the rungs of trust; `tests/stages.rs` leans on it.

mod common;

use common::{
    CONSTANT_ROW, Case, Reference, TREND_ROW, Tolerance, assert_close, by_twin, difference,
    in_tiles, largest, tolerances, twins, widen,
};
use noisescope::analysis::dfa::block::TILE;
use noisescope::analysis::dfa::oracle::Polynomials;
use noisescope::analysis::dfa::{self, Convention, DfaPlan, Settings, Status, fast, oracle};
use noisescope::signal::{Traces, noise};

fn plan(steps: usize, windows: Vec<usize>, convention: Convention) -> DfaPlan {
    plan_of(steps, windows, Case { convention, order: 1 })
}

fn plan_of(steps: usize, windows: Vec<usize>, case: Case) -> DfaPlan {
    let Case { convention, order } = case;
    DfaPlan::new(steps, &Settings { windows, order, convention }).expect("the windows fit")
}

/// `F` of every row by the oracle, rows × sizes.
fn oracle_of(traces: &Traces, plan: &DfaPlan) -> Vec<f64> {
    (0..traces.rows()).flat_map(|row| oracle::fluctuations(traces.row(row), plan)).collect()
}

/// About 20 sizes from 8 to a quarter of the trace.
fn logarithmic(steps: usize) -> Vec<usize> {
    let ratio = (steps as f64 / 4.0 / 8.0).ln() / 19.0;
    let mut windows: Vec<usize> =
        (0..20).map(|i| (8.0 * (ratio * f64::from(i)).exp()).round() as usize).collect();
    windows.dedup();
    windows
}

// ---- exact answers ----

#[test]
fn a_polynomial_has_no_residual_at_its_order_and_one_below() {
    // Samples that are constant inside a window are a straight profile; a trend is a parabola.
    for degree in 0..=3 {
        let at = |i: i32| 7.0 - 0.125 * (f64::from(i) / 10.0 - 2.0).powi(degree);
        let curve: Vec<f64> = (0..50).map(at).collect();
        for order in 1..=3 {
            let residual = Polynomials::new(50, order).residual(&curve);
            assert_eq!(residual < 1e-24, order >= degree as usize, "{degree} {order} {residual}");
        }
    }
}

#[test]
fn a_window_worked_out_by_hand() {
    // 1, 3, 2, 4 has mean 2.5 and slope (−1.5·1 − 0.5·3 + 0.5·2 + 1.5·4)/5 = 0.8: the line 1.3,
    // 2.1, 2.9, 3.7 leaves −0.3, 0.9, −0.9, 0.3, whose squares add up to 1.8.
    let residual = |order| Polynomials::new(4, order).residual(&[1.0, 3.0, 2.0, 4.0]);
    assert!((residual(1) - 1.8).abs() < 1e-14);
    // The parabola 1, −1, −1, 1 (norm 4) has no part in them; the cubic −1, 3, −3, 1 (norm 20) has
    // −1 + 9 − 6 + 4 = 6, so that 36/20 is all that was left.
    assert!((residual(2) - 1.8).abs() < 1e-14);
    assert!(residual(3) < 1e-28);
}

#[test]
fn a_linear_trend_has_its_closed_form() {
    // x_i = b·i gives a parabola; F = b·sqrt((n² − 1)(n² − 4)/720) at every n.
    let b = 1.0 / 64.0;
    let steps = 4096;
    let trend: Vec<f32> = (0..steps).map(|i| (i as f32 - 2048.0) / 64.0).collect();
    let plan = plan(steps, logarithmic(steps), Convention::HalfOverlap);
    let expected: Vec<f64> = plan
        .sizes()
        .iter()
        .map(|s| (s.size * s.size) as f64)
        .map(|n2| b * ((n2 - 1.0) * (n2 - 4.0) / 720.0).sqrt())
        .collect();
    let traces = Traces::new(trend, steps).expect("one trace");
    assert_close("oracle", &oracle_of(&traces, &plan), &expected, &tolerances::ORACLE);
    assert_close("fast", &fast::fluctuations(&traces, &plan), &expected, &tolerances::FAST);
    let chain = twins(&traces, &plan);
    assert_close("twins", &widen(&chain.fluctuations), &expected, &tolerances::SINGLE);
}

#[test]
fn a_constant_is_exactly_zero_and_has_no_exponent() {
    for value in [3.7f32, 0.0, -1e30, 1e-30] {
        for steps in [64, 503, 4096] {
            let plan = plan(steps, vec![8, 11, 16], Convention::HalfOverlap);
            let traces = Traces::new(vec![value; 2 * steps], steps).expect("two traces");
            assert_eq!(oracle_of(&traces, &plan), [0.0; 6]);
            let measured = dfa::Path::Cpu.measure(&traces, &plan).expect("measured");
            assert_eq!(measured.fluctuations, [0.0; 6]);
            assert!(measured.exponents.iter().all(|e| e.status == Status::Constant));
            assert!(measured.exponents.iter().all(|e| e.alpha.is_nan() && e.beta().is_none()));
            let chain = twins(&traces, &plan);
            assert_eq!(chain.fluctuations, [0.0; 6]);
            assert!(chain.exponents.iter().all(|e| e.status == dfa::params::CONSTANT));
        }
    }
}

#[test]
fn what_varies_only_outside_the_windows_has_no_exponent() {
    // 65 samples in windows of 8, 16, 32: the last sample is in none of them.
    let mut samples = vec![0.3f32; 65];
    samples[64] = 5.0;
    let plan = plan(65, vec![8, 16, 32], Convention::Forward);
    let traces = Traces::new(samples, 65).expect("one trace");
    let measured = dfa::Path::Cpu.measure(&traces, &plan).expect("measured");
    assert_eq!(measured.exponents[0].status, Status::NoFluctuation);
    assert_eq!(twins(&traces, &plan).exponents[0].status, dfa::params::UNRESOLVED);
}

#[test]
fn nothing_comes_of_nan_and_infinity() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut samples = noise::white(128 * 9, 5, 0);
        samples[128 * 4 + 127] = bad;
        let traces = Traces::new(samples, 128).expect("nine traces");
        let plan = plan(128, vec![8, 16, 32], Convention::HalfOverlap);
        let measured = dfa::Path::Cpu.measure(&traces, &plan).expect("measured");
        let chain = twins(&traces, &plan);
        for row in 0..9 {
            let expected = if row == 4 { Status::NonFinite } else { Status::Defined };
            assert_eq!(measured.exponents[row].status, expected, "row {row}");
            assert_eq!(measured.row(row).iter().all(|f| f.is_nan()), row == 4);
            assert_eq!(chain.marks[row].status == dfa::params::NON_FINITE, row == 4);
        }
    }
}

#[test]
fn the_unit_of_the_trace_only_scales_the_fluctuations() {
    let samples = noise::pink(512, 1, 0);
    let plan = plan(512, vec![8, 16, 31, 64, 128], Convention::HalfOverlap);
    let once = twins(&Traces::new(samples.clone(), 512).expect("one"), &plan);
    for power in [-100, -40, 40, 90] {
        let factor = 2f32.powi(power);
        let scaled = samples.iter().map(|x| x * factor).collect();
        let chain = twins(&Traces::new(scaled, 512).expect("one"), &plan);
        let expected: Vec<f32> = once.fluctuations.iter().map(|f| f * factor).collect();
        assert_eq!(chain.fluctuations, expected);
        assert!((chain.exponents[0].alpha - once.exponents[0].alpha).abs() < 1e-6);
    }
}

// ---- references ----

#[test]
fn the_references_confirm_the_oracle() {
    for reference in Reference::all() {
        for case in Case::all() {
            let plan = reference.plan(case);
            let expected = reference.fluctuations(case);
            let mut found = oracle_of(&reference.traces, &plan);
            let what = format!("oracle, {} {case:?}", reference.name);
            if case.order > 1 {
                // The pure trend: exactly 0, of which rounding of a profile of 3e4 leaves this.
                let trend = &mut found[TREND_ROW * plan.sizes().len()..][..plan.sizes().len()];
                assert!(trend.iter().all(|f| *f < 1e-9), "{what}: {trend:?}");
                trend.fill(0.0);
            }
            assert_close(&what, &found, &expected, &tolerances::ORACLE);
            println!("{what}: F {:.1e}", largest(&found, &expected));
        }
    }
}

#[test]
fn the_fast_path_and_the_twins_give_the_references() {
    for reference in Reference::all() {
        for case in Case::all() {
            let plan = reference.plan(case);
            let expected = reference.fluctuations(case);
            let name = format!("{} {case:?}", reference.name);
            // Row by row, as lone traces, and all together.
            let fast = fast::fluctuations(&reference.traces, &plan);
            assert_close(&format!("fast, {name}"), &fast, &expected, &tolerances::FAST);
            for (row, expected) in expected.chunks_exact(plan.sizes().len()).enumerate() {
                let lone = Traces::new(reference.traces.row(row).to_vec(), plan.steps());
                let lone = fast::fluctuations(&lone.expect("one"), &plan);
                let what = format!("fast, alone, {name}, row {row}");
                assert_close(&what, &lone, expected, &tolerances::FAST);
            }
            let chain = twins(&reference.traces, &plan);
            let single = resolved(&chain.fluctuations, &plan, case);
            assert_close(
                &format!("twins, {name}"),
                &single,
                &expected,
                common::single(case.order)[0],
            );
            let tiles = in_tiles(&reference.traces, &plan, plan.steps().div_ceil(TILE), by_twin).0;
            let tiles = resolved(&tiles, &plan, case);
            let what = format!("twins in tiles, {name}");
            assert_close(&what, &tiles, &expected, common::single(case.order)[0]);
            println!(
                "{name}: F fast {:.1e}, twins {:.1e}, in tiles {:.1e}",
                largest(&fast, &expected),
                largest(&single, &expected),
                largest(&tiles, &expected)
            );
        }
    }
}

/// What twins found of a reference. Of a pure trend nothing is left at order 2: they say that they do
/// not resolve it (a negative `F`), which counts as 0.
fn resolved(fluctuations: &[f32], plan: &DfaPlan, case: Case) -> Vec<f64> {
    let mut found = widen(fluctuations);
    if case.order > 1 {
        let trend = &mut found[TREND_ROW * plan.sizes().len()..][..plan.sizes().len()];
        assert!(trend.iter().any(|f| *f < 0.0), "{case:?}: {trend:?}");
        trend.fill(0.0);
    }
    found
}

#[test]
fn the_exponents_are_those_of_the_references() {
    for reference in Reference::all() {
        for case in Case::all().into_iter().filter(|c| c.convention != Convention::HalfOverlapNolds)
        {
            exponents(&reference, case);
        }
    }
}

fn exponents(reference: &Reference, case: Case) {
    let plan = reference.plan(case);
    let measured = dfa::Path::Cpu.measure(&reference.traces, &plan).expect("measured");
    let chain = twins(&reference.traces, &plan);
    let (mut twin, mut exact) = ([vec![], vec![]], [vec![], vec![]]);
    let what = format!("{}, {case:?}", reference.name);
    for (row, expected) in reference.exponents(case).iter().enumerate() {
        let what = format!("{what}, row {row}");
        let e = &measured.exponents[row];
        let Some([alpha, intercept, stderr]) = *expected else {
            let no = if row == CONSTANT_ROW { Status::Constant } else { Status::NoFluctuation };
            assert!(row == CONSTANT_ROW || (row == TREND_ROW && case.order > 1), "{what}");
            assert_eq!(e.status, no, "{what}");
            assert!(chain.exponents[row].status != dfa::params::DEFINED, "{what}");
            continue;
        };
        let found = [e.alpha, e.intercept, e.stderr];
        assert_close(&what, &found, &[alpha, intercept, stderr], &tolerances::ORACLE);
        let e = chain.exponents[row];
        twin[0].extend(widen(&[e.alpha, e.intercept / 10.0]));
        exact[0].extend([alpha, intercept / 10.0]);
        twin[1].push(f64::from(e.stderr));
        exact[1].push(stderr);
    }
    println!(
        "{what}: alpha of the twins off by {:.1e}",
        common::largest_apart(&twin[0], &exact[0])
    );
    let [_, exponent, stderr] = common::single(case.order);
    assert_close(&what, &twin[0], &exact[0], exponent);
    assert_close(&what, &twin[1], &exact[1], stderr);
}

// ---- the oracle proves the rest ----

/// White, pink, Brownian, white on an offset of 1e6.
fn inputs(steps: usize) -> Traces {
    let offset = noise::white(steps, 4, 9).iter().map(|x| x + 1e6).collect();
    let rows =
        [noise::white(steps, 4, 0), noise::pink(steps, 4, 0), noise::brownian(steps, 4, 0), offset];
    Traces::new(rows.concat(), steps).expect("four traces")
}

fn compare(steps: usize, case: Case) {
    let traces = inputs(steps);
    let plan = plan_of(steps, logarithmic(steps), case);
    let chain = twins(&traces, &plan);
    let tiles = in_tiles(&traces, &plan, steps.div_ceil(TILE), by_twin);
    let fast = fast::fluctuations(&traces, &plan);
    let names = ["white", "pink", "Brownian", "white + 1e6"];
    let (mut twin, mut exact) = (vec![], vec![]);
    for (row, name) in names.iter().enumerate() {
        let expected = oracle::fluctuations(traces.row(row), &plan);
        let sizes = expected.len();
        let single = widen(&chain.fluctuations[row * sizes..][..sizes]);
        let tiles = widen(&tiles.0[row * sizes..][..sizes]);
        let double = &fast[row * sizes..][..sizes];
        let alpha = dfa::fit(&plan, &expected).alpha;
        println!(
            "N = {steps}, {case:?}, {name}: F fast {:.1e}, twins {:.1e}, in tiles {:.1e}; alpha \
             {alpha:.3}, twins {:.1e}",
            largest(double, &expected),
            largest(&single, &expected),
            largest(&tiles, &expected),
            f64::from(chain.exponents[row].alpha) - alpha,
        );
        assert_close(name, double, &expected, &tolerances::FAST);
        assert_close(name, &single, &expected, common::single(case.order)[0]);
        assert_close(name, &tiles, &expected, common::single(case.order)[0]);
        twin.push(f64::from(chain.exponents[row].alpha));
        exact.push(alpha);
    }
    assert_close("alpha of the twins", &twin, &exact, common::single(case.order)[1]);
}

#[test]
fn long_traces_keep_their_digits() {
    for order in 1..=3 {
        compare(503, Case { convention: Convention::HalfOverlap, order });
        compare(65_536, Case { convention: Convention::Forward, order });
    }
}

#[test]
fn a_million_samples_keep_their_digits() {
    compare(1_000_000, Case::FORWARD);
    compare(1_000_000, Case { convention: Convention::HalfOverlap, order: 1 });
    compare(1_000_000, Case { convention: Convention::Forward, order: 3 });
}

#[test]
fn every_number_of_rows_is_measured_alike() {
    // Groups of traces, lone traces and the rest of a group take different ways through the fast
    // path.
    let plan = plan(200, vec![4, 9, 33, 200], Convention::HalfOverlap);
    let all = noise::pink(200 * 21, 8, 0);
    for rows in [1, 2, 4, 5, 7, 8, 9, 16, 21] {
        let traces = Traces::new(all[..200 * rows].to_vec(), 200).expect("whole");
        let expected = oracle_of(&traces, &plan);
        let found = fast::fluctuations(&traces, &plan);
        assert_close(&format!("{rows} rows"), &found, &expected, &tolerances::FAST);
    }
}

#[test]
fn another_length_than_the_plan_is_refused() {
    let plan = plan(100, vec![4, 8, 16], Convention::HalfOverlap);
    let traces = Traces::new(vec![1.0; 101], 101).expect("one");
    assert!(dfa::Path::Cpu.measure(&traces, &plan).is_err());
}

// ---- the checker itself ----

#[test]
fn the_checker_rejects_what_it_must() {
    let all = tolerances::all();
    assert!(all.len() > 20, "found only {} tolerances", all.len());
    for (name, tolerance) in &all {
        rejects(name, tolerance);
    }
}

fn rejects(name: &str, tolerance: &Tolerance) {
    let rows: Vec<f64> = (0..40).map(|i| 1.0 + 0.37 * f64::from(i)).collect();
    let check = |actual: &[f64]| difference(actual, &rows, tolerance).is_some();
    assert!(!check(&rows), "{name}: the checker rejects equal values");
    let with = |i: usize, value: f64| {
        let mut actual = rows.clone();
        actual[i] = value;
        actual
    };
    assert!(check(&with(7, f64::NAN)), "{name}: NaN in what was computed");
    assert!(check(&with(39, f64::INFINITY)), "{name}: infinity in what was computed");
    let nothing = with(7, f64::NAN);
    assert!(difference(&rows, &nothing, tolerance).is_some(), "{name}: NaN in what was expected");
    assert!(difference(&nothing, &nothing, tolerance).is_some(), "{name}: NaN on both sides");
    // 1 ppm of a thousand values, far from zero and about it; where more must pass, the reason says
    // so, and that is found.
    let far: Vec<f64> = (0..1000).map(|i| 1.0 + 0.01 * f64::from(i)).collect();
    let about_zero: Vec<f64> = (0..1000).map(|i| (0.37 * f64::from(i)).sin()).collect();
    for rows in [&far, &about_zero] {
        let found = (1.001 * tolerance.slack(rows)).max(1e-6);
        assert!(found <= 1e-6 || tolerance.reason.contains("ppm"), "{name}: finds only {found:e}");
        for factor in [1.0 + found, 1.0 - found] {
            let scaled: Vec<f64> = rows.iter().map(|x| x * factor).collect();
            assert!(difference(&scaled, rows, tolerance).is_some(), "{name}: all by {factor}");
        }
    }
    assert!(check(&rows[..39]), "{name}: one missing last value");
    assert!(check(&with(39, 0.0)), "{name}: an unwritten last value");
    let swapped = [&rows[20..], &rows[..20]].concat();
    assert!(check(&swapped), "{name}: swapped rows");
}
