//! One stage on a device held to its twin, given the same buffers.
//!
//! Place in the flow: rung 3 of the rungs of trust, for `tests/stages.rs`.

use noisescope::gpu::Engine;
use noisescope::gpu::engine::{Dispatch, Part};
use noisescope::gpu::stage::{Access, Bound, Layout, Stage};

use super::poisoned::Poisoned;
use super::{difference, tolerances};

/// Runs `stage` by its twin and on the device, there a second time with poisoned workgroup memory,
/// on the same `buffers` (parameters first); fails where they differ. Gives what the twin left.
#[track_caller]
pub fn device_against_twin(
    engine: &Engine,
    stage: &dyn Stage,
    what: &str,
    buffers: &[Vec<u32>],
) -> Vec<Vec<u32>> {
    let mut by_twin = buffers.to_vec();
    stage.twin(&mut Bound::new(by_twin.iter_mut().map(Vec::as_mut_slice)));
    for run in [stage, Poisoned::of(stage)] {
        let by_device = on_device(engine, run, buffers);
        if let Some(found) = apart(stage, buffers, &by_device, &by_twin) {
            panic!("{} {what}, {found}", run.name());
        }
    }
    by_twin
}

/// Says where what the device left in `buffers` is not what the twin left: numbers by the
/// tolerance, and to the bit what the twin did not touch.
pub fn apart(
    stage: &dyn Stage,
    buffers: &[Vec<u32>],
    by_device: &[Vec<u32>],
    by_twin: &[Vec<u32>],
) -> Option<String> {
    for (i, binding) in stage.bindings().iter().enumerate() {
        let (before, device, twin) = (&buffers[i], &by_device[i], &by_twin[i]);
        if twin == before && device != before {
            return Some(format!("`{}` changed", binding.name));
        }
        let compared = match binding.layout {
            Layout::Struct(..) => false,
            _ => binding.access == Access::ReadWrite,
        };
        if compared {
            let tolerance = tolerances::device(stage.name(), binding.name);
            // Also where both are as they were: the checker rejects NaN, so an output that neither
            // writes is found.
            // Bits are compared as integers.
            let numbers = match binding.name {
                "ratios" => long_integers,
                "views" | "bits" | "counts" | "counted" | "spaced" => integers,
                _ => numbers,
            };
            let found = difference(&numbers(device), &numbers(twin), &tolerance);
            if let Some(found) = found {
                return Some(format!("`{}`: {found} ({})", binding.name, tolerance.reason));
            }
        }
    }
    None
}

/// Words as numbers. A word that is small as an integer is a status, not a denormal number.
fn numbers(words: &[u32]) -> Vec<f64> {
    let widen = |&w: &u32| {
        if w < 16 { f64::from(w) } else { f64::from(f32::from_bits(w)) }
    };
    words.iter().map(widen).collect()
}

fn integers(words: &[u32]) -> Vec<f64> {
    words.iter().map(|&w| f64::from(w)).collect()
}

/// Pairs of words, the low one first, as one number.
fn long_integers(words: &[u32]) -> Vec<f64> {
    let wide = |pair: &[u32; 2]| f64::from(pair[1]) * 2f64.powi(32) + f64::from(pair[0]);
    words.as_chunks().0.iter().map(wide).collect()
}

pub fn on_device(engine: &Engine, stage: &dyn Stage, buffers: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let made: Vec<wgpu::Buffer> = stage
        .bindings()
        .iter()
        .zip(buffers)
        .map(|(binding, words)| match binding.access {
            Access::Uniform => {
                let made = match *words.as_slice() {
                    [a, b, c, d] => engine.uniform(binding.name, &[a, b, c, d]),
                    [a, b, c, d, e, f] => engine.uniform(binding.name, &[a, b, c, d, e, f]),
                    [a, b, c, d, e, f, g, h] => {
                        engine.uniform(binding.name, &[a, b, c, d, e, f, g, h])
                    }
                    _ if words.len() == 18 => {
                        let words: [u32; 18] = words.as_slice().try_into().expect("18");
                        engine.uniform(binding.name, &words)
                    }
                    _ => {
                        let words: [u32; 12] = words.as_slice().try_into().expect("a DFA stage's");
                        engine.uniform(binding.name, &words)
                    }
                };
                made.expect("a buffer")
            }
            _ => engine.upload(binding.name, words).expect("a buffer"),
        })
        .collect();
    let parts: Vec<Part<'_>> = made.iter().map(wgpu::Buffer::as_entire_buffer_binding).collect();
    let params: &[u8] = bytemuck::cast_slice(&buffers[0]);
    engine.submit(&[Dispatch { stage, params, parts: &parts }]).expect("submitted");
    made.iter().map(|buffer| engine.read(buffer).expect("read back")).collect()
}
