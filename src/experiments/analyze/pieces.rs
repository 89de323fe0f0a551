//! A trace with gaps, measured in the pieces between them.
//!
//! Place in the flow: [`super::ruler`] asks for the fluctuations of a trace under `--nan split`.
//!
//! Windows are laid out in each piece by itself, and every window counts once: `F(n)` is the root of
//! the mean squared residual over the windows of all pieces (or the mean of their roots, by the
//! convention). A size that is longer than every piece has no window, and `F` is NaN there.

use crate::analysis::dfa::{DfaPlan, Status, fast};
use crate::signal::Traces;
use crate::signal::gaps::Run;

/// `F(n)` over the windows that lie in one of `segments`.
pub(super) fn fluctuations(trace: &[f32], segments: &[Run], plan: &DfaPlan) -> Vec<f64> {
    let roots = plan.convention().averages_roots();
    let mut totals = vec![(0.0, 0.0); plan.sizes().len()];
    for segment in segments {
        let Some(fitting) = plan.for_piece(segment.len) else { continue };
        let Ok(piece) = Traces::new(segment.of(trace).to_vec(), segment.len) else { continue };
        let found = fast::fluctuations(&piece, &fitting);
        for ((total, f), size) in totals.iter_mut().zip(found).zip(fitting.sizes()) {
            let count = size.count as f64;
            *total = (total.0 + count * if roots { f } else { f * f }, total.1 + count);
        }
    }
    totals
        .into_iter()
        .map(|(sum, count)| if roots { sum / count } else { (sum / count).sqrt() })
        .collect()
}

/// Constant where all finite samples are equal.
pub(super) fn status(trace: &[f32], segments: &[Run]) -> Status {
    let mut samples = segments.iter().flat_map(|segment| segment.of(trace));
    match samples.next() {
        None => Status::NonFinite,
        Some(first) if samples.all(|x| x == first) => Status::Constant,
        Some(_) => Status::Defined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::{Convention, Settings};
    use crate::signal::gaps;
    use crate::signal::noise;

    #[test]
    fn windows_of_all_pieces_count_alike() {
        for convention in [Convention::Forward, Convention::MeanRms] {
            let windows = vec![8, 16, 32];
            let settings = Settings { windows, convention, order: 1 };
            let plan = DfaPlan::new(320, &settings).expect("they fit");
            let whole = noise::pink(320, 3, 0);
            let expected =
                fast::fluctuations(&Traces::new(whole.clone(), 320).expect("one"), &plan);
            // The same windows, with a gap between the fourth and the fifth of the largest.
            let mut cut = whole[..128].to_vec();
            cut.extend([f32::NAN; 7]);
            cut.extend(&whole[128..]);
            let found = fluctuations(&cut, &gaps::segments(&cut), &plan);
            for (f, e) in found.iter().zip(&expected) {
                assert!((f - e).abs() < 1e-12 * e, "{convention:?}: {f} for {e}");
            }
        }
    }

    #[test]
    fn a_size_longer_than_every_piece_has_no_fluctuation() {
        let windows = vec![8, 16, 32];
        let plan = DfaPlan::new(60, &Settings { windows, ..Settings::default() }).expect("fits");
        let mut trace = noise::white(60, 3, 0);
        trace[20] = f32::NAN;
        trace[45] = f32::NAN;
        let found = fluctuations(&trace, &gaps::segments(&trace), &plan);
        assert!(found[0] > 0.0 && found[1] > 0.0 && found[2].is_nan());
    }
}
