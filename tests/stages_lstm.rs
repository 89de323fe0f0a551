//! The LSTM's stages on a device, each against its twin, and the comparison itself: it must find a
//! stage that is wrong.
//!
//! Place in the flow: rungs 3 and 5 of the rungs of trust, beside `tests/stages.rs`. Without an
//! adapter one line is printed and the tests pass; with `REQUIRE_GPU=1` they fail.

mod common;

use common::device_against_twin::{apart, device_against_twin, on_device};
use common::poisoned::Poisoned;
use common::{engine, nothing, words};
use noisescope::gpu::Engine;
use noisescope::gpu::stage::{Bound, Stage, WIDEST_GRID};
use noisescope::models::lstm;
use noisescope::signal::random;
use rand::distr::{Distribution, Uniform};

/// `count` numbers within ±`limit`.
fn uniform(name: &str, count: usize, limit: f32) -> Vec<f32> {
    let uniform = Uniform::new(-limit, limit).expect("a range");
    uniform.sample_iter(random::stream(5, name, count as u64)).take(count).collect()
}

/// Both stages of the LSTM, the second on what the twin of the first wrote.
fn each_stage_of_the_lstm(engine: &Engine, [batch, steps, hidden]: [usize; 3]) {
    let what = format!("B {batch}, T {steps}, H {hidden}");
    let parameters = words(&[batch as u32, steps as u32, hidden as u32]);
    let states = batch * steps * hidden;
    let recurrent = uniform("recurrent", 4 * hidden * hidden, 1.5 / (hidden as f32).sqrt());
    // Of [from, to, gate] to [to, from, gate].
    let pairs = (0..hidden * hidden).map(|at| at % hidden * hidden + at / hidden);
    let transposed: Vec<f32> = pairs.flat_map(|pair| recurrent[4 * pair..][..4].to_vec()).collect();
    let forward = device_against_twin(
        engine,
        &lstm::FORWARD,
        &what,
        &[
            parameters.clone(),
            words(&uniform("projected", 4 * states, 2.0)),
            words(&recurrent),
            nothing::<f32>(states),
            nothing::<f32>(states),
            nothing::<f32>(4 * states),
        ],
    );
    let [_, _, _, _, cell, gates] = forward.try_into().expect("six bindings");
    device_against_twin(
        engine,
        &lstm::BACKWARD,
        &what,
        &[
            parameters,
            words(&uniform("gradient", states, 1.0)),
            cell,
            gates,
            words(&transposed),
            nothing::<f32>(4 * states),
        ],
    );
}

#[test]
fn each_stage_of_the_lstm_is_its_twin() {
    let Some(engine) = engine() else { return };
    // About the 256 lanes and the 128 units at once, about vectors and tiles of the twin, about the
    // 4 rows of a workgroup, and the most units there may be.
    for hidden in [1, 5, 60, 65, 128, 129, 256, 257] {
        for batch in [1, 4, 5] {
            for steps in [1, 3] {
                each_stage_of_the_lstm(&engine, [batch, steps, hidden]);
            }
        }
    }
    each_stage_of_the_lstm(&engine, [1, 2, lstm::MOST_UNITS - 1]);
    each_stage_of_the_lstm(&engine, [1, 2, lstm::MOST_UNITS]);
}

#[test]
fn the_grid_of_the_lstm_goes_on_beyond_65_535_workgroups() {
    let Some(engine) = engine() else { return };
    let widest = WIDEST_GRID as usize * lstm::ROWS_PER_GROUP;
    each_stage_of_the_lstm(&engine, [widest + 5, 1, 1]);
}

#[test]
fn the_comparison_finds_a_stage_that_is_wrong() {
    let Some(engine) = engine() else { return };
    let own = lstm::FORWARD.source()[0];
    // 1,000 states: enough for a factor of 1 ppm.
    let buffers = [
        words(&[4u32, 5, 50]),
        words(&uniform("projected", 4000, 2.0)),
        words(&uniform("recurrent", 10_000, 0.2)),
        nothing::<f32>(1000),
        nothing::<f32>(1000),
        nothing::<f32>(4000),
    ];
    let found = |from: &str, to: &str| {
        let text = own.replacen(from, to, 1);
        assert!(from.is_empty() || text != own, "`{from}` is not in the shader");
        let mut by_twin = buffers.to_vec();
        lstm::FORWARD.twin(&mut Bound::new(by_twin.iter_mut().map(Vec::as_mut_slice)));
        let stage = Poisoned::new(&lstm::FORWARD, &text);
        // An engine keeps pipelines by name.
        let engine = Engine::new(engine.gpu().clone());
        let by_device = on_device(&engine, &stage, &buffers);
        apart(&lstm::FORWARD, &buffers, &by_device, &by_twin)
    };
    assert_eq!(found("", ""), None);
    let wrong = [
        ("hidden_now[unit] = vec4(0.0);", "", "scratch that is not cleared"),
        ("hidden[place * units + unit] = h[row];", "", "an output that is not written"),
        ("= c[row];", "= c[row] * 1.000001;", "1 ppm"),
        ("gates[place * 4u * units + unit] =", "projected[place] =", "an input written"),
        ("shape.batch - first_row);", "shape.batch - first_row - 1u);", "the last row left out"),
        ("step < shape.steps", "step + 1u < shape.steps", "the last step left out"),
    ];
    for (from, to, what) in wrong {
        let found = found(from, to);
        println!("{what}: {found:?}");
        assert!(found.is_some(), "{what} was not found");
    }
    // Poisoned like on the device, and neither writes: NaN on both sides is no agreement.
    assert!(apart(&lstm::FORWARD, &buffers, &buffers, &buffers).is_some());
}
