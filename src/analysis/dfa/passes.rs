//! Which stages run on which buffers: traces in tiles, and the separate stages.
//!
//! Place in the flow: under [`super::chain`], which says how many traces go at a time and what comes
//! of them.

use std::ops::Range;

use super::across::Across;
use super::block::{BLOCK, TILE, TILE_NODES};
use super::crown::Crown;
use super::params::{Mark, Seen, Shape};
use super::plan::DfaPlan;
use super::summary::Trend;
use super::tiles::{self, Tiles};
use super::{detrend, exponent, fluctuation, profile};
use crate::error::Result;
use crate::gpu::engine::{Dispatch, Engine, Part};
use crate::gpu::stage::Stage;

/// Submits the stages of traces in tiles, which lie in `pieces`, at most so many tiles of a trace
/// `at_once`: all stages as one submission, or one by one where that cuts them.
pub(super) fn in_tiles(
    engine: &Engine,
    pieces: &[Part<'_>],
    shape: Shape,
    plan: &DfaPlan,
    at_once: u64,
    [sizes, weights, fluctuations, exponents]: [Part<'_>; 4],
) -> Result<()> {
    let (rows, tiles) = (shape.rows as usize, shape.tiles as usize);
    let trend = Trend::of(plan.order());
    let (of_tiles, crown, across) = (Tiles(trend), Crown(trend), Across(trend));
    let views = engine.empty("views", (rows * tiles) as u64 * u64::from(Seen::SIZE))?;
    let nodes = engine.empty("nodes", words(rows * node_words(plan.steps(), plan)))?;
    let marks = engine.empty("marks", rows as u64 * u64::from(Mark::SIZE))?;
    let sums = engine.empty("sums", words(2 * rows * plan.sizes().len() * tiles))?;
    let [views, nodes, marks, sums] = [&views, &nodes, &marks, &sums].map(whole);

    let mut dispatched: Vec<(&dyn Stage, Shape, [usize; 2])> = Vec::new();
    let longest = plan.sizes().last().map_or(0, |size| size.size);
    for head in 0..pieces.len() {
        for span in spans(shape, head, at_once) {
            dispatched.push((&of_tiles, on(shape, span, [head, head]), [head, head]));
        }
    }
    dispatched.push((&crown, shape, [0, 0]));
    for head in 0..pieces.len() {
        // As far as a window reaches from the last sample of the piece.
        let reach = longest.div_ceil(shape.piece as usize * TILE);
        for tail in head..pieces.len().min(head + reach + 1) {
            for span in spans(shape, head, at_once) {
                dispatched.push((&across, on(shape, span, [head, tail]), [head, tail]));
            }
        }
    }
    dispatched.push((&fluctuation::Fluctuation, shape, [0, 0]));
    dispatched.push((&exponent::Exponent, shape, [0, 0]));

    let buffers = dispatched.iter().map(|(_, shape, _)| engine.uniform("shape", shape));
    let buffers: Vec<wgpu::Buffer> = buffers.collect::<Result<_>>()?;
    let parts = dispatched.iter().zip(&buffers).map(|((stage, _, [head, tail]), shape)| {
        let some: &[&Part<'_>] = match stage.name() {
            "dfa/tiles" => &[&sizes, &pieces[*head], &views, &nodes, &sums],
            "dfa/crown" => &[&views, &nodes, &marks],
            "dfa/across" => {
                &[&sizes, &pieces[*head], &pieces[*tail], &views, &nodes, &marks, &sums]
            }
            "dfa/fluctuation" => &[&sizes, &sums, &marks, &fluctuations],
            _ => &[&weights, &fluctuations, &marks, &exponents],
        };
        [whole(shape)].into_iter().chain(some.iter().map(|part| (*part).clone())).collect()
    });
    let parts: Vec<Vec<Part<'_>>> = parts.collect();
    let dispatches = dispatched.iter().zip(&parts).map(|((stage, shape, _), parts)| Dispatch {
        stage: *stage,
        params: bytemuck::bytes_of(shape),
        parts,
    });
    let dispatches: Vec<Dispatch<'_>> = dispatches.collect();
    let together = if at_once < tiles as u64 { 1 } else { dispatches.len() };
    dispatches.chunks(together).try_for_each(|some| engine.submit(some))
}

/// The tiles of piece `head`, so many at a time at most.
fn spans(shape: Shape, head: usize, at_once: u64) -> impl Iterator<Item = Range<u32>> {
    let begin = head as u32 * shape.piece;
    let end = (begin + shape.piece).min(shape.tiles);
    let step = at_once.clamp(1, u64::from(shape.piece)) as u32;
    (begin..end).step_by(step as usize).map(move |first| first..(first + step).min(end))
}

/// A dispatch over the tiles of `span`, with windows from piece `head` to piece `tail`.
fn on(shape: Shape, span: Range<u32>, [head, tail]: [usize; 2]) -> Shape {
    let [head, tail] = [head, tail].map(|piece| piece as u32 * shape.piece);
    Shape { first: span.start, span: span.len() as u32, head, tail, ..shape }
}

/// Submits the four separate stages.
pub(super) fn separately(
    engine: &Engine,
    traces: Part<'_>,
    shape: Shape,
    plan: &DfaPlan,
    [sizes, weights, fluctuations, exponents]: [Part<'_>; 4],
) -> Result<()> {
    let rows = shape.rows as usize;
    let shape_buffer = engine.uniform("shape", &shape)?;
    let profile = engine.empty("profile", words(rows * plan.steps()))?;
    let levels = engine.empty("levels", words(rows * plan.steps().div_ceil(BLOCK)))?;
    let marks = engine.empty("marks", rows as u64 * u64::from(Mark::SIZE))?;
    let residuals = engine.empty("residuals", words(2 * rows * plan.windows()))?;
    let [of_shape, profile, levels, marks, residuals] =
        [&shape_buffer, &profile, &levels, &marks, &residuals].map(whole);
    let detrend = detrend::Detrend(Trend::of(plan.order()));
    let stages: [(&dyn Stage, [&Part<'_>; 5]); 4] = [
        (&profile::Profile, [&of_shape, &traces, &profile, &levels, &marks]),
        (&detrend, [&of_shape, &sizes, &profile, &levels, &residuals]),
        (&fluctuation::Fluctuation, [&of_shape, &sizes, &residuals, &marks, &fluctuations]),
        (&exponent::Exponent, [&of_shape, &weights, &fluctuations, &marks, &exponents]),
    ];
    let params = bytemuck::bytes_of(&shape);
    let parts = stages.each_ref().map(|(_, parts)| parts.map(Part::clone));
    let dispatches: Vec<Dispatch<'_>> = stages
        .iter()
        .zip(&parts)
        .map(|((stage, _), parts)| Dispatch { stage: *stage, params, parts })
        .collect();
    engine.submit(&dispatches)
}

/// Words of the tree over the tiles of one trace.
pub(super) fn node_words(steps: usize, plan: &DfaPlan) -> usize {
    steps.div_ceil(TILE) * TILE_NODES * tiles::record(Trend::of(plan.order()))
}

pub(super) fn words(count: usize) -> u64 {
    (count * size_of::<f32>()) as u64
}

pub(super) fn whole(buffer: &wgpu::Buffer) -> Part<'_> {
    buffer.as_entire_buffer_binding()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::Settings;

    #[test]
    fn every_tile_is_dispatched_once() {
        let settings = Settings { windows: vec![8, 16, 32], ..Settings::default() };
        let plan = DfaPlan::new(10 * TILE + 1, &settings).expect("fits");
        for (piece, at_once) in [(11, 100), (11, 4), (4, 100), (4, 3), (4, 0)] {
            let shape = Shape { piece, ..Shape::tiled(1, &plan) };
            let pieces = 11usize.div_ceil(piece as usize);
            let spans: Vec<Range<u32>> =
                (0..pieces).flat_map(|head| spans(shape, head, at_once)).collect();
            let most = at_once.max(1) as usize;
            assert!(spans.iter().all(|span| !span.is_empty() && span.len() <= most));
            assert!(spans.iter().all(|s| s.start / piece == (s.end - 1) / piece), "{spans:?}");
            assert_eq!(
                spans.into_iter().flatten().collect::<Vec<_>>(),
                (0..11).collect::<Vec<_>>()
            );
        }
    }
}
