//! The analysis as a page: one file that holds its style and its figures and loads nothing.
//!
//! Place in the flow: [`Analysis`] -> `words`, `tables`, `curves` -> the frame of [`html`]. Its
//! size hardly grows with the number of traces: of many, quantiles and the most unusual are shown.

use std::collections::BTreeMap;

use super::curves::{self, FEW};
use super::words::{NONE, common_rate, of_the_set};
use super::{reading, tables};
use crate::error::Result;
use crate::experiments::analyze::{Analysis, Trace};
use crate::report::figures::alphas::{Whisker, histogram, intervals};
use crate::report::html::{self, figures::figure, provenance, section};
use crate::report::markup::{Escaped, typeset_prose};
use crate::report::numbers::{count, several};
use crate::report::paper::{self, Source};
use crate::signal::gaps::Policy;

/// Files that are listed.
const MOST_FILES: usize = 20;

/// What the verdicts rest on.
const SOURCES: [Source; 4] = [
    paper::DFA,
    Source {
        citation: "R. E. Kass, A. E. Raftery: Bayes factors. Journal of the American Statistical \
             Association 90, 773 (1995).",
        of: "how differences of the Bayesian information criterion are read",
        address: "https://doi.org/10.1080/01621459.1995.10476572",
    },
    Source {
        citation: "A. M. Sykulski, S. C. Olhede, A. P. Guillaumin, J. M. Lilly, J. J. Early: The \
             debiased Whittle likelihood. Biometrika 106, 251 (2019).",
        of: "the likelihood by which short memory is weighed against a power law",
        address: "https://doi.org/10.1093/biomet/asy071",
    },
    Source {
        citation: "J. Theiler, S. Eubank, A. Longtin, B. Galdrikian, J. D. Farmer: Testing for \
             nonlinearity in time series: the method of surrogate data. Physica D 58, 77 (1992).",
        of: "surrogates",
        address: "https://doi.org/10.1016/0167-2789(92)90102-S",
    },
];

/// What the figures show.
const CAPTION: &str = "<b>Alpha</b>: few traces with the interval that holds 95 % of self-similar \
     Gaussian traces of that length, many as a histogram coloured by verdict; dashed: 0.5, 1 and \
     1.5 (white, 1/f and Brownian noise). <b>F(n)</b>: root mean square residual over windows of \
     n samples, with the least-squares fits; of many traces the quantiles at each n of F(n) \
     divided by its value at the smallest n; dashed: slopes 0.5, 1 and 1.5. <b>Local alpha</b>: \
     the exponent over half a decade of sizes, at their geometric mean; a power law is level, an \
     AR(1) falls from 1.5 to 0.5, a crossover is a step; neighbouring values share sizes. \
     <b>Spectrum</b>: in bands of equal width in log f; of many traces the quantiles, each trace \
     divided by its geometric mean over the bands; dashed: slopes 0, \u{2212}1 and \u{2212}2. \
     Thin lines: the traces whose alpha is at the quantiles 5, 25, 50, 75 and 95 %. Traces \
     without F(n) are not drawn.";

/// The whole page.
pub(super) fn page(analysis: &Analysis) -> Result<String> {
    let traces = &analysis.traces;
    let files = files(analysis);
    let title = title(analysis, &files);
    let verdicts =
        tables::verdicts(analysis) + &tables::surrogates(traces) + &tables::flags(traces);
    let sections = [
        header(analysis, &title),
        section("Exponents, fluctuations, spectra", &figures(traces)?),
        section("Verdicts", &verdicts),
        section("Traces", &tables::traces(traces)),
        section("Methods", &methods(analysis)),
        section("How this was made", &provenance::definitions(&entries(analysis, &files))),
        section("Sources", &provenance::source_list(&SOURCES)),
    ];
    Ok(html::document(&title, &analysis.version, &sections.concat()))
}

