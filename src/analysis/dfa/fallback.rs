//! What happens when a device fails in the middle of the work: smaller batches, then the CPU.
//!
//! Place in the flow: between [`super::Path::Gpu`] and [`super::chain`]. Every trace is measured
//! once and by one path, nothing that a failed batch left behind is used, and one line says what
//! happened ([`Measured::notes`]).

use std::collections::VecDeque;

use super::plan::DfaPlan;
use super::{Measured, on_cpu};
use crate::error::{Error, Result};
use crate::signal::Traces;

/// A batch that fails is halved as often, at most; then the CPU measures what is left.
const HALVINGS: u32 = 4;

/// Batches on the device at a time: the host hands over the next while this one is computed.
const ABREAST: usize = 2;

/// Measures `traces` by a device, in batches of at most `rows` traces (or an error why it can take
/// none), as long as it works. `start` hands a batch over; what it gives waits for the batch.
///
/// After a failure one batch goes at a time: there may have been no room for two. Of those in
/// flight the ones before the failure are still read, the ones behind it are given up and measured
/// again.
pub(super) fn measure<Finish: FnOnce() -> Result<Measured>>(
    traces: &Traces,
    plan: &DfaPlan,
    rows: Result<usize>,
    start: &dyn Fn(&[f32]) -> Result<Finish>,
) -> Measured {
    let steps = plan.steps();
    let mut all = Measured::default();
    let mut smaller = 0;
    let mut abreast = ABREAST;
    // Where each batch on the device ends, and what waits for it.
    let mut flying: VecDeque<(usize, Finish)> = VecDeque::new();
    let failed = match rows {
        Err(error) => Some(error),
        Ok(rows) => loop {
            let done = all.exponents.len();
            let begin = flying.back().map_or(done, |(end, _)| *end);
            let end = (begin + (rows >> smaller).max(1)).min(traces.rows());
            let (failed, error) = if begin < end && flying.len() < abreast {
                match start(&traces.values()[begin * steps..end * steps]) {
                    Ok(finish) => {
                        flying.push_back((end, finish));
                        continue;
                    }
                    Err(error) => (end - begin, error),
                }
            } else {
                let Some((end, finish)) = flying.pop_front() else { break None };
                match finish() {
                    Ok(found) => {
                        all.append(found);
                        continue;
                    }
                    Err(error) => {
                        flying.clear();
                        (end - done, error)
                    }
                }
            };
            if abreast > 1 {
                abreast = 1;
            } else if smaller == HALVINGS || failed == 1 {
                break Some(error);
            } else {
                smaller += 1;
            }
        },
    };
    let done = all.exponents.len();
    if let Some(error) = failed {
        let left = traces.values()[done * steps..].to_vec();
        all.notes.push(line(&error, traces.rows() - done, done));
        if let Ok(left) = Traces::new(left, steps) {
            all.append(on_cpu(&left, plan));
        }
    } else if smaller > 0 {
        let times = 1 << smaller;
        all.notes
            .push(format!("the device failed on a batch and was given {times} times smaller ones"));
    } else if abreast < ABREAST {
        all.notes.push("the device failed on a batch and did it when it was tried again".into());
    }
    all
}

