//! The power spectra of recorded reviews, summed over their units: the twin against the FFT in
//! float64, the stage on a device against the twin, and the exponents that come of it.
//!
//! Place in the flow: rungs 2 and 3 of the rungs of trust, for `recording/spectra`. Without an
//! adapter one line is printed and what needs one passes; with `REQUIRE_GPU=1` it fails.

mod common;

use common::device_against_twin::{apart, device_against_twin, on_device};
use common::poisoned::Poisoned;
use common::{assert_close, engine, nothing, tolerances, widen, words};
use noisescope::analysis::spectrum::{self, SpectrumPlan, Status, Window, population};
use noisescope::gpu::Engine;
use noisescope::gpu::stage::{Bound, Stage, WIDEST_GRID};
use noisescope::recording::Extent;
use noisescope::recording::spectra::{Span, SpectraStage, bins, waves};
use noisescope::signal::{Traces, noise};

/// What the stage is given: the reviews of `span` among all that lie in `traces`, and room for what
/// it writes.
fn buffers(span: Span, traces: &[f32], room: Vec<u32>) -> Vec<Vec<u32>> {
    vec![words(&[span]), words(traces), words(&waves(span.steps as usize)), room]
}

fn by_twin(buffers: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut left = buffers.to_vec();
    SpectraStage.twin(&mut Bound::new(left.iter_mut().map(Vec::as_mut_slice)));
    left
}

/// The summed power of one review by the twin.
fn single(traces: &Traces) -> Vec<f64> {
    let span = Span::whole(1, traces.rows(), traces.steps());
    let room = nothing::<f32>(bins(traces.steps()));
    let left = by_twin(&buffers(span, traces.values(), room));
    widen(bytemuck::cast_slice(&left[3]))
}

/// The same by the FFT in float64, from the density of its periodogram.
fn double(traces: &Traces) -> Vec<f64> {
    let steps = traces.steps();
    let settings = spectrum::Settings::periodogram(Window::Boxcar);
    let spectra = SpectrumPlan::new(steps, &settings).expect("fits").measure(traces);
    let spectra = spectra.expect("measured");
    let at = |k: usize| {
        // One-sided: twice the power, but at half the rate.
        let twice = if 2 * k == steps { 1.0 } else { 2.0 };
        let density: f64 = (0..traces.rows()).map(|row| spectra.row(row)[k]).sum();
        density * steps as f64 / twice
    };
    (1..=bins(steps)).map(at).collect()
}

/// Units of one review, of the kind of its name, within about 5 of their first samples.
fn units(kind: &str, count: usize, steps: usize) -> Traces {
    let unit = |unit: u64| -> Vec<f32> {
        match kind {
            "white" => noise::white(steps, 3, unit),
            "AR(1)" => noise::autoregressive(steps, 0.9, 3, unit),
            "Brownian" => noise::brownian(steps, 3, unit).iter().map(|x| 0.05 * x).collect(),
            "about 1000" => noise::pink(steps, 3, unit).iter().map(|x| 1000.0 + 0.01 * x).collect(),
            // A unit that comes to rest.
            "transient" => (0..steps).map(|t| 0.7 - 0.3 * (-(t as f32) / 9.0).exp()).collect(),
            _ if unit == 2 => vec![-3.7; steps],
            _ => noise::white(steps, 4, unit),
        }
    };
    Traces::new((0..count as u64).flat_map(unit).collect(), steps).expect("whole traces")
}

const KINDS: [&str; 6] = ["white", "AR(1)", "Brownian", "about 1000", "transient", "one constant"];

#[test]
fn the_twin_gives_the_power_and_the_exponents_of_the_fft() {
    for steps in [2, 3, 63, 64, 65, 500, 501] {
        for kind in KINDS {
            for count in [1, 7] {
                let what = format!("{kind}, {count} x {steps}");
                let traces = units(kind, count, steps);
                let (found, expected) = (single(&traces), double(&traces));
                let far = common::largest(&found, &expected);
                assert_close(&what, &found, &expected, &tolerances::SPECTRA);
                let statuses: Vec<Status> =
                    (0..count).map(|row| Status::of(traces.row(row))).collect();
                let found = population::exponent(&found, steps, &statuses);
                let expected = population::exponents(&traces, count).expect("one group")[0];
                assert_eq!(found.status, expected.status, "{what}");
                if let (Some(found), Some(expected)) = (found.beta(), expected.beta()) {
                    println!("{what}: power {far:.1e}, beta {:.1e}", (found - expected).abs());
                    assert_close(&what, &[found], &[expected], &tolerances::SPECTRA_EXPONENT);
                }
            }
        }
    }
}

#[test]
fn long_traces_keep_their_exponents() {
    for kind in KINDS {
        let traces = units(kind, 3, 4099);
        let (found, expected) = (single(&traces), double(&traces));
        let [found, exact] =
            [&found, &expected].map(|power| population::exponent(power, 4099, &[Status::Defined]));
        println!("{kind}: beta {:.1e}", (found.beta - exact.beta).abs());
        assert_close(kind, &[found.beta], &[exact.beta], &tolerances::SPECTRA_EXPONENT);
    }
}

