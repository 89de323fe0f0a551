//! Does the noise leave a colour? DFA and spectra of units' states, beside a unit without feedback.
//!
//! Place in the flow: outcome and kinds -> a section of the page.

use super::findings;
use super::kinds::{Kind, level_of, mean, or_none, place, short};
use super::parts::{between, captioned, headed, panels, sentence};
use super::preference::{MULTIPLES, without};
use crate::datasets::tasks::Name;
use crate::error::Result;
use crate::experiments::noise_preference::found::{Colour, Network, Outcome};
use crate::report::figures::against::means;
use crate::report::figures::curves::{Curve, Curves, Guides};
use crate::report::figures::plot::{Plot, Series, Style, grey};
use crate::report::html::tables::{headings, number, table};
use crate::report::numbers::{fixed, spread};

/// Said of the feedforward network.
const FEEDFORWARD: &str = "The feedforward network has no colour to be measured: its units keep \
     nothing from step to step, and its noise is independent at every step, so that its states are \
     white.";

/// The section.
pub(super) fn colours(outcome: &Outcome, kinds: &[Kind<'_>]) -> Result<String> {
    let feedforward = kinds.iter().any(|kind| kind.task == Name::Feedforward);
    let feedforward = sentence(feedforward.then(|| FEEDFORWARD.to_owned()));
    let coloured = |kind: &Kind<'_>| kind.networks.iter().any(|one| !one.colours.is_empty());
    if !kinds.iter().any(coloured) {
        return Ok(feedforward);
    }
    let exponents = format!(
        "Beta = 2 alpha \u{2212} 1 of every unit\u{2019}s state under one input held, mean over \
         units and networks: 0 is white, 1 is 1/f, 2 a random walk. Dashed: a unit whose only \
         memory is its own 1 \u{2212} g, on as many steps. Held is the middle input of the \
         function, of the maze and the suite the first input of a trial, of path integration no \
         velocity.{}",
        without(kinds)
    );
    let spectra_caption = "Spectrum summed over the units, its integral 1, of the first network \
         of each task and site at the largest training noise s, by test noise; beside that of a \
         unit without feedback. Dashed: slopes.";
    Ok(sentence(findings::colours(kinds))
        + &feedforward
        + &captioned("wide", &betas(kinds)?, &exponents)
        + &between("Their spectra:", captioned("wide", &spectra(outcome, kinds)?, spectra_caption))
        + &between("By test noise:", by_noise(kinds)))
}

/// Beta of units' states against noise.
fn betas(kinds: &[Kind<'_>]) -> Result<Vec<String>> {
    let series = |kind: &Kind<'_>, value: fn(&Colour) -> f64| {
        let all = kind.networks.iter().flat_map(|network| network.colours.iter());
        means(
            &all.map(|colour| (colour.noise / kind.unit, value(colour)))
                .filter(|point| point.1.is_finite())
                .collect::<Vec<_>>(),
        )
    };
    panels(kinds, |kinds, heading| {
        let alone = kinds.iter().flat_map(|kind| series(kind, |colour| colour.without_feedback));
        let mut all = vec![Series::new(
            "a unit without feedback",
            grey(),
            Style::Dashed,
            means(&alone.collect::<Vec<_>>()),
        )];
        for kind in kinds {
            let course = series(kind, |colour| colour.beta[0]);
            let place = if kind.level == 0.0 { 6 } else { kind.colour };
            all.push(Series::new(&kind.words(), place, Style::Dotted, course));
        }
        all.retain(|one| !one.points.is_empty());
        Plot {
            description: format!(
                "{heading}: mean beta of units' states against test noise, and of a unit without \
                 feedback"
            ),
            across: MULTIPLES,
            up: "beta (DFA)",
            series: all,
            uprights: &[1.0],
            ..Plot::default()
        }
    })
}

/// Spectra of the first network of each task and site, one curve per test noise.
fn spectra(outcome: &Outcome, kinds: &[Kind<'_>]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for kind in findings::loudest(kinds) {
        let has = |network: &&&Network| network.colours.iter().any(|one| !one.spectrum.is_empty());
        let Some(network) = kind.networks.iter().find(has) else { continue };
        let drawn = network.colours.iter().filter(|colour| !colour.spectrum.is_empty());
        let mut singles: Vec<Curve> = drawn
            .clone()
            .map(|colour| {
                let words = format!("noise {} s", short(colour.noise / kind.unit));
                curve(&words, colour.spectrum.iter().copied())
            })
            .collect();
        let about = outcome.tasks.iter().find(|about| about.task == kind.task);
        if let (Some(about), Some(colour)) = (about, drawn.clone().next()) {
            let alone = colour.spectrum.iter().map(|[at, _]| [*at, process(about.rate, *at)]);
            singles.push(curve("a unit without feedback", alone));
        }
        let heading = format!("{}, s = {}", place(kind.task, kind.site), level_of(kind.level));
        let panel = Curves {
            description: format!(
                "{heading}: power density of the units' states against frequency, by test noise, \
                 and of a unit without feedback"
            ),
            across: "frequency (cycles per step)".into(),
            up: "power density".into(),
            singles,
            bands: Vec::new(),
            guides: Guides::Slopes(&[0.0, -1.0, -2.0]),
            per_second: None,
        };
        found.extend(panel.panel()?.map(|svg| headed(&heading, &svg)));
    }
    Ok(found)
}

/// A curve through points on two logarithmic axes.
fn curve(name: &str, points: impl Iterator<Item = [f64; 2]>) -> Curve {
    let logarithms = points.map(|[at, value]| (at.log10(), value.log10()));
    Curve {
        name: name.to_owned(),
        points: logarithms.filter(|(at, value)| at.is_finite() && value.is_finite()).collect(),
        fits: Vec::new(),
    }
}

/// The power density of `h' = (1 - g) h + g ξ` at `frequency` cycles per step, its integral up to
/// 1/2 being 1.
fn process(g: f64, frequency: f64) -> f64 {
    let keep = 1.0 - g;
    let turn = (std::f64::consts::TAU * frequency).cos();
    2.0 * (1.0 - keep * keep) / (1.0 - 2.0 * keep * turn + keep * keep)
}

/// Exponents at every test noise, kind by kind.
fn by_noise(kinds: &[Kind<'_>]) -> String {
    let line = |(kind, noise): (&Kind<'_>, f64)| {
        let colours = kind.networks.iter().flat_map(|network| network.colours.iter());
        let found: Vec<&Colour> = colours.filter(|colour| colour.noise == noise).collect();
        let over = |value: &dyn Fn(&Colour) -> f64| mean(found.iter().map(|colour| value(colour)));
        let two = |value: Option<f64>| value.map_or_else(|| or_none(None), |value| fixed(value, 2));
        // One unit has no spread.
        let several = found.iter().filter(|colour| colour.units > 1);
        let deviation = mean(several.map(|colour| colour.beta[1]));
        let figures = [
            level_of(kind.level),
            short(noise / kind.unit),
            two(mean(found.iter().filter_map(|colour| colour.spectral))),
            spread(over(&|colour| colour.beta[0]), deviation),
            two(over(&|colour| colour.local[0])),
            two(over(&|colour| colour.local[1])),
            two(over(&|colour| colour.without_feedback)),
            over(&|colour| colour.units as f64)
                .map_or_else(|| or_none(None), |many| fixed(many, 1)),
        ];
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td>{}</tr>\n",
            kind.task,
            kind.site,
            figures.iter().map(|figure| number(figure)).collect::<String>()
        )
    };
    let lines = |kind: &Kind<'_>| -> String {
        let mut noises: Vec<f64> = (kind.networks.iter())
            .flat_map(|network| network.colours.iter().map(|colour| colour.noise))
            .collect();
        noises.sort_by(f64::total_cmp);
        noises.dedup();
        noises.into_iter().map(|noise| line((kind, noise))).collect()
    };
    let trained = kinds.iter().filter(|kind| kind.level > 0.0);
    let body: String = trained.map(lines).collect();
    if body.is_empty() {
        return body;
    }
    let figures = [
        "s",
        "noise / s",
        "beta, spectrum",
        "beta, DFA",
        "small windows",
        "large windows",
        "without feedback",
        "units that move",
    ];
    let caption = "Means over networks trained at s, by test noise: beta of the spectrum summed \
         over the units; by DFA with its standard deviation over units, over small and over large \
         windows; and by DFA of a unit without feedback";
    let headings = headings(&["task", "noise"], &figures);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

#[cfg(test)]
mod tests {
    use super::process;

    #[test]
    fn the_density_of_a_unit_without_feedback_has_the_integral_1() {
        for g in [0.1, 0.5, 1.0] {
            let density = |bin: u32| process(g, (f64::from(bin) + 0.5) / 20_000.0) / 20_000.0;
            assert!(((0..10_000).map(density).sum::<f64>() - 1.0).abs() < 1e-6, "{g}");
        }
        assert!(process(0.1, 0.001) > 100.0 * process(0.1, 0.5));
    }
}
