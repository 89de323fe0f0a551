//! A device never gives a number that float32 does not hold: smooth traces, trends, spikes and steps
//! are measured to the tolerance of their order, or left to the CPU, which is said.

mod common;

use std::sync::Arc;

use common::tolerances;
use noisescope::analysis::dfa::params::{DEFINED, UNRESOLVED};
use noisescope::analysis::dfa::{Convention, DfaPlan, Path, Settings, Status, oracle};
use noisescope::gpu::Engine;
use noisescope::signal::{Traces, noise};

/// Traces that take the digits away, of `steps` samples; the first three do not.
fn hard(steps: usize) -> Traces {
    let white = noise::white(steps, 2, 0);
    let brown = noise::brownian(steps, 2, 1);
    let of =
        |f: &dyn Fn(f64) -> f64| -> Vec<f32> { (0..steps).map(|t| f(t as f64) as f32).collect() };
    let plus = |size: f32, f: &dyn Fn(f64) -> f64| -> Vec<f32> {
        of(f).iter().zip(&white).map(|(trend, noise)| size * trend + noise).collect()
    };
    let spike = |at: usize, size: f32| {
        let mut trace = white.clone();
        trace[at] = size;
        trace
    };
    let mut risen = 0.0f64;
    let integrated = brown.iter().map(|x| {
        risen += f64::from(*x);
        risen as f32
    });
    let half = steps as f64 * 0.4;
    let mut rows = vec![
        white.clone(),
        noise::pink(steps, 2, 2),
        brown.clone(),
        integrated.collect(),
        of(&|t| ((t - half) / 80.0).tanh()),
        of(&|t| (t / 100.0).sin()),
        of(&|t| (-t / 200.0).exp()),
        of(&|t| t),
    ];
    for size in [0.1, 10.0, 1e3, 1e5] {
        rows.push(plus(size, &|t| t));
        rows.push(plus(size, &|t| f64::from(t > half)));
        rows.push(plus(size, &|t| (t / 80.0).sin()));
    }
    for size in [1e2, 1e3, 1e4, 1e6, 1e12, 1e20] {
        rows.extend([0, 8, steps / 3, steps - 1].map(|at| spike(at, size)));
    }
    // Near the ends of what float32 holds.
    for size in [1e-41, 1e-38, 1e36] {
        rows.push(brown.iter().map(|x| x * size).collect());
    }
    Traces::new(rows.concat(), steps).expect("whole traces")
}

fn plan(steps: usize, order: usize, convention: Convention) -> DfaPlan {
    let mut windows: Vec<usize> = (0..).map(|i| (8.0 * 1.4f64.powi(i)) as usize).take(20).collect();
    windows.retain(|size| *size <= steps / 4);
    DfaPlan::new(steps, &Settings { windows, order, convention }).expect("the windows fit")
}

/// Whether `found` is right to what an order promises, or both are no fluctuation.
fn right(found: f64, expected: f64, order: usize) -> bool {
    let tolerance = if order == 1 { 2.0 * tolerances::SINGLE.relative } else { 1e-5 };
    (found - expected).abs() <= tolerance * expected.abs()
}

#[test]
fn what_the_twins_call_defined_is_right() {
    let mut left = [0; 4];
    for (steps, convention) in [
        (128, Convention::HalfOverlap),
        (500, Convention::Forward),
        (1024, Convention::Forward),
        (2500, Convention::BothEnds),
    ] {
        let traces = hard(steps);
        for order in [1, 2, 3] {
            let plan = plan(steps, order, convention);
            let chain = common::twins(&traces, &plan);
            let sizes = plan.sizes().len();
            for row in 0..traces.rows() {
                let status = chain.exponents[row].status;
                assert!(row > 2 || status == DEFINED, "noise {row} of {steps} at order {order}");
                if status == UNRESOLVED {
                    left[order] += 1;
                    continue;
                }
                let expected = oracle::fluctuations(traces.row(row), &plan);
                for (k, expected) in expected.iter().enumerate() {
                    let found = f64::from(chain.fluctuations[row * sizes + k]);
                    let size = plan.sizes()[k].size;
                    assert!(
                        right(found, *expected, order),
                        "row {row} of {steps}, order {order}, n = {size}: {found} for {expected}"
                    );
                }
            }
        }
    }
    println!("left to the CPU at orders 1, 2, 3: {:?} of {}", &left[1..], 4 * hard(128).rows());
}

#[test]
fn nothing_happens_in_a_trace_alone_and_among_others() {
    // Steps where windows meet: every window is constant, the profile far from zero.
    let trace: Vec<f32> = [-1000.0, 0.0, 5.0].into_iter().flat_map(|x| [x; 900]).collect();
    let windows = vec![9, 12, 18, 45, 90, 180, 300, 450];
    for order in [1, 2, 3] {
        let settings =
            Settings { windows: windows.clone(), order, convention: Convention::Forward };
        let plan = DfaPlan::new(trace.len(), &settings).expect("the windows fit");
        for rows in [1, 3, 40] {
            let traces = Traces::new(trace.repeat(rows), trace.len()).expect("whole traces");
            let found = Path::Cpu.measure(&traces, &plan).expect("measured");
            for exponent in found.exponents {
                assert_eq!(exponent.status, Status::NoFluctuation, "order {order}, {rows} traces");
            }
        }
    }
}

#[test]
fn what_a_device_gives_is_right_and_what_it_leaves_is_the_cpus() {
    let Some(gpu) = common::adapter() else { return };
    let path = Path::Gpu(Arc::new(Engine::new(gpu.clone())));
    for (steps, convention) in [(500, Convention::HalfOverlap), (5000, Convention::BothEnds)] {
        let traces = hard(steps);
        for order in [1, 2, 3] {
            let plan = plan(steps, order, convention);
            let found = path.measure(&traces, &plan).expect("measured");
            let expected = Path::Cpu.measure(&traces, &plan).expect("measured");
            assert!(found.unresolved > 0 && found.unresolved < traces.rows());
            assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
            assert!(found.notes[0].contains(&format!("{} of", found.unresolved)));
            for row in 0..traces.rows() {
                let (f, e) = (&found.exponents[row], &expected.exponents[row]);
                assert_eq!(f.status, e.status, "row {row} of {steps} at order {order}");
                if f.status == Status::Defined {
                    assert!((f.alpha - e.alpha).abs() < 1e-5, "row {row}: {f:?} for {e:?}");
                }
                for (f, e) in found.row(row).iter().zip(expected.row(row)) {
                    assert!(
                        right(*f, *e, order),
                        "row {row} of {steps}, order {order}: {f} for {e}"
                    );
                }
            }
        }
    }
}
