//! The page: header, claims, the table of all kinds, provenance, and the order of all sections.
//!
//! Place in the flow: [`Outcome`] -> HTML. A section without data is left out.

use super::claims::{Claim, PAPER, RULES, claims};
use super::kinds::{Kind, kinds, level_of};
use super::text::{figures, size};
use super::{TITLE, beside, cause, colours, preference, preferences, units};
use crate::error::Result;
use crate::experiments::noise_preference::found::{About, Group, Outcome};
use crate::report::html::tables::{headings, number, table};
use crate::report::html::{document, provenance, section};
use crate::report::markup::{Escaped, typeset_prose};
use crate::report::numbers::{count, duration};

/// Headings of the figures of [`figures`].
const FIGURES: [&str; 8] = [
    "n",
    "loss at s",
    "loss at 0",
    "preferred noise",
    "preferred / s",
    "loss(0) / loss(preferred)",
    "bias\u{b2} at s",
    "distance",
];

/// The whole page.
pub(super) fn page(outcome: &Outcome) -> Result<String> {
    let kinds = kinds(outcome);
    let parts = [
        ("What the paper claims", claim_table(&kinds)),
        ("Preferred noise", preference::preferred(outcome)?),
        ("Loss against test noise", preference::losses(outcome, &kinds)?),
        ("Bias and variance", preference::parts(&kinds)?),
        ("Noise shifts the fixed points", cause::shifts(&kinds)?),
        ("Single units", units::units(&kinds)?),
        ("Distance from the nonlinearity", cause::distances(&kinds)?),
        ("One neuron, exactly", beside::neurons(outcome)),
        ("Through the maze", beside::maze(outcome, &kinds)?),
        ("Does the noise leave a colour?", colours::colours(outcome, &kinds)?),
        ("Is it stochastic resonance?", beside::resonance(outcome, &kinds)?),
        ("Theory against simulation", beside::theory(outcome)),
        ("All kinds of networks", all(outcome)),
        ("Training", preference::training(&kinds)?),
        ("Methods", methods(outcome)),
        ("How this was made", made(outcome)),
        ("Sources", provenance::source_list(&[PAPER])),
    ];
    let sections: String = (parts.iter())
        .filter(|(_, body)| !body.is_empty())
        .map(|(heading, body)| section(heading, body))
        .collect();
    let body = header(outcome) + &sections;
    Ok(document(TITLE, &outcome.version, &body))
}

fn header(outcome: &Outcome) -> String {
    let found = preferences(outcome);
    let summary = match found.is_empty() {
        true => "No network was trained with noise.".to_owned(),
        false => found.join(" "),
    };
    let tasks: Vec<String> = outcome.tasks.iter().map(|about| about.task.to_string()).collect();
    format!(
        "<header>\n<p class=\"name\">noisescope {} \u{b7} {}</p>\n<h1>{TITLE}</h1>\n<p \
         class=\"summary\">{}</p>\n<p class=\"byline\">Seed {} \u{b7} {} \u{b7} {}</p>\n\
         </header>\n",
        Escaped(&outcome.version),
        Escaped(&outcome.experiment),
        Escaped(&typeset_prose(&summary)),
        outcome.seed,
        tasks.join(", "),
        Escaped(&outcome.device.name),
    )
}

