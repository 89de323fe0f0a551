//! Whether float32 holds a trace: its steps at the largest samples against what the trace changes by.
//!
//! Place in the flow: samples of one trace in, [`Coarse`] out, for whoever flags traces. Recordings in
//! other types become float32 on reading: a pressure of 101,325 Pa keeps steps of 0.008 Pa, whatever
//! the file held.

/// The largest step, in root-mean-square changes from one sample to the next. Rounding to it adds
/// white noise of 0.03 changes: to the variance of white noise 0.2 %, to that of smoother traces less.
const LARGEST_STEP: f64 = 0.1;

/// Below it float32 has steps of less than 1, so that whole numbers were not rounded to be whole.
const WHOLE: f32 = 8_388_608.0;

/// A trace that float32 holds in steps of the size of its changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coarse {
    /// The largest finite sample, without its sign.
    pub largest: f32,
    /// How far float32's numbers lie apart there, in the trace's unit.
    pub step: f32,
    /// Root mean square of the differences of neighbouring samples.
    pub change: f64,
}

impl Coarse {
    /// What is found of `samples`; none where float32 holds them well, where they are whole numbers
    /// below 2^23, and where they are all equal and less than that. Samples that are not finite are passed over.
    pub fn find(samples: &[f32]) -> Option<Self> {
        let finite = || samples.iter().copied().filter(|x| x.is_finite());
        let largest = samples.iter().fold(0f32, |most, &x| {
            let size = if x.is_finite() { x.abs() } else { 0.0 };
            if size > most { size } else { most }
        });
        let step = largest - largest.next_down();
        // Most traces have changed enough for all of their samples after a few.
        let enough = (f64::from(step) / LARGEST_STEP).powi(2) * samples.len() as f64;
        let (mut squares, mut pairs) = (0.0, 0usize);
        for (a, b) in finite().zip(finite().skip(1)) {
            squares += (f64::from(b) - f64::from(a)).powi(2);
            pairs += 1;
            if squares >= enough {
                return None;
            }
        }
        let change = (squares / pairs.max(1) as f64).sqrt();
        let whole = || largest < WHOLE && finite().all(|x| x.fract() == 0.0);
        // Equal samples may be equal; where whole numbers are rounded they may have been made so.
        let told = change > 0.0 || step >= 1.0;
        let coarse = told && f64::from(step) > LARGEST_STEP * change;
        (coarse && !whole()).then_some(Self { largest, step, change })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::noise;

    fn on(offset: f64, unit: f64, samples: &[f32]) -> Vec<f32> {
        samples.iter().map(|&x| (offset + unit * f64::from(x)) as f32).collect()
    }

    #[test]
    fn a_small_change_on_a_large_offset_is_coarse() {
        let noise = noise::white(4096, 1, 0);
        let found = Coarse::find(&on(101_325.0, 0.01, &noise)).expect("steps of 0.0078");
        assert_eq!((found.largest.round(), found.step), (101_325.0, 0.0078125));
        // The differences of independent numbers have twice their variance.
        assert!((found.change / (0.01 * 2f64.sqrt()) - 1.0).abs() < 0.1, "{found:?}");
        assert_eq!(Coarse::find(&on(101_325.0, 0.1, &noise)), None);
        assert!(Coarse::find(&on(-1e9, 100.0, &noise)).is_some());
        assert_eq!(Coarse::find(&on(-1e9, 1.0, &noise)).expect("all equal").change, 0.0);
    }

    #[test]
    fn what_float32_holds_is_not_coarse() {
        let noise = noise::white(4096, 1, 0);
        for unit in [1e-30, 1.0, 1e30] {
            assert_eq!(Coarse::find(&on(0.0, unit, &noise)), None);
            assert_eq!(Coarse::find(&on(1e4 * unit, unit, &noise)), None);
        }
        assert_eq!(Coarse::find(&[]), None);
        assert_eq!(Coarse::find(&[0.37; 9]), None);
        assert_eq!(Coarse::find(&[f32::NAN, f32::INFINITY, 1.0, 2.0]), None);
        // A counter that rarely moves: whole numbers as they were.
        let counter: Vec<f32> = (0..4096).map(|t| (4_000_000 + t / 1000) as f32).collect();
        assert_eq!(Coarse::find(&counter), None);
    }
}