/// All figures: the exponents, then three panels per group.
fn figures(traces: &[Trace]) -> Result<String> {
    let mut panels = exponents(traces)?;
    let (groups, left_out) = curves::groups(traces);
    for group in &groups {
        for (name, curves) in [
            ("F(n)", group.fluctuation()),
            ("Local alpha", group.local_slopes()),
            ("Spectrum", group.spectrum()),
        ] {
            if let Some(svg) = curves.panel()? {
                panels.push(format!("<h3>{name} <span>{}</span></h3>\n{svg}", group.heading()));
            }
        }
    }
    let rest = match left_out {
        0 => String::new(),
        more => {
            format!(" The curves of {} of other lengths are not drawn.", several(more, "trace"))
        }
    };
    Ok(figure("wide", &panels, &format!("{CAPTION}{rest}"), "No exponent is defined."))
}

/// The files in the order of the traces, with the number of traces of each.
fn files(analysis: &Analysis) -> Vec<(&str, usize)> {
    let mut files: Vec<(&str, usize)> = Vec::new();
    for trace in &analysis.traces {
        match files.last_mut() {
            Some((file, traces)) if *file == trace.source => *traces += 1,
            _ => files.push((&trace.source, 1)),
        }
    }
    files
}

fn title(analysis: &Analysis, files: &[(&str, usize)]) -> String {
    let traces = several(analysis.traces.len(), "trace");
    match files {
        [(file, _)] => format!("{traces} of {file}"),
        _ => format!("{traces} of {}", several(files.len(), "file")),
    }
}

fn header(analysis: &Analysis, title: &str) -> String {
    let traces = &analysis.traces;
    let summary = match traces.as_slice() {
        [one] => reading(one),
        _ => of_the_set(analysis, FEW),
    };
    let readings = if (2..=FEW).contains(&traces.len()) { readings(traces) } else { String::new() };
    let byline = [
        lengths(traces),
        rate(traces),
        format!("DFA of order {}", analysis.order),
        analysis.device.name.clone(),
    ];
    format!(
        "<header>\n<p class=\"name\">noisescope {} \u{b7} analyze</p>\n<h1>{}</h1>\n\
         <p class=\"summary\">{}</p>\n{readings}<p class=\"byline\">{}</p>\n</header>\n",
        Escaped(&analysis.version),
        Escaped(title),
        Escaped(&typeset_prose(&summary)),
        Escaped(&byline.join(" \u{b7} "))
    )
}

/// What the numbers of each trace mean.
fn readings(traces: &[Trace]) -> String {
    let line = |trace: &Trace| {
        let (name, words) = (&trace.name, typeset_prose(&reading(trace)));
        format!("<li><strong>{}</strong>: {}</li>\n", Escaped(name), Escaped(&words))
    };
    format!("<ul class=\"cautions\">\n{}</ul>\n", traces.iter().map(line).collect::<String>())
}

/// Alpha of each trace, or its histogram over each range of sizes.
fn exponents(traces: &[Trace]) -> Result<Vec<String>> {
    let titled = |words: &str, svg: String| format!("<h3>Alpha <span>{words}</span></h3>\n{svg}");
    if traces.len() <= FEW {
        let svg = intervals(&whiskers(traces))?;
        return Ok(svg.into_iter().map(|svg| titled("with its 95 % interval", svg)).collect());
    }
    let mut panels = Vec::new();
    for at in 0..traces.iter().map(|trace| trace.fits.len()).max().unwrap_or(0) {
        let alpha = |trace: &Trace| Some((trace.fits.get(at)?.alpha?, trace.verdict));
        let svg = histogram(&traces.iter().filter_map(alpha).collect::<Vec<_>>())?;
        panels.extend(svg.map(|svg| titled(&format!("over {}", range_of(traces, at)), svg)));
    }
    Ok(panels)
}

fn whiskers(traces: &[Trace]) -> Vec<Whisker> {
    let drawn = traces.iter().filter(|trace| trace.fluctuation.is_some());
    drawn
        .enumerate()
        .flat_map(|(place, trace)| {
            trace.fits.iter().filter_map(move |fit| {
                let [from, to] = fit.range;
                let alpha = fit.alpha.filter(|alpha| alpha.is_finite())?;
                let name = match trace.fits.len() {
                    1 => trace.name.clone(),
                    _ => format!("{}, n {from} to {to}", trace.name),
                };
                Some(Whisker { name, alpha, interval: fit.alpha_interval, place })
            })
        })
        .collect()
}