#[test]
fn a_constant_has_no_power_and_harms_no_other_unit() {
    for steps in [2, 64, 500, 501] {
        let constant = vec![1e20f32; steps];
        let traces = Traces::new(constant.clone(), steps).expect("one");
        assert!(single(&traces).iter().all(|power| *power == 0.0));
        let alone = units("white", 1, steps);
        let both = Traces::new([constant, alone.values().to_vec()].concat(), steps).expect("two");
        assert_eq!(single(&both), single(&alone));
    }
}

/// White noise of so many reviews, every trace about a level of its own.
fn recorded(span: Span) -> Vec<f32> {
    let [first, reviews, units, steps] =
        [span.first_review, span.reviews, span.units, span.steps].map(|size| size as usize);
    let rows = (first + reviews) * units;
    let mut values = noise::white(rows * steps, 6, steps as u64);
    for (row, trace) in values.chunks_exact_mut(steps).enumerate() {
        trace.iter_mut().for_each(|x| *x += (row % 3) as f32);
    }
    values
}

/// The stage against its twin on `reviews` after the `first` ones.
fn stage_and_twin(engine: &Engine, [first, reviews, units, steps]: [usize; 4]) {
    let span = Span { first_review: first as u32, ..Span::whole(reviews, units, steps) };
    // What is not of the span must stay.
    let mut room = words(&vec![7.0f32; first * bins(steps)]);
    room.extend(nothing::<f32>(reviews * bins(steps)));
    let buffers = buffers(span, &recorded(span), room);
    device_against_twin(engine, &SpectraStage, &format!("{span:?}"), &buffers);
}

#[test]
fn the_stage_is_its_twin() {
    let Some(engine) = engine() else { return };
    // About the four units side by side and the 64 lanes, which are samples and frequencies.
    for units in [1, 3, 4, 5, 9] {
        for steps in [2, 3, 63, 64, 65, 127, 128, 129, 130, 500, 501] {
            stage_and_twin(&engine, [0, 1, units, steps]);
            stage_and_twin(&engine, [2, 3, units, steps]);
        }
    }
}

#[test]
fn units_that_come_in_several_dispatches_are_added_up() {
    let Some(engine) = engine() else { return };
    let (reviews, units, steps) = (2, 600, 500);
    let spans = Span::all(&Extent::new([reviews, steps, units], 0, units)).expect("short enough");
    assert_eq!(spans.len(), 3);
    let traces = recorded(Span::whole(reviews, units, steps));
    let mut room = nothing::<f32>(reviews * bins(steps));
    for span in spans {
        let buffers = buffers(span, &traces, room);
        room =
            device_against_twin(&engine, &SpectraStage, &format!("{span:?}"), &buffers).remove(3);
    }
    let found = widen(bytemuck::cast_slice(&room));
    let expected = traces
        .chunks_exact(units * steps)
        .flat_map(|review| double(&Traces::new(review.to_vec(), steps).expect("whole traces")));
    let expected: Vec<f64> = expected.collect();
    println!("600 units: {:.1e}", common::largest(&found, &expected));
    assert_close("600 units", &found, &expected, &tolerances::SPECTRA);
}

#[test]
fn the_grid_of_spectra_goes_on_beyond_65_535_groups() {
    let Some(engine) = engine() else { return };
    let widest = WIDEST_GRID as usize;
    for reviews in [widest, widest + 1, widest + 6] {
        stage_and_twin(&engine, [0, reviews, 1, 2]);
    }
    // Two groups to a review.
    stage_and_twin(&engine, [1, widest / 2 + 3, 1, 130]);
}

#[test]
fn the_comparison_finds_a_stage_that_is_wrong() {
    let Some(engine) = engine() else { return };
    let own = SpectraStage.source()[0];
    let span = Span::whole(3, 6, 131);
    let buffers = buffers(span, &recorded(span), nothing::<f32>(3 * bins(131)));
    let twin = by_twin(&buffers);
    let found = |from: &str, to: &str| {
        let text = own.replacen(from, to, 1);
        assert!(from.is_empty() || text != own, "`{from}` is not in the shader");
        let stage = Poisoned::new(&SpectraStage, &text);
        // An engine keeps pipelines by the place of their text.
        let engine = Engine::new(engine.gpu().clone());
        apart(&SpectraStage, &buffers, &on_device(&engine, &stage, &buffers), &twin)
    };
    assert_eq!(found("", ""), None);
    let wrong = [
        ("cycles <= bins", "cycles < bins", "the last frequency not written"),
        ("span.end_unit - unit)", "span.end_unit - unit - 1u)", "the last unit left out"),
        ("span.steps - head)", "span.steps - head - 1u)", "the last sample left out"),
        ("loaded[i] = traces[start + step] -", "loaded[i] = 0.0 *", "nothing loaded"),
        ("imaginary * imaginary;", "imaginary * imaginary * 1.0001;", "a part of 10,000 more"),
        ("cycles % span.steps;", "(cycles + 1u) % span.steps;", "the next frequency"),
    ];
    for (from, to, what) in wrong {
        let found = found(from, to);
        println!("{what}: {found:?}");
        assert!(found.is_some(), "{what} was not found");
    }
}
