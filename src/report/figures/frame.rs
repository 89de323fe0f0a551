//! What all panels share: the canvas, the axes, a legend above the plot, lines and marks.
//!
//! Place in the flow: axes and series -> plotters -> one SVG string. plotters rounds every
//! coordinate to a whole unit; a panel is therefore drawn [`SCALE`] times as large as it is shown,
//! so that no line is bent by the rounding.

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::Pos;
pub(super) use plotters::style::text_anchor::{HPos, VPos};

use super::ticks::Axis;
use crate::error::{Error, Result};
use crate::report::markup::{Escaped, printable};

/// Units of the canvas per unit that is shown.
const SCALE: i32 = 10;
/// Size of all writing.
const WRITING: f64 = 12.5;
/// Height of a line of the legend.
const LEGEND_LINE: i32 = 18;
/// Room left of the plot: the axis' name and its ticks' figures.
const LEFT: i32 = 56;
/// Room below the plot.
const BELOW: i32 = 46;

/// Opacity of filled bars.
const BAR: f64 = 0.4;
/// Opacity of areas of spread.
const AREA: f64 = 0.13;
/// Opacity of thin lines.
const THIN: f64 = 0.6;
/// Length of a dash, and of the gap after it.
const DASH: i32 = 6 * SCALE;
const GAP: i32 = 4 * SCALE;

const INK: RGBColor = RGBColor(40, 40, 40);
const MESH: RGBColor = RGBColor(226, 226, 226);

/// A plot with its axes.
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
type Area<'b> = DrawingArea<SVGBackend<'b>, Shift>;
/// What drawing gives.
pub(super) type Drawn = std::result::Result<(), Fault>;
/// Why nothing was drawn.
pub(super) type Fault = DrawingAreaErrorKind<std::io::Error>;

/// The shape that stands at a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A filled circle.
    Dot,
    /// An open circle.
    Ring,
    /// A filled triangle.
    Triangle,
    /// Nothing: a line alone.
    None,
    /// Nothing: a filled bar.
    Bar,
}

/// How a series looks, in the plot and in the legend. Series differ in shape as well as in colour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub colour: RGBColor,
    pub mark: Mark,
    pub dashed: bool,
}

/// One panel before it is drawn.
#[derive(Debug)]
pub(super) struct Panel {
    /// Shown size.
    pub size: (i32, i32),
    /// What the panel shows, for those who cannot see it.
    pub description: String,
    pub across: Axis,
    pub up: Axis,
    pub legend: Vec<(Look, String)>,
}

impl Panel {
    /// Draws the frame, and in it what `plot` draws; gives the SVG element.
    pub fn draw(
        &self,
        plot: impl for<'a, 'b> FnOnce(&mut Chart<'a, 'b>) -> Drawn,
    ) -> Result<String> {
        let mut svg = String::new();
        self.draw_into(&mut svg, plot).map_err(|error| {
            Error::new(format!("cannot draw the figure '{}'", self.description)).because(error)
        })?;
        Ok(self.with_head(&svg))
    }

    /// As [`Panel::draw`], with the SVG elements on top that `plot` gives.
    pub fn draw_with(
        &self,
        plot: impl for<'a, 'b> FnOnce(&mut Chart<'a, 'b>) -> std::result::Result<String, Fault>,
    ) -> Result<String> {
        let mut elements = String::new();
        let mut svg = self.draw(|chart| {
            elements = plot(chart)?;
            Ok(())
        })?;
        svg.insert_str(svg.rfind("</svg>").unwrap_or(svg.len()), &elements);
        Ok(svg)
    }

    fn draw_into(
        &self,
        svg: &mut String,
        plot: impl for<'a, 'b> FnOnce(&mut Chart<'a, 'b>) -> Drawn,
    ) -> Drawn {
        let canvas = ((self.size.0 * SCALE) as u32, (self.size.1 * SCALE) as u32);
        let root = SVGBackend::with_string(svg, canvas).into_drawing_area();
        let lines = self.legend.len() as i32;
        let (above, below) = root.split_vertically((LEGEND_LINE * lines + 4) * SCALE);
        for (line, (look, words)) in self.legend.iter().enumerate() {
            legend_line(&above, line as i32, *look, words)?;
        }
        let mut chart = ChartBuilder::on(&below)
            .margin_right(14 * SCALE)
            .margin_top(8 * SCALE)
            .set_label_area_size(LabelAreaPosition::Left, LEFT * SCALE)
            .set_label_area_size(LabelAreaPosition::Bottom, BELOW * SCALE)
            .build_cartesian_2d(self.across.clone(), self.up.clone())?;
        chart
            .configure_mesh()
            .axis_style(INK.stroke_width(SCALE as u32))
            .bold_line_style(MESH.stroke_width(SCALE as u32))
            .light_line_style(TRANSPARENT)
            .set_all_tick_mark_size(4 * SCALE)
            .label_style(writing())
            .axis_desc_style(writing())
            .x_desc(self.across.name.as_str())
            .y_desc(self.up.name.as_str())
            .draw()?;
        plot(&mut chart)?;
        root.present()
    }

    /// Gives the element its shown size and its description in place of the canvas' size.
    fn with_head(&self, svg: &str) -> String {
        let (width, height) = self.size;
        let body = svg.split_once('>').map_or("", |(_, body)| body);
        let description = Escaped(&self.description);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{description}\">\n\
             <title>{description}</title>{body}",
            width * SCALE,
            height * SCALE
        )
    }
}

