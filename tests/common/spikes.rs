//! Activations of units of every kind, and what two paths must agree in of their spikes.

use noisescope::analysis::spikes::SpikeStatistics;
use noisescope::signal::{SpikeTrains, random};
use rand::RngExt;

/// `steps × units` activations after ReLU: dead units, always-on ones, coins of many chances, units
/// that follow a slow rhythm, a single spike.
pub fn activations(units: usize, steps: usize) -> Vec<f32> {
    let mut chance = random::stream(5, "test/activations", units as u64);
    let mut value = |step: usize, unit: usize| {
        let draw: f32 = chance.random();
        let chance = match unit % 8 {
            0 => 0.0,
            2 => f32::from(u8::from(step == unit % steps)),
            3 => f32::from(u8::from(step.is_multiple_of(3 + unit / 8))),
            4 => {
                if (step / 50).is_multiple_of(2) {
                    0.9
                } else {
                    0.1
                }
            }
            _ => (unit % 97) as f32 / 97.0,
        };
        match unit % 8 {
            // A denormal number is above 0, too.
            1 => 1e-40,
            _ if draw < chance => draw,
            _ => 0.0,
        }
    };
    (0..steps)
        .flat_map(|step| (0..units).map(move |unit| (step, unit)))
        .map(|(s, u)| value(s, u))
        .collect()
}

/// The trains of spikes that `activations` are, of `units` units.
pub fn trains(activations: &[f32], units: usize) -> SpikeTrains {
    let steps = activations.len() / units;
    let at = |unit: usize, step: usize| u32::from(activations[step * units + unit] > 0.0);
    let counts = (0..units).flat_map(|unit| (0..steps).map(move |step| at(unit, step)));
    SpikeTrains::new(counts.collect(), steps).expect("whole trains")
}

/// Counts, and what is made of them, to the bit; CV2 and LV to 1e-6. Windows that `expected` has.
#[track_caller]
pub fn same_spikes(what: &str, found: &SpikeStatistics, expected: &SpikeStatistics) {
    let whole = |s: &SpikeStatistics| (s.bins, s.active_bins, s.spikes, s.cv.map(f64::to_bits));
    assert_eq!(whole(found), whole(expected), "{what}");
    assert_eq!(found.counts[..expected.counts.len()], expected.counts, "{what}");
    for (found, expected) in [(found.cv2, expected.cv2), (found.lv, expected.lv)] {
        assert_eq!(found.is_some(), expected.is_some(), "{what}");
        let (found, expected) = (found.unwrap_or(0.0), expected.unwrap_or(0.0));
        assert!((found - expected).abs() <= 1e-6 * expected, "{what}: {found} {expected}");
    }
}
