//! A plan with ways: walls, a goal, and the paths that were walked.
//!
//! Place in the flow: a maze and paths of an experiment -> one SVG element. Lengths are in cells, y
//! downwards as the drawing of a maze has it.

use std::fmt::Write;

use super::{BLUE, VERMILION};
use crate::report::markup::Escaped;

/// Shown units per cell of the longer side, all in all.
const SIDE: f64 = 340.0;
/// Around the plan, in shown units.
const MARGIN: f64 = 10.0;

/// What one plan shows.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Plan<'a> {
    /// In words, for those who cannot see it.
    pub description: &'a str,
    /// Width and height, cells.
    pub size: [usize; 2],
    /// From x y to x y.
    pub walls: &'a [[[f64; 2]; 2]],
    /// Its centre.
    pub goal: [f64; 2],
    /// Where walkers went, from their start, which has a dot.
    pub paths: &'a [Vec<[f32; 2]>],
}

impl Plan<'_> {
    /// The SVG element; `None` where the plan has no size.
    pub fn panel(self) -> Option<String> {
        let [columns, rows] = self.size;
        let longer = columns.max(rows);
        if columns == 0 || rows == 0 {
            return None;
        }
        let scale = SIDE / longer as f64;
        let placed = |x: f64| MARGIN + scale * x;
        let [width, height] = [columns, rows].map(|side| placed(side as f64) + MARGIN);
        let description = Escaped(self.description);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\" \
             aria-label=\"{description}\">\n<title>{description}</title>\n"
        );
        let [goal, way, wall] = [VERMILION, BLUE, plotters::style::RGBColor(40, 40, 40)]
            .map(|colour| format!("rgb({},{},{})", colour.0, colour.1, colour.2));
        let [x, y] = self.goal.map(placed);
        let radius = 0.25 * scale;
        // Writing into a string cannot fail.
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{goal}\" \
             fill-opacity=\"0.45\"/>"
        );
        for path in self.paths {
            let place = |[x, y]: &[f32; 2]| [x, y].map(|x| placed(f64::from(*x)));
            walked(&mut svg, path.iter().map(place), &way);
        }
        for [from, to] in self.walls {
            let [x1, y1, x2, y2] = [from[0], from[1], to[0], to[1]].map(placed);
            let _ = writeln!(
                svg,
                "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" \
                 stroke=\"{wall}\" stroke-width=\"2.5\" stroke-linecap=\"round\"/>"
            );
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }
}

/// A path and the dot at its start; what is no place is left out.
fn walked(svg: &mut String, places: impl Iterator<Item = [f64; 2]>, way: &str) {
    let places: Vec<[f64; 2]> =
        places.filter(|place| place.iter().all(|x| x.is_finite())).collect();
    let written: Vec<String> = places.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{way}\" stroke-width=\"1.3\" \
         stroke-opacity=\"0.65\" stroke-linejoin=\"round\"/>",
        written.join(" ")
    );
    if let Some([x, y]) = places.first() {
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{way}\"/>");
    }
}