/// The sizes of the fit number `at`, in samples, and in seconds where the traces share a rate.
pub(super) fn range_of(traces: &[Trace], at: usize) -> String {
    let ranges = || traces.iter().filter_map(|trace| Some(trace.fits.get(at)?.range));
    let Some([from, to]) = ranges().next() else { return String::new() };
    if ranges().any(|range| range != [from, to]) {
        let one = traces.iter().all(|trace| trace.fits.len() == 1);
        let which = if one { "the sizes".to_owned() } else { format!("range {}", at + 1) };
        return format!("{which} of each length");
    }
    let seconds = common_rate(&traces.iter().collect::<Vec<_>>()).map_or(String::new(), |rate| {
        format!(", {:.3} to {:.3} s", from as f64 / rate, to as f64 / rate)
    });
    format!("{from} to {to} samples{seconds}")
}

fn methods(analysis: &Analysis) -> String {
    let paragraph = |words: &String| format!("<p>{}</p>\n", Escaped(&typeset_prose(words)));
    analysis.conventions.iter().map(paragraph).collect()
}

fn entries(analysis: &Analysis, files: &[(&str, usize)]) -> Vec<(&'static str, String)> {
    let traces = &analysis.traces;
    let mut listed: Vec<String> = files
        .iter()
        .take(MOST_FILES)
        .map(|(file, traces)| format!("{file} ({})", several(*traces, "trace")))
        .collect();
    if files.len() > MOST_FILES {
        listed.push(format!("and {} more", count(files.len() - MOST_FILES)));
    }
    let device = &analysis.device;
    let named = format!("{} ({}, {})", device.name, device.backend, device.kind);
    let fits =
        (0..traces.first().map_or(0, |trace| trace.fits.len())).map(|at| range_of(traces, at));
    vec![
        ("noisescope", analysis.version.clone()),
        ("device", provenance::noted(&named, &analysis.notes)),
        ("files", listed.join("; ")),
        ("lengths", lengths(traces)),
        ("rate", rate(traces)),
        ("order", analysis.order.to_string()),
        ("convention", analysis.convention.name().to_owned()),
        ("windows", windows(traces)),
        ("fit ranges", fits.collect::<Vec<_>>().join("; ")),
        ("samples that are not finite", analysis.gaps.map_or("flagged", Policy::name).to_owned()),
        ("surrogates", format!("{} of each kind", analysis.surrogates)),
        ("seed", analysis.seed.to_string()),
    ]
}

/// How many samples the traces have.
fn lengths(traces: &[Trace]) -> String {
    let samples = || traces.iter().map(|trace| trace.samples);
    match (samples().min(), samples().max()) {
        (Some(low), Some(high)) if low < high => {
            format!("{} to {}", count(low), several(high, "sample"))
        }
        (Some(one), _) => several(one, "sample"),
        _ => NONE.to_owned(),
    }
}

/// Samples per second.
fn rate(traces: &[Trace]) -> String {
    let mut rates: BTreeMap<u64, f64> = BTreeMap::new();
    rates.extend(traces.iter().filter_map(|trace| trace.rate).map(|rate| (rate.to_bits(), rate)));
    match rates.values().copied().collect::<Vec<f64>>().as_slice() {
        [] => "rate not known".to_owned(),
        [rate] => format!("{rate} Hz"),
        several => {
            format!("{} rates, {} to {} Hz", several.len(), several[0], several[several.len() - 1])
        }
    }
}

/// The windows of the first trace, and whether all have them.
fn windows(traces: &[Trace]) -> String {
    let Some(first) = traces.first() else { return NONE.to_owned() };
    let sizes: Vec<String> = first.windows.iter().map(usize::to_string).collect();
    let same = traces.iter().all(|trace| trace.windows == first.windows);
    let others = if same { "" } else { " (the first trace's; the others' by length)" };
    format!("{} samples{others}", sizes.join(", "))
}
