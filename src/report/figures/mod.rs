//! The figures: an outcome's series as SVG, text as text, the same bytes for the same outcome.
//!
//! Place in the flow: outcome -> SVG strings -> `html`. Every figure is a set of panels about 400
//! units wide, so that a page can lay them side by side on a screen and one below the other on a
//! telephone, with the writing at a readable size in both. A panel is `None` where the outcome has
//! nothing to draw.

pub(super) mod against;
pub(super) mod alphas;
pub(super) mod curves;
pub(super) mod exponents;
pub(super) mod fluctuation;
mod frame;
pub(super) mod plan;
pub(super) mod plot;
mod ticks;
pub(super) mod training;
pub(super) mod trains;

use plotters::style::RGBColor;

/// Okabe and Ito's blue: the trained network, and what is measured on validation reviews.
const BLUE: RGBColor = RGBColor(0, 114, 178);
/// Okabe and Ito's vermilion: the untrained network, and what is measured in training.
const VERMILION: RGBColor = RGBColor(213, 94, 0);
/// The input, and lines of reference.
const GREY: RGBColor = RGBColor(95, 95, 95);

/// Okabe and Ito's colours in the order in which they are given to traces and verdicts.
const PALETTE: [RGBColor; 8] = [
    BLUE,
    VERMILION,
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(30, 30, 30),
    GREY,
];

/// The look of the series number `place`: its own colour, and marks in turn.
fn look(place: usize) -> frame::Look {
    let mark = [frame::Mark::Dot, frame::Mark::Ring, frame::Mark::Triangle][place % 3];
    frame::Look { colour: PALETTE[place % PALETTE.len()], mark, dashed: false }
}
