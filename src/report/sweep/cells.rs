//! What the pages of all experiments' sweeps share: the header, figures against a setting, tables of
//! cells done and missing, what all cells share.
//!
//! Place in the flow: [`Collection`] -> parts of a page.

use toml::{Table, Value};

use super::{counts, shown, standing};
use crate::experiments::sweep::{Collection, Missing};
use crate::report::html::tables::{headings, number, table};
use crate::report::html::{self, section};
use crate::report::markup::{Escaped, typeset_prose};
use crate::report::numbers::several;
use crate::report::table::in_order;

/// The head of the page. `found` goes on where the count of the cells ends.
pub(super) fn header<T>(
    collection: &Collection<T>,
    title: &str,
    synthetic: bool,
    found: &str,
) -> String {
    let planned = several(collection.planned, "cell");
    let devices = in_order(collection.done.iter().map(|done| done.device.as_str())).join("; ");
    let summary = match collection.missing.len() {
        0 => format!("All {planned} are done.{found}"),
        _ => format!("Of {planned} planned, {}.{found}", counts(collection)),
    };
    format!(
        "<header>\n<p class=\"name\">noisescope {version} \u{b7} sweep of {experiment}</p>\n\
         <h1>{title}</h1>\n{banner}<p class=\"summary\">{summary}</p>\n\
         <p class=\"byline\">{folder} \u{b7} {devices}</p>\n</header>\n",
        version = Escaped(&collection.version),
        experiment = collection.experiment,
        title = Escaped(title),
        banner = if synthetic { html::SYNTHETIC } else { "" },
        summary = Escaped(&typeset_prose(&summary)),
        folder = Escaped(&collection.folder),
        devices = Escaped(&devices),
    )
}

/// The setting that figures stand against, of `names`: `first`, or else the first number that
/// varies and is no seed, or else the seed. None where no cell is done.
pub(super) fn setting<'a, T>(
    collection: &Collection<T>,
    names: impl Iterator<Item = &'a str> + Clone,
    first: &str,
) -> Option<&'a str> {
    let number = |name: &&str| collection.done.iter().all(|done| at(&done.values, name).is_some());
    let mut numbers = names.filter(number).collect::<Vec<_>>();
    numbers.sort_by_key(|name| (*name != first, *name == "seed"));
    numbers.first().copied().filter(|_| !collection.done.is_empty())
}

/// The value of a setting, if it is a number.
pub(super) fn at(values: &Table, setting: &str) -> Option<f64> {
    let value = values.get(setting)?;
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

/// One row per done cell: its name, what varies, its figures.
pub(super) fn done<T>(
    collection: &Collection<T>,
    caption: &str,
    columns: &[&str],
    figures: impl Fn(&T, f64) -> Vec<String>,
) -> String {
    if collection.done.is_empty() {
        return section("Cells", "<p class=\"absent\">No cell is done yet.</p>\n");
    }
    let body: String = collection
        .done
        .iter()
        .map(|done| {
            let figures = figures(&done.found, done.seconds);
            let figures: String = figures.iter().map(|figure| number(figure)).collect();
            leading(collection, &done.cell, &done.values) + &figures + "</tr>\n"
        })
        .collect();
    let names = escaped(&collection.vary);
    let columns: Vec<&str> =
        names.iter().map(String::as_str).chain(columns.iter().copied()).collect();
    let body = format!("<tbody>\n{body}</tbody>\n");
    section("Cells", &table(caption, &headings(&["cell"], &columns), &body))
}

/// The cells of which there is nothing yet, and why; what all cells share.
pub(super) fn rest<T>(collection: &Collection<T>) -> String {
    let shared = Escaped(collection.shared.trim_end());
    section("Missing", &missing(collection))
        + &section("What all cells share", &format!("<pre>{shared}</pre>\n"))
}

fn missing<T>(collection: &Collection<T>) -> String {
    if collection.missing.is_empty() {
        return "<p>Nothing: every planned cell is done.</p>\n".into();
    }
    let line = |cell: &Missing| {
        let (state, words) = standing(&cell.state);
        let state = format!("<td>{state}</td><td>{}</td></tr>\n", Escaped(words));
        leading(collection, &cell.cell, &cell.values) + &state
    };
    let body: String = collection.missing.iter().map(line).collect();
    let names = escaped(&collection.vary);
    let columns: Vec<&str> = names.iter().map(String::as_str).collect();
    let headings =
        headings(&["cell"], &columns) + "<th scope=\"col\">state</th><th scope=\"col\"></th>";
    table("Cells that are not done", &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

fn escaped(names: &[String]) -> Vec<String> {
    names.iter().map(|name| Escaped(name).to_string()).collect()
}

/// The beginning of a cell's row: its name, and what varies.
fn leading<T>(collection: &Collection<T>, cell: &str, values: &Table) -> String {
    let entry = |name: &String| match &values[name.as_str()] {
        Value::String(word) => format!("<td class=\"number\">{}</td>", Escaped(word)),
        figure => number(&shown(figure)),
    };
    let values: String = collection.vary.iter().map(entry).collect();
    format!("<tr><th class=\"word\" scope=\"row\">{}</th>{values}", Escaped(cell))
}
