//! What sections of the page are put together from.
//!
//! Place in the flow: sentences, panels and tables -> bodies of sections.

use super::kinds::{Kind, place, places};
use crate::error::Result;
use crate::report::figures::plot::Plot;
use crate::report::html::figures::figure;
use crate::report::markup::{Escaped, typeset_prose};

/// A sentence of this run as a paragraph; nothing where there is none.
pub(super) fn sentence(words: Option<String>) -> String {
    let paragraph = |words: String| format!("<p>{}</p>\n", Escaped(&typeset_prose(&words)));
    words.map_or_else(String::new, paragraph)
}

/// Words of our own between two parts of a section.
pub(super) fn between(words: &str, body: String) -> String {
    if body.is_empty() { body } else { format!("<p>{}</p>\n{body}", typeset_prose(words)) }
}

/// A heading over a panel.
pub(super) fn headed(heading: &str, svg: &str) -> String {
    format!("<h3>{}</h3>\n{svg}", Escaped(heading))
}

/// A panel per task and site, each under its heading.
pub(super) fn panels<'p>(
    kinds: &[Kind<'_>],
    plot: impl Fn(&[Kind<'_>], &str) -> Plot<'p>,
) -> Result<Vec<String>> {
    let mut panels = Vec::new();
    for kinds in places(kinds) {
        let heading = place(kinds[0].task, kinds[0].site);
        let panel = plot(kinds, &heading).panel()?;
        panels.extend(panel.map(|svg| headed(&heading, &svg)));
    }
    Ok(panels)
}

/// Panels under one caption; nothing without panels.
pub(super) fn captioned(class: &str, panels: &[String], caption: &str) -> String {
    if panels.is_empty() { String::new() } else { figure(class, panels, caption, "") }
}
