//! Records of a delimited text under one of three ways of quoting.
//!
//! Place in the flow: below [`table`](super::table), which tries the ways and keeps the one that
//! the file obeys. For that a way must be able to fail, so this is stricter than the usual CSV
//! readers, which accept any bytes: a quote in the middle of a field, text after a closing quote, a
//! quote that never closes are all refused.

use std::borrow::Cow;

use super::excerpt;

/// How fields are quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// RFC 4180: a field may stand in quotes, a quote inside is doubled.
    Doubled,
    /// The same, but a quote inside is escaped by a backslash (Kaggle's `labeledTrainData.tsv`).
    Escaped,
    /// No quoting: quotes are text, a line is a record.
    None,
}

/// One record and the line that it begins on.
#[derive(Debug, PartialEq)]
pub(super) struct Record<'t> {
    pub(super) line: usize,
    pub(super) fields: Vec<Cow<'t, str>>,
}

/// Why a text is not quoted in this way: the line, and what was expected and found.
#[derive(Debug, PartialEq)]
pub(super) struct Breach {
    pub(super) line: usize,
    pub(super) what: String,
}

/// The lines of `text` as records of at most `columns` fields: the last takes the rest of its line.
/// Blank lines are left out.
pub(super) fn lines(text: &str, delimiter: u8, columns: usize) -> Vec<Record<'_>> {
    let mut records = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if !line.trim().is_empty() {
            let fields = line.splitn(columns, char::from(delimiter)).map(Cow::from).collect();
            records.push(Record { line: index + 1, fields });
        }
    }
    records
}

/// The records of `text`, quoted by doubling or (`escaped`) by a backslash. Blank lines are left
/// out.
pub(super) fn quoted(text: &str, delimiter: u8, escaped: bool) -> Result<Vec<Record<'_>>, Breach> {
    let mut reader = Reader { text, at: 0, line: 1, delimiter, escaped };
    let mut records = Vec::new();
    while reader.at < text.len() {
        let line = reader.line;
        let mut fields = Vec::new();
        loop {
            let field = match text.as_bytes().get(reader.at) {
                Some(b'"') => reader.quoted_field()?,
                _ => reader.bare_field()?,
            };
            fields.push(field);
            if !reader.delimiter() {
                break;
            }
        }
        reader.line_end();
        let blank = fields.len() == 1 && fields[0].trim().is_empty();
        if !blank {
            records.push(Record { line, fields });
        }
    }
    Ok(records)
}

/// A place in a delimited text.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    delimiter: u8,
    escaped: bool,
}

impl<'t> Reader<'t> {
    fn breach<T>(&self, what: impl Into<String>) -> Result<T, Breach> {
        Err(Breach { line: self.line, what: what.into() })
    }

    /// A field up to the next delimiter or line end.
    fn bare_field(&mut self) -> Result<Cow<'t, str>, Breach> {
        let rest = &self.text[self.at..];
        let delimiter = self.delimiter;
        let end = rest.bytes().position(|byte| byte == delimiter || byte == b'\n' || byte == b'"');
        let end = end.unwrap_or(rest.len());
        if rest.as_bytes().get(end) == Some(&b'"') {
            let near = excerpt(&rest[..end + 1], 30);
            return self
                .breach(format!("expected no quote inside an unquoted field, found {near}"));
        }
        self.at += end;
        let at_line_end = self.delimiter_byte() != Some(delimiter);
        let field = &rest[..end];
        Ok(Cow::from(if at_line_end { field.strip_suffix('\r').unwrap_or(field) } else { field }))
    }

    /// A field in quotes; it may hold delimiters and line ends.
    fn quoted_field(&mut self) -> Result<Cow<'t, str>, Breach> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let (mut at, mut plain) = (start, true);
        loop {
            let next = bytes[at.min(bytes.len())..]
                .iter()
                .position(|&byte| byte == b'"' || (self.escaped && byte == b'\\'));
            let Some(next) = next else {
                return self.breach("expected a closing quote, found the end of the file");
            };
            at += next;
            if bytes[at] == b'"' && bytes.get(at + 1) != Some(&b'"') {
                break;
            }
            plain = false;
            at += 2;
        }
        let field = &self.text[start..at];
        self.line += field.bytes().filter(|&byte| byte == b'\n').count();
        self.at = at + 1;
        let rest = &self.text[self.at..];
        if !(rest.is_empty() || rest.starts_with('\n') || rest.starts_with("\r\n"))
            && self.delimiter_byte() != Some(self.delimiter)
        {
            let near = excerpt(rest, 20);
            return self.breach(format!("expected a field to end at its quote, found {near}"));
        }
        Ok(match (plain, self.escaped) {
            (true, _) => Cow::from(field),
            (false, true) => Cow::from(field.replace("\\\"", "\"").replace("\"\"", "\"")),
            (false, false) => Cow::from(field.replace("\"\"", "\"")),
        })
    }

    fn delimiter_byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over a delimiter, if one comes next.
    fn delimiter(&mut self) -> bool {
        let found = self.delimiter_byte() == Some(self.delimiter);
        self.at += usize::from(found);
        found
    }

    /// Steps over a line end, if one comes next.
    fn line_end(&mut self) {
        let rest = &self.text[self.at..];
        let length = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        self.at += length;
        self.line += usize::from(length > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str, escaped: bool) -> Result<Vec<Vec<String>>, usize> {
        let records = quoted(text, b',', escaped).map_err(|breach| breach.line)?;
        let owned = |record: Record| record.fields.into_iter().map(Cow::into_owned).collect();
        Ok(records.into_iter().map(owned).collect())
    }

    #[test]
    fn doubled_quotes_hold_delimiters_and_line_ends() {
        let text = "a,b\r\n\"x,\ny \"\"z\"\"\",1\n\n,\n\"\",\"\"";
        let expected = [["a", "b"], ["x,\ny \"z\"", "1"], ["", ""], ["", ""]];
        assert_eq!(fields(text, false).expect("well formed"), expected);
        let lines: Vec<usize> =
            quoted(text, b',', false).expect("well formed").iter().map(|r| r.line).collect();
        assert_eq!(lines, [1, 2, 5, 6]);
    }

    #[test]
    fn backslashes_escape_only_where_they_do() {
        let text = "\"\\\"War\\\" is good\",1\n";
        assert_eq!(fields(text, true).expect("well formed"), [["\"War\" is good", "1"]]);
        assert_eq!(fields(text, false), Err(1));
        assert_eq!(fields("\"ends in \\\",1", false).expect("well formed"), [["ends in \\", "1"]]);
    }

    #[test]
    fn what_is_not_quoted_so_is_refused_at_its_line() {
        assert_eq!(fields("a,b\nhe said \"no\",1", false), Err(2));
        assert_eq!(fields("a,b\n\"no\" he said,1", false), Err(2));
        assert_eq!(fields("a,b\n1,\"no\nx,y\n", false), Err(2));
        assert_eq!(fields("\"\\", true), Err(1));
        assert_eq!(fields("\"\"\"", false), Err(1));
    }

    #[test]
    fn a_line_keeps_its_last_column_whole() {
        let records = lines("1\ta\tb \"c\r\n\n0", b'\t', 2);
        assert_eq!(records[0].fields, ["1", "a\tb \"c"]);
        assert_eq!((records[1].line, records[1].fields.len()), (3, 1));
    }
}