/// What the CPU measures after `error`: `left` traces, of which the device has measured `done`.
fn line(error: &Error, left: usize, done: usize) -> String {
    let which = match (done, left) {
        (0, 1) => "the trace".to_owned(),
        (0, _) => format!("all {left} traces"),
        (_, 1) => "the other trace".to_owned(),
        _ => format!("the other {left} traces"),
    };
    format!("{error}: the CPU measures {which}, which takes longer")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::analysis::dfa::Settings;
    use crate::signal::noise;

    /// What a device is asked to do.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Asked {
        Start,
        Finish,
    }

    /// Twenty traces measured by a device that refuses by `fault`, which is told what is asked, the
    /// number of the batch from 1 and its rows; and the numbers of rows that it measured.
    fn measured(fault: impl Fn(Asked, usize, usize) -> bool) -> (Measured, Vec<usize>) {
        let steps = 200;
        let settings = Settings { windows: vec![8, 16, 32], ..Settings::default() };
        let plan = DfaPlan::new(steps, &settings).expect("the windows fit");
        let values: Vec<f32> = (0..20).flat_map(|row| noise::pink(steps, 1, row)).collect();
        let traces = Traces::new(values, steps).expect("whole");
        let batches = Cell::new(0);
        let flying = Cell::new(0);
        let accepted = std::cell::RefCell::new(Vec::new());
        let (plan_of, fault, counted, accept) = (&plan, &fault, &flying, &accepted);
        let start = |batch: &[f32]| {
            batches.set(batches.get() + 1);
            let (number, rows) = (batches.get(), batch.len() / steps);
            let refused = || Error::new("the device has no memory left");
            if fault(Asked::Start, number, rows) {
                return Err(refused());
            }
            counted.set(counted.get() + 1);
            let guard = Landing(counted);
            let batch = batch.to_vec();
            Ok(move || {
                assert!(counted.get() <= ABREAST, "{} in flight", counted.get());
                drop(guard);
                if fault(Asked::Finish, number, rows) {
                    return Err(refused());
                }
                accept.borrow_mut().push(rows);
                Ok(on_cpu(&Traces::new(batch, steps).expect("whole"), plan_of))
            })
        };
        let found = measure(&traces, &plan, Ok(8), &start);
        assert_eq!(flying.get(), 0, "none is forgotten");
        // Whatever failed, every trace has its own numbers, in order.
        let expected = on_cpu(&traces, &plan);
        assert_eq!(found.fluctuations.len(), expected.fluctuations.len());
        for (f, e) in found.fluctuations.iter().zip(&expected.fluctuations) {
            assert!((f - e).abs() < 1e-12 * e, "{f} for {e}");
        }
        assert_eq!(found.exponents.len(), 20);
        (found, accepted.into_inner())
    }

    /// Counts a batch that is finished or given up.
    struct Landing<'a>(&'a Cell<usize>);

    impl Drop for Landing<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }

    #[test]
    fn a_device_that_works_is_given_all() {
        let (found, accepted) = measured(|_, _, _| false);
        assert_eq!((found.notes.len(), accepted), (0, vec![8, 8, 4]));
    }

    #[test]
    fn the_next_batch_is_started_before_this_one_is_waited_for() {
        let order = std::cell::RefCell::new(Vec::new());
        measured(|asked, number, _| {
            order.borrow_mut().push((asked, number));
            false
        });
        use Asked::{Finish, Start};
        let expected = [(Start, 1), (Start, 2), (Finish, 1), (Start, 3), (Finish, 2), (Finish, 3)];
        assert_eq!(order.into_inner(), expected);
    }

    #[test]
    fn too_large_a_batch_is_halved_and_said_so() {
        for at in [Asked::Start, Asked::Finish] {
            let (found, accepted) = measured(|asked, _, rows| asked == at && rows > 2);
            assert_eq!((found.notes.len(), accepted), (1, vec![2; 10]), "{at:?}");
            assert!(found.notes[0].contains("4 times smaller"), "{}", found.notes[0]);
        }
    }

    #[test]
    fn a_lost_device_leaves_the_rest_to_the_cpu() {
        for at in [Asked::Start, Asked::Finish] {
            let (found, accepted) = measured(|asked, number, _| asked == at && number > 1);
            assert_eq!((found.notes.len(), accepted), (1, vec![8]), "{at:?}");
            assert!(found.notes[0].contains("the other 12 traces"), "{}", found.notes[0]);
        }
    }

    #[test]
    fn what_fails_once_is_tried_again_alone() {
        for at in [Asked::Start, Asked::Finish] {
            for once in [1, 2, 3] {
                let (found, accepted) = measured(|asked, number, _| asked == at && number == once);
                let what = format!("{at:?} {once}");
                assert_eq!((found.notes.len(), accepted), (1, vec![8, 8, 4]), "{what}");
                assert!(found.notes[0].contains("tried again"), "{}", found.notes[0]);
            }
        }
    }

    #[test]
    fn a_trace_that_no_device_holds_goes_to_the_cpu() {
        let settings = Settings { windows: vec![8, 16, 32], ..Settings::default() };
        let plan = DfaPlan::new(200, &settings).expect("the windows fit");
        let traces = Traces::new(noise::pink(200, 1, 0), 200).expect("one");
        let refused = Err(Error::new("expected shorter traces"));
        let not_asked = |_: &[f32]| -> Result<fn() -> Result<Measured>> { panic!("not asked") };
        let found = measure(&traces, &plan, refused, &not_asked);
        assert_eq!(found.exponents[0].alpha(), on_cpu(&traces, &plan).exponents[0].alpha());
        assert_eq!(found.notes.len(), 1);
        assert!(found.notes[0].contains("the CPU measures the trace"), "{}", found.notes[0]);
    }

    #[test]
    fn the_note_says_which_traces_the_cpu_measured() {
        let line = |left, done| line(&Error::new("lost"), left, done);
        for (left, done, which) in [
            (1, 0, "lost: the CPU measures the trace, "),
            (2, 0, "lost: the CPU measures all 2 traces, "),
            (1, 3, "lost: the CPU measures the other trace, "),
            (2, 3, "lost: the CPU measures the other 2 traces, "),
        ] {
            assert!(line(left, done).starts_with(which), "{}", line(left, done));
        }
    }
}
