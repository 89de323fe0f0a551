//! Whether float32 holds a trace: its steps at the largest samples against what the trace changes by.
//!
//! Place in the flow: samples of one trace in, [`Coarse`] out, for whoever flags traces. Recordings in
//! other types become float32 on reading: a pressure of 101,325 Pa keeps steps of 0.008 Pa, whatever
//! the file held.

/// A change is large from so many steps on. Rounding to steps of a tenth of white noise's changes
/// adds 0.2 % to its variance, less to that of smoother traces.
const LARGE: f32 = 10.0;

/// Below it float32 has steps of less than 1, so that whole numbers were not rounded to be whole.
const WHOLE: f32 = 8_388_608.0;

/// A trace that float32 holds in steps of the size of its changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coarse {
    /// The largest finite sample, without its sign.
    pub largest: f32,
    /// How far float32's numbers lie apart there, in the trace's unit.
    pub step: f32,
}

impl Coarse {
    /// What is found of `samples`: of the changes from one to the next, as far as there are any, most
    /// are below ten steps. None where they are whole numbers below 2^23, or all equal and less than
    /// that. Samples that are not finite are passed over.
    pub fn find(samples: &[f32]) -> Option<Self> {
        let largest = samples.iter().fold(0f32, |most, &x| {
            let size = if x.is_finite() { x.abs() } else { 0.0 };
            if size > most { size } else { most }
        });
        let step = largest - largest.next_down();
        let (mut small, mut large) = (0usize, 0usize);
        for pair in samples.windows(2) {
            let change = (pair[1] - pair[0]).abs();
            small += usize::from(change > 0.0 && change < LARGE * step);
            large += usize::from(change >= LARGE * step && change.is_finite());
        }
        // Equal samples may be equal; where whole numbers are rounded they may have been made so.
        let coarse = small > large || small + large == 0 && step >= 1.0;
        let whole =
            || largest < WHOLE && samples.iter().all(|x| !x.is_finite() || x.fract() == 0.0);
        (coarse && !whole()).then_some(Self { largest, step })
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
        // Neither a sample that was lost nor a jump hides it.
        let mut lost = on(101_325.0, 0.01, &noise);
        lost[1000] = 0.0;
        lost[2000..].iter_mut().for_each(|x| *x += 5.0);
        assert_eq!(Coarse::find(&lost).map(|found| found.step), Some(found.step));
        assert_eq!(Coarse::find(&on(101_325.0, 0.2, &noise)), None);
        assert!(Coarse::find(&on(-1e9, 100.0, &noise)).is_some());
        assert!(Coarse::find(&on(-1e9, 1.0, &noise)).is_some());
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