fn claim_table(kinds: &[Kind<'_>]) -> String {
    let claims = claims(kinds);
    if claims.is_empty() {
        return String::new();
    }
    let escaped = |words: &String| Escaped(&typeset_prose(words)).to_string();
    let line = |(place, claim, many): (usize, &Claim, usize)| {
        let heading = match place {
            0 => format!(
                "<th scope=\"rowgroup\" rowspan=\"{many}\" class=\"prose\">{}</th>",
                Escaped(claim.paper)
            ),
            _ => String::new(),
        };
        format!(
            "<tr>{heading}<td>{}</td><td class=\"word\">{}</td><td class=\"word\">{}</td></tr>\n",
            claim.task,
            Escaped(&typeset_prose(&claim.verdict())),
            claim.figures().iter().map(escaped).collect::<Vec<_>>().join("<br/>")
        )
    };
    let of_claim = |claims: &[Claim]| {
        let lines = claims.iter().enumerate().map(|(place, one)| line((place, one, claims.len())));
        format!("<tbody>\n{}</tbody>\n", lines.collect::<String>())
    };
    let body: String = claims.chunk_by(|one, next| one.paper == next.paper).map(of_claim).collect();
    let caption = "Claims of Eckstein and Srinivasan (arXiv 2601.04539) beside this run, by \
         training noise s; brackets: 95 % interval over networks";
    let headings = headings(&["the paper", "task", "verdict", "this run"], &[]);
    format!(
        "{}<p class=\"note\">{}</p>\n",
        table(caption, &headings, &body),
        Escaped(&typeset_prose(RULES))
    )
}

/// All kinds of networks; empty where there are none.
fn all(outcome: &Outcome) -> String {
    if outcome.groups.is_empty() { String::new() } else { kinds_table(&[(String::new(), outcome)]) }
}

/// The table of all kinds of networks of each outcome, under its heading if it has one.
pub(in crate::report) fn kinds_table(outcomes: &[(String, &Outcome)]) -> String {
    let line = |group: &Group| {
        let figures: String = figures(group).iter().map(|figure| number(figure)).collect();
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td>{}{figures}</tr>\n",
            group.task,
            group.site,
            number(&level_of(group.level))
        )
    };
    let of_task = |groups: &[Group]| {
        format!("<tbody>\n{}</tbody>\n", groups.iter().map(line).collect::<String>())
    };
    let figures: Vec<&str> = ["s"].into_iter().chain(FIGURES).collect();
    let of_outcome = |(heading, outcome): &(String, &Outcome)| {
        let by_task = outcome.groups.chunk_by(|one, next| one.task == next.task);
        let rows: String = by_task.map(of_task).collect();
        if heading.is_empty() {
            return rows;
        }
        let (columns, heading) = (figures.len() + 2, typeset_prose(heading));
        format!(
            "<tbody>\n<tr><th class=\"group\" scope=\"rowgroup\" colspan=\"{columns}\">{}</th></tr>\n\
             </tbody>\n{rows}",
            Escaped(&heading)
        )
    };
    let body: String = outcomes.iter().map(of_outcome).collect();
    let caption = "Means over the n networks of a kind [95 % interval over networks]. s: training \
         noise. Loss: mean squared error. bias\u{b2} at s: its share of the loss at the training \
         noise. Distance: median distance of units\u{2019} arguments from the nonlinearity, in \
         units of s (without training noise: of the smallest s above 0)";
    table(caption, &headings(&["task", "noise"], &figures), &body)
}

fn methods(outcome: &Outcome) -> String {
    outcome.methods.iter().map(|words| format!("<p>{}</p>\n", Escaped(words))).collect()
}

/// Versions, device, networks, wall times, settings.
fn made(outcome: &Outcome) -> String {
    let device = &outcome.device;
    let libraries: Vec<String> =
        outcome.libraries.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let driver = if device.driver.is_empty() { "none" } else { &device.driver };
    let mut entries = vec![
        ("experiment", outcome.experiment.clone()),
        ("noisescope", outcome.version.clone()),
        ("with", libraries.join(", ")),
        ("seed", outcome.seed.to_string()),
        ("device", device.name.clone()),
        ("backend", format!("{}, {}", device.backend, device.kind)),
        ("driver", driver.to_owned()),
        (
            "networks",
            format!("{}, nonlinearity {}", count(outcome.networks.len()), outcome.nonlinearity),
        ),
    ];
    let about = |about: &About| {
        let measure = about.measure.as_ref();
        let measure = measure.map_or_else(String::new, |words| format!("; score: {words}"));
        (about.task.name(), size(about) + &measure)
    };
    entries.extend(outcome.tasks.iter().map(about));
    format!(
        "{}{}<h3>Settings</h3>\n<pre>{}</pre>\n",
        provenance::definitions(&entries),
        wall_times(outcome),
        Escaped(outcome.settings.trim_end())
    )
}

fn wall_times(outcome: &Outcome) -> String {
    if outcome.seconds.is_empty() {
        return String::new();
    }
    let line = |name: &str, seconds: f64| {
        let (name, seconds) = (Escaped(name), number(&duration(seconds)));
        format!("<tr><th scope=\"row\">{name}</th>{seconds}</tr>\n")
    };
    let parts: String = outcome.seconds.iter().map(|(name, part)| line(name, *part)).collect();
    let total = line("together", outcome.seconds.iter().map(|part| part.1).sum());
    let body = format!("<tbody>\n{parts}</tbody>\n<tfoot>\n{total}</tfoot>\n");
    table("Wall time of each part", &headings(&["part"], &["wall time"]), &body)
}
