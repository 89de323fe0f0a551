//! What happens when a device fails in the middle of the work: smaller batches, then the CPU.
//!
//! Place in the flow: between [`super::Path::Gpu`] and [`super::chain`]. Every trace is measured once
//! and by one path, nothing that a failed batch left behind is used, and one line says what happened
//! ([`Measured::notes`]).

use super::plan::DfaPlan;
use super::{Measured, on_cpu};
use crate::error::{Error, Result};
use crate::signal::Traces;

/// A batch that fails is halved as often, at most; then the CPU measures what is left.
const HALVINGS: u32 = 4;

/// Measures `traces` by `device`, in batches of at most `rows` traces (or an error why it can take
/// none), as long as it works.
pub(super) fn measure(
    traces: &Traces,
    plan: &DfaPlan,
    rows: Result<usize>,
    device: &dyn Fn(&[f32]) -> Result<Measured>,
) -> Measured {
    let steps = plan.steps();
    let mut all = Measured::default();
    let mut done = 0;
    let mut smaller = 0;
    let failed = match rows {
        Err(error) => Some(error),
        Ok(rows) => loop {
            if done == traces.rows() {
                break None;
            }
            let most = (rows >> smaller).max(1);
            let end = (done + most).min(traces.rows());
            match device(&traces.values()[done * steps..end * steps]) {
                Ok(found) => {
                    all.append(found);
                    done = end;
                }
                Err(error) if smaller == HALVINGS || end - done == 1 => break Some(error),
                Err(_) => smaller += 1,
            }
        },
    };
    if let Some(error) = failed {
        let left = traces.values()[done * steps..].to_vec();
        all.notes.push(line(&error, traces.rows() - done));
        if let Ok(left) = Traces::new(left, steps) {
            all.append(on_cpu(&left, plan));
        }
    } else if smaller > 0 {
        let times = 1 << smaller;
        all.notes
            .push(format!("the device failed on a batch and was given {times} times smaller ones"));
    }
    all
}

fn line(error: &Error, traces: usize) -> String {
    format!("{error}: the CPU measures the other {traces} traces, which takes longer")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::analysis::dfa::Settings;
    use crate::signal::noise;

    /// Twenty traces measured by a device that refuses by `fault`, which is told the number of the
    /// call and the rows; and the numbers of rows that it accepted.
    fn measured(fault: impl Fn(usize, usize) -> bool) -> (Measured, Vec<usize>) {
        let steps = 200;
        let settings = Settings { windows: vec![8, 16, 32], ..Settings::default() };
        let plan = DfaPlan::new(steps, &settings).expect("the windows fit");
        let values: Vec<f32> = (0..20).flat_map(|row| noise::pink(steps, 1, row)).collect();
        let traces = Traces::new(values, steps).expect("whole");
        let calls = Cell::new(0);
        let accepted = std::cell::RefCell::new(Vec::new());
        let device = |batch: &[f32]| {
            calls.set(calls.get() + 1);
            let rows = batch.len() / steps;
            if fault(calls.get(), rows) {
                return Err(Error::new("the device has no memory left"));
            }
            accepted.borrow_mut().push(rows);
            Ok(on_cpu(&Traces::new(batch.to_vec(), steps).expect("whole"), &plan))
        };
        let found = measure(&traces, &plan, Ok(8), &device);
        // Whatever failed, every trace has its own numbers, in order.
        let expected = on_cpu(&traces, &plan);
        assert_eq!(found.fluctuations.len(), expected.fluctuations.len());
        for (f, e) in found.fluctuations.iter().zip(&expected.fluctuations) {
            assert!((f - e).abs() < 1e-12 * e, "{f} for {e}");
        }
        assert_eq!(found.exponents.len(), 20);
        (found, accepted.into_inner())
    }

    #[test]
    fn a_device_that_works_is_given_all() {
        let (found, accepted) = measured(|_, _| false);
        assert_eq!((found.notes.len(), accepted), (0, vec![8, 8, 4]));
    }

    #[test]
    fn too_large_a_batch_is_halved_and_said_so() {
        let (found, accepted) = measured(|_, rows| rows > 2);
        assert_eq!((found.notes.len(), accepted), (1, vec![2; 10]));
        assert!(found.notes[0].contains("4 times smaller"), "{}", found.notes[0]);
    }

    #[test]
    fn a_lost_device_leaves_the_rest_to_the_cpu() {
        let (found, accepted) = measured(|call, _| call > 1);
        assert_eq!((found.notes.len(), accepted), (1, vec![8]));
        assert!(found.notes[0].contains("the other 12 traces"), "{}", found.notes[0]);
    }

    #[test]
    fn a_trace_that_no_device_holds_goes_to_the_cpu() {
        let settings = Settings { windows: vec![8, 16, 32], ..Settings::default() };
        let plan = DfaPlan::new(200, &settings).expect("the windows fit");
        let traces = Traces::new(noise::pink(200, 1, 0), 200).expect("one");
        let refused = Err(Error::new("expected shorter traces"));
        let found = measure(&traces, &plan, refused, &|_| panic!("not asked"));
        assert_eq!(found.exponents[0].alpha(), on_cpu(&traces, &plan).exponents[0].alpha());
        assert_eq!(found.notes.len(), 1);
    }
}
