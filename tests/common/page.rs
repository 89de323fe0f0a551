//! What holds of every page: its tags are closed, and it loads nothing.
//!
//! Place in the flow: under the tests of the reports.

/// Says what is wrong with the tags of a page: each must be closed, in order.
pub fn unbalanced(page: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>')?;
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        if tag.contains('<') {
            return Some(format!("a tag within a tag: <{tag}>"));
        }
        if tag.matches('"').count() % 2 == 1 {
            return Some(format!("an attribute that does not end: <{tag}>"));
        }
        let name = tag.split_whitespace().next().unwrap_or_default();
        if let Some(name) = name.strip_prefix('/') {
            let last = open.pop();
            if last != Some(name) {
                return Some(format!("</{name}> closes {last:?}"));
            }
        } else if !tag.ends_with('/') && !name.starts_with('!') {
            open.push(name);
        }
        rest = after;
    }
    (!open.is_empty()).then(|| format!("left open: {open:?}"))
}

/// What a page would load from elsewhere.
pub fn loads(page: &str) -> Vec<&'static str> {
    let loading =
        ["src=", "@import", "<link", "<script", "<img", "<iframe", "<object", "url(", "xlink:"];
    loading.into_iter().filter(|sign| page.contains(sign)).collect()
}
