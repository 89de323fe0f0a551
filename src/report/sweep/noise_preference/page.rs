//! A sweep of `noise-preference` as a page: figures against a setting, the studies, the cells.
//!
//! Place in the flow: cells and studies -> figures, tables -> the frame of [`html`].

use super::{lacking, title};
use crate::analysis::noise::Site;
use crate::datasets::tasks::Name;
use crate::error::Result;
use crate::experiments::noise_preference::found::Network;
use crate::experiments::sweep::Collection;
use crate::experiments::sweep::findings::{Preferences, Study};
use crate::report::figures::against::{Against, Series};
use crate::report::html::{self, figures::figure, provenance, section};
use crate::report::markup::Escaped;
use crate::report::noise_preference::{PAPER, TITLE, kinds_table, preferences};
use crate::report::numbers::{count, duration};
use crate::report::sweep::cells::{self, at};

/// A panel's heading, its axis, the value of a network, levels that are marked.
type Measure = (&'static str, &'static str, fn(&Network) -> Option<f64>, &'static [f64]);

/// What is drawn against a setting, of networks trained with noise.
const MEASURES: [Measure; 3] = [
    (
        "preferred over training noise",
        "preferred / s",
        |network| Some(network.ratio?.value),
        &[0.0, 1.0],
    ),
    (
        "loss without noise over loss at training noise",
        "loss(0) / loss(s)",
        |network| Some(network.at(0.0).loss / network.at(network.level).loss),
        &[1.0],
    ),
    ("loss at training noise", "loss(s)", |network| Some(network.at(network.level).loss), &[0.0]),
];

/// The whole page.
pub(in crate::report::sweep) fn page(
    cells: &Collection<Preferences>,
    studies: &[Study],
) -> Result<String> {
    let heading = format!("{TITLE} over {}", cells.vary.join(", "));
    let found = match studies {
        [only] => preferences(&only.outcome).iter().map(|words| format!(" {words}")).collect(),
        _ => String::new(),
    };
    let mut sections = vec![cells::header(cells, &heading, false, &found)];
    let names = cells.vary.iter().map(String::as_str);
    let names = names.filter(|name| !Study::OVER.contains(name));
    if let Some(setting) = cells::setting(cells, names, "") {
        sections.push(section(
            &format!("Against {}", Escaped(setting)),
            &against(cells, studies, setting)?,
        ));
    }
    if !studies.is_empty() {
        sections.push(section("Studies", &tables(studies)));
    }
    let caption = "Networks that a cell trained and tested, and its wall time";
    sections.push(cells::done(cells, caption, &["networks", "time"], |found, seconds| {
        vec![count(found.outcome.networks.len()), duration(seconds)]
    }));
    sections.push(cells::rest(cells));
    sections.push(section("Sources", &provenance::source_list(&[PAPER])));
    Ok(html::document(&heading, &cells.version, &sections.concat()))
}

/// A table of every study's kinds of networks.
fn tables(studies: &[Study]) -> String {
    let note = "<p class=\"note\">A study is all done cells that differ in tasks, sites, training \
         noise and seeds alone. Its own page, with every figure of a run, is report.html in the \
         folder named here, below the sweep\u{2019}s.</p>\n";
    let headed: Vec<_> = studies.iter().map(|study| (title(study), &study.outcome)).collect();
    let lacking = studies.iter().filter_map(|study| {
        let words = format!("studies/{}: {}", study.hash, lacking(study)?);
        Some(format!("<p class=\"note\">{}</p>\n", Escaped(&words)))
    });
    let lacking: String = lacking.collect();
    note.to_owned() + &kinds_table(&headed) + &lacking
}

/// Every measure of every task against the setting: a point per network, a line through the means.
fn against(cells: &Collection<Preferences>, studies: &[Study], setting: &str) -> Result<String> {
    let mut tasks: Vec<Name> = Vec::new();
    let mut kinds: Vec<(Site, f64)> = Vec::new();
    for network in networks(studies).filter(|network| network.level > 0.0) {
        let kind = (network.site, network.level);
        tasks.extend((!tasks.contains(&network.task)).then_some(network.task));
        kinds.extend((!kinds.contains(&kind)).then_some(kind));
    }
    let words: Vec<String> =
        kinds.iter().map(|(site, level)| format!("{site}, s = {level}")).collect();
    let mut panels = Vec::new();
    for task in tasks {
        for (heading, name, value, marked) in MEASURES {
            let series: Vec<Series<'_>> = (kinds.iter().zip(&words))
                .map(|(kind, words)| {
                    let of = |network: &&Network| {
                        (network.task, (network.site, network.level)) == (task, *kind)
                    };
                    let points = studies.iter().flat_map(|study| {
                        let place = at(&study.values, setting);
                        let networks = study.outcome.networks.iter().filter(of);
                        networks.filter_map(move |network| Some((place?, value(network)?)))
                    });
                    (words.as_str(), points.collect())
                })
                .collect();
            let description = format!("Task {task}: {heading}, by site and training noise");
            let panel = Against { setting, name, description: &description, series, marked };
            panels.extend(panel.panel()?.map(|svg| format!("<h3>{task}: {heading}</h3>\n{svg}")));
        }
    }
    let names = cells.vary.iter().map(String::as_str);
    let others = names.filter(|name| *name != setting && !Study::OVER.contains(name));
    let others = others.collect::<Vec<_>>().join(", ");
    let over = match others.as_str() {
        "" => String::new(),
        others => format!(" and over {}", Escaped(others)),
    };
    let caption = format!(
        "Networks trained with noise s, by the site of the noise. Points: one per network; lines: \
         means over networks{over}. Dashed: preferred noise 0 and equal to training noise; a loss \
         that is the same without noise."
    );
    Ok(figure("wide", &panels, &caption, "No network trained with noise is done yet."))
}

fn networks(studies: &[Study]) -> impl Iterator<Item = &Network> {
    studies.iter().flat_map(|study| &study.outcome.networks)
}