/// plotters divides a size by 1.24 on its way into SVG.
fn writing() -> TextStyle<'static> {
    ("sans-serif", WRITING * 1.24 * f64::from(SCALE)).into_font().color(&INK)
}

fn legend_line(area: &Area<'_>, line: i32, look: Look, words: &str) -> Drawn {
    let middle = (LEGEND_LINE * line + LEGEND_LINE / 2 + 4) * SCALE;
    let (from, to) = (LEFT * SCALE, (LEFT + 26) * SCALE);
    if look.mark == Mark::Bar {
        let half = 5 * SCALE;
        let bar = [(from, middle - half), (to, middle + half)];
        area.draw(&Rectangle::new(bar, look.colour.mix(BAR).filled()))?;
    } else {
        let points = vec![(from, middle), (to, middle)];
        if look.dashed {
            area.draw(&DashedPathElement::new(points, DASH, GAP, stroke(look.colour)))?;
        } else {
            area.draw(&PathElement::new(points, stroke(look.colour)))?;
        }
        for element in marks(look, ((from + to) / 2, middle)) {
            area.draw(&element)?;
        }
    }
    let style = writing().pos(Pos::new(HPos::Left, VPos::Center));
    area.draw(&Text::new(printable(words), (to + 7 * SCALE, middle), style))
}

fn stroke(colour: RGBColor) -> ShapeStyle {
    colour.stroke_width((1.8 * f64::from(SCALE)) as u32)
}

/// The mark of a series at one place, in the coordinates of whatever it is drawn on.
fn marks<'b, C: Clone + 'static>(look: Look, at: C) -> Vec<DynElement<'static, SVGBackend<'b>, C>> {
    let colour = look.colour;
    let radius = 7 * SCALE / 2;
    match look.mark {
        Mark::Dot => vec![Circle::new(at, radius, colour.filled()).into_dyn()],
        Mark::Ring => vec![
            Circle::new(at.clone(), radius, WHITE.filled()).into_dyn(),
            Circle::new(at, radius, stroke(colour)).into_dyn(),
        ],
        Mark::Triangle => {
            vec![TriangleMarker::new(at, 9 * SCALE / 2, colour.filled()).into_dyn()]
        }
        Mark::None | Mark::Bar => Vec::new(),
    }
}

/// A line through the points.
pub(super) fn line(chart: &mut Chart<'_, '_>, look: Look, points: Vec<(f64, f64)>) -> Drawn {
    let style = stroke(look.colour);
    if look.dashed {
        chart.draw_series(DashedLineSeries::new(points, DASH, GAP, style))?;
    } else {
        chart.draw_series([PathElement::new(points, style)])?;
    }
    Ok(())
}

/// The series' mark at each point.
pub(super) fn points(chart: &mut Chart<'_, '_>, look: Look, points: &[(f64, f64)]) -> Drawn {
    for &point in points {
        chart.draw_series(marks(look, point))?;
    }
    Ok(())
}

/// A filled bar between two corners.
pub(super) fn bar(chart: &mut Chart<'_, '_>, colour: RGBColor, corners: [(f64, f64); 2]) -> Drawn {
    chart.draw_series([Rectangle::new(corners, colour.mix(BAR).filled())])?;
    Ok(())
}

/// Level bars of a height, each from left to right at its middle: one path, however many.
pub(super) fn levels(
    chart: &Chart<'_, '_>,
    colour: RGBColor,
    height: f64,
    bars: &[([f64; 2], f64)],
) -> String {
    let placed = |at: f64, up: f64| chart.backend_coord(&(at, up));
    let thick = placed(0.0, 0.0).1 - placed(0.0, height).1;
    let mut path = String::new();
    for &([from, to], middle) in bars {
        let ((left, y), (right, _)) = (placed(from, middle), placed(to, middle));
        path.push_str(&format!("M{left} {y}h{}", right - left));
    }
    let RGBColor(red, green, blue) = colour;
    format!(
        "<path d=\"{path}\" fill=\"none\" stroke=\"rgb({red},{green},{blue})\" \
         stroke-width=\"{thick}\"/>\n"
    )
}

/// A pale area, given by its outline.
pub(super) fn area(chart: &mut Chart<'_, '_>, colour: RGBColor, outline: Vec<(f64, f64)>) -> Drawn {
    chart.draw_series([Polygon::new(outline, colour.mix(AREA))])?;
    Ok(())
}

/// A thin dashed line of reference.
pub(super) fn reference(chart: &mut Chart<'_, '_>, points: [(f64, f64); 2]) -> Drawn {
    let style = super::GREY.stroke_width(SCALE as u32);
    chart.draw_series(DashedLineSeries::new(points, 3 * SCALE, 3 * SCALE, style))?;
    Ok(())
}

/// A thin line, for one curve among many.
pub(super) fn thin(chart: &mut Chart<'_, '_>, colour: RGBColor, points: Vec<(f64, f64)>) -> Drawn {
    chart.draw_series([PathElement::new(points, colour.mix(THIN).stroke_width(SCALE as u32))])?;
    Ok(())
}

/// Grey words in the plot, that side of them at `at` which the positions name.
pub(super) fn label(
    chart: &mut Chart<'_, '_>,
    at: (f64, f64),
    (across, up): (HPos, VPos),
    words: &str,
) -> Drawn {
    let style = writing().color(&super::GREY).pos(Pos::new(across, up));
    chart.draw_series([Text::new(printable(words), at, style)])?;
    Ok(())
}
