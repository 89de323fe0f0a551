//! Recording: a network's states become traces, one per unit and review.
//!
//! Place in the flow: floor 3. It takes states as plain arrays, so that it knows no network;
//! batches go through one after the other, and only one is ever in memory.

pub mod store;

use rayon::prelude::*;

use crate::signal::Traces;

/// The traces of a batch of states `[batch, steps, units]` (row-major): row `review * units +
/// unit`.
///
/// # Panics
/// `states` does not hold `batch * steps * units` values.
pub fn traces(states: &[f32], [batch, steps, units]: [usize; 3]) -> Traces {
    assert_eq!(states.len(), batch * steps * units, "states do not have the shape that was said");
    let mut values = vec![0.0f32; states.len()];
    let reviews = values.par_chunks_mut(steps * units).zip(states.par_chunks(steps * units));
    reviews.for_each(|(traces, states)| {
        for (step, state) in states.chunks_exact(units).enumerate() {
            for (unit, &value) in state.iter().enumerate() {
                traces[unit * steps + step] = value;
            }
        }
    });
    Traces::new(values, steps).expect("a whole number of traces")
}

/// The columns `from..from + width` of a row-major matrix with `columns` columns: one gate of `[…,
/// 4H]`.
pub fn columns(matrix: &[f32], columns: usize, from: usize, width: usize) -> Vec<f32> {
    matrix.chunks_exact(columns).flat_map(|row| &row[from..from + width]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_turn_steps_by_units_into_units_by_steps() {
        // Two reviews of three steps and two units: value = 100 review + 10 step + unit.
        let value = |i: usize| (100 * (i / 6) + 10 * (i % 6 / 2) + i % 2) as f32;
        let states: Vec<f32> = (0..12).map(value).collect();
        let traces = traces(&states, [2, 3, 2]);
        assert_eq!((traces.rows(), traces.steps()), (4, 3));
        assert_eq!(traces.row(0), &[0.0, 10.0, 20.0]);
        assert_eq!(traces.row(3), &[101.0, 111.0, 121.0]);
    }

    #[test]
    fn columns_take_one_gate() {
        assert_eq!(columns(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 1, 2), [2.0, 3.0, 5.0, 6.0]);
    }
}
