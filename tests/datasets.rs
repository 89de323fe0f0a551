//! Every form that reviews come in gives the same reviews; every bad input gives an error that says
//! where.
//!
//! Fixtures are written to temporary folders. The real IMDb is checked where it lies beside the
//! checkout (`../shared/data/imdb`) or where the variable `NOISESCOPE_IMDB` leads.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use noisescope::datasets::{self, Settings, reviews};
use tempfile::TempDir;

/// Half, label, id, rating, text: with quotes, separators, a line break in HTML, an accent, an
/// apostrophe.
const ROWS: [(&str, bool, u32, u32, &str); 6] = [
    ("train", false, 2, 1, "A dull, dull film; I didn't like it."),
    ("train", false, 10, 2, "\"Worst\" of all?<br /><br />Yes, 3/10"),
    ("train", true, 0, 9, "Such as \"Teachers\". Très bien!"),
    ("test", false, 7, 4, "\"It\" ends with a \"quote\""),
    ("test", true, 1, 10, "Great: see it, then see it again"),
    ("test", true, 3, 7, "back\\slash & 100% fun"),
];

fn expected() -> Vec<(String, bool)> {
    ROWS.iter().map(|row| (row.4.to_owned(), row.1)).collect()
}

fn read(path: &Path) -> Vec<(String, bool)> {
    let found = reviews::read(path).unwrap_or_else(|error| panic!("{error:?}"));
    found.reviews.into_iter().map(|review| (review.text, review.label)).collect()
}

/// Reads `bytes` from a file without an ending: the content alone must tell.
fn read_bytes(bytes: &[u8]) -> Vec<(String, bool)> {
    let folder = TempDir::new().expect("temporary folder");
    let path = folder.path().join("data");
    fs::write(&path, bytes).expect("writable");
    read(&path)
}

/// The error of reading `bytes` from a file, with its remedy.
fn refusal(bytes: &[u8]) -> String {
    let folder = TempDir::new().expect("temporary folder");
    let path = folder.path().join("data");
    fs::write(&path, bytes).expect("writable");
    refusal_of(&path)
}

/// The error of reading `path`, with its remedy; it must have both a place and a remedy.
fn refusal_of(path: &Path) -> String {
    let error = reviews::read(path).expect_err("bad input");
    assert!(error.remedy_text().is_some(), "no remedy: {error}");
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()), "no place: {text}");
    format!("{error:?}")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

/// An .xz file of one block of uncompressed LZMA2 chunks: the format without the compression.
fn xz(bytes: &[u8]) -> Vec<u8> {
    fn sum(bytes: &[u8]) -> [u8; 4] {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        sum.sum().to_le_bytes()
    }
    fn number(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }
    fn pad(bytes: &mut Vec<u8>) {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let flags = [0, 0]; // no check
    let mut file = [b"\xfd7zXZ\0".as_slice(), &flags, &sum(&flags)].concat();
    let header = [2, 0, 0x21, 1, 20, 0, 0, 0]; // 12 bytes; one filter, LZMA2, a dictionary of 4 MiB
    let mut block = [header.as_slice(), &sum(&header)].concat();
    for (index, chunk) in bytes.chunks(1 << 16).enumerate() {
        block.push(if index == 0 { 1 } else { 2 });
        block.extend(((chunk.len() - 1) as u16).to_be_bytes());
        block.extend(chunk);
    }
    block.push(0);
    let mut index = [vec![0, 1], number(block.len()), number(bytes.len())].concat();
    pad(&mut block);
    pad(&mut index);
    index.extend(sum(&index));
    let backward = ((index.len() / 4 - 1) as u32).to_le_bytes();
    let footer = [backward.as_slice(), &flags].concat();
    file.extend([block, index, sum(&footer).to_vec(), footer, b"YZ".to_vec()].concat());
    file
}

/// The members of an aclImdb archive, in an order of no use, with what else lies in the real one.
fn members() -> Vec<(String, Vec<u8>)> {
    let name = |half, label, id, rating| {
        format!("aclImdb/{half}/{}/{id}_{rating}.txt", if label { "pos" } else { "neg" })
    };
    let mut members: Vec<(String, Vec<u8>)> = ROWS
        .iter()
        .rev()
        .map(|&(half, label, id, rating, text)| (name(half, label, id, rating), text.into()))
        .collect();
    for other in ["README", "train/unsup/0_0.txt", "train/urls_pos.txt", "train/pos/._0_9.txt"] {
        members.insert(2, (format!("aclImdb/{other}"), b"not a review".to_vec()));
    }
    members
}

fn tar(members: &[(String, Vec<u8>)], header: fn() -> tar::Header) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = header();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, name, bytes.as_slice()).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn write_folder(root: &Path) {
    for (name, bytes) in members() {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("below the root")).expect("writable");
        fs::write(path, bytes).expect("writable");
    }
}

/// The rows as a table: half, label as a digit, id, rating, text.
fn table(header: &str, row: impl Fn(&str, &str, u32, u32, &str) -> String) -> String {
    let mut table = header.to_owned();
    for (half, label, id, rating, text) in ROWS {
        table += &row(half, if label { "1" } else { "0" }, id, rating, text);
    }
    table
}

fn doubled(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn word(label: &str) -> &str {
    if label == "1" { "positive" } else { "negative" }
}

#[test]
fn the_folder_and_its_archives_give_the_same_reviews() {
    let folder = TempDir::new().expect("temporary folder");
    write_folder(folder.path());
    assert_eq!(read(&folder.path().join("aclImdb")), expected(), "the folder itself");
    assert_eq!(read(folder.path()), expected(), "the folder that holds it");
    let plain = tar(&members(), tar::Header::new_ustar);
    assert_eq!(read_bytes(&plain), expected(), "tar");
    assert_eq!(read_bytes(&gzip(&plain)), expected(), "tar.gz");
    assert_eq!(read_bytes(&xz(&plain)), expected(), "tar.xz");
    assert_eq!(read_bytes(&tar(&members(), tar::Header::new_gnu)), expected(), "GNU tar");
    assert_eq!(read_bytes(&tar(&members(), tar::Header::new_old)), expected(), "no magic bytes");
    // A gzip file of two members, as pigz and bgzip write it, is one content.
    let (head, tail) = plain.split_at(700);
    assert_eq!(read_bytes(&[gzip(head), gzip(tail)].concat()), expected(), "two gzip members");
}

#[test]
fn every_table_gives_the_same_reviews() {
    let unquoted = table("split\tlabel\tid\trating\ttext\n", |half, label, id, rating, text| {
        format!("{half}\t{label}\t{id}\t{rating}\t{text}\n")
    });
    let kaggle = table("review,sentiment\r\n", |_, label, _, _, text| {
        format!("{},{}\r\n", doubled(text), word(label))
    });
    let minimal = table("text,label\n", |_, label, _, _, text| {
        let needs = text.contains(['"', ',', '\n']);
        format!("{},{label}\n", if needs { doubled(text) } else { text.to_owned() })
    });
    let escaped = table("id\tsentiment\treview\n", |_, label, id, rating, text| {
        format!("\"{id}_{rating}\"\t{label}\t\"{}\"\n", text.replace('"', "\\\""))
    });
    let bare = table("", |half, label, id, rating, text| {
        format!("{half}\t{id}\t{rating}\t{}\t{text}\n", word(label).to_uppercase())
    });
    let semicolons = table("Class;Review\n", |_, label, _, _, text| {
        format!("{};{}\n", &word(label)[..3], doubled(text))
    });
    let marked = format!("\u{feff}{unquoted}\n\n");
    let open_end = unquoted.trim_end().to_owned();
    let all = [
        ("unquoted TSV", unquoted),
        ("Kaggle CSV", kaggle),
        ("CSV quoted where needed", minimal),
        ("Kaggle TSV", escaped),
        ("TSV without a header", bare),
        ("CSV with semicolons", semicolons),
        ("byte order mark and blank lines", marked),
        ("no line end", open_end),
    ];
    for (name, text) in all {
        assert_eq!(read_bytes(text.as_bytes()), expected(), "{name}");
        assert_eq!(read_bytes(&gzip(text.as_bytes())), expected(), "{name}, gzip");
        assert_eq!(read_bytes(&xz(text.as_bytes())), expected(), "{name}, xz");
    }
}

#[test]
fn the_training_half_comes_first_and_unlabelled_rows_are_left_out() {
    let text = "split,label,text\ntest,1,a\ntrain,0,b\nunsup,-1,c\ntrain,1,d\n";
    let found: Vec<String> = read_bytes(text.as_bytes()).into_iter().map(|row| row.0).collect();
    assert_eq!(found, ["b", "d", "a"]);
}

#[test]
fn texts_keep_the_separators_and_line_ends_that_are_theirs() {
    let owned = |rows: &[(&str, bool)]| -> Vec<(String, bool)> {
        rows.iter().map(|&(text, label)| (text.to_owned(), label)).collect()
    };
    // Unquoted: the text takes the rest of its line, TABs and lone quotes included.
    let text = "label\ttext\n1\tone\ttab \"and a quote\n0\t\"two\n";
    let rows = [("one\ttab \"and a quote", true), ("\"two", false)];
    assert_eq!(read_bytes(text.as_bytes()), owned(&rows));
    // Quotes that happen to pair up across lines do not swallow the rows between.
    let text = "label\ttext\n1\t\"one\n0\ttwo\n0\tthree\"\n";
    let rows = [("\"one", true), ("two", false), ("three\"", false)];
    assert_eq!(read_bytes(text.as_bytes()), owned(&rows));
    // Quoted: lines, separators and quotes inside belong to the text.
    let text = "review,sentiment\n\"a,\nb \"\"c\"\"\",Positive\n\"\nd\t,\",NEGATIVE\n";
    assert_eq!(read_bytes(text.as_bytes()), owned(&[("a,\nb \"c\"", true), ("\nd\t,", false)]));
    // Bytes that are not UTF-8 are replaced, never refused.
    let rows = [("caf\u{fffd}", true), ("b", false)];
    assert_eq!(read_bytes(b"label,text\n1,caf\xe9\n0,b\n"), owned(&rows));
}

#[test]
fn a_bad_label_or_an_empty_review_names_its_line() {
    for (text, line, found) in [
        ("label,text\n1,good\nmaybe,bad\n0,x\n", 3, "\"maybe\""),
        ("label\ttext\n1\tsaid \"good\"\n0\tx\n2\tsaid \"bad\"\n", 4, "\"2\""),
        ("review,sentiment\n\"a\nb\",positive\n\"c\",neutral\n", 4, "\"neutral\""),
        ("1\tgood film\n0\tbad film\n\tno label\n1\tmore\n", 3, "\"\""),
        ("label,text\n1,good\n0,\n", 3, "no word"),
        ("label\ttext\n1\t\"good\"\n0\t\" ... \"\n", 3, "no word"),
        ("label,text\n1,good\n0\n", 3, "found 1"),
        ("text,label\ngood, very good,1\nbad,0\n", 2, "found 3"),
        ("text,label\n\"good,1\nbad,0\n", 2, "closing quote"),
    ] {
        let error = refusal(text.as_bytes());
        assert!(error.contains(&format!(", line {line}: ")), "{text:?}: {error}");
        assert!(error.contains(found), "{text:?}: {error}");
    }
}

#[test]
fn tables_without_what_is_needed_are_refused() {
    for (text, found) in [
        ("label,text\n", "found none"),
        ("label,text\n1,a\n1,b\n", "found 2 positive ones only"),
        ("0,a\n0,b\n", "found 2 negative ones only"),
        ("label,content\n1,a\n0,b\n", "label, content"),
        ("stars,text\n1,a\n0,b\n", "stars, text"),
        ("just some words\nand more\n", "just some words"),
        ("a,b\nc,d\n", "one column of labels"),
        ("1,0\n0,1\n", "one column of labels"),
    ] {
        let error = refusal(text.as_bytes());
        assert!(error.contains(found), "{text:?}: {error}");
    }
}

#[test]
fn a_file_of_another_kind_is_named() {
    let random: Vec<u8> =
        (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (bytes, kind) in [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), "a PNG image"),
        (b"PK\x03\x04\x14\0\0\0", "a zip archive"),
        (b"PAR1\x15\x04", "a Parquet table"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"BZh91AY&SY\x1b\x02", "a bzip2 file"),
        (b"\xff\xfel\0a\0b\0", "UTF-16"),
        (b"MZ\x90\0\x03\0\0\0", "a Windows program"),
        (b"", "an empty file"),
        (b"\n \n", "blank text"),
        (b"<!DOCTYPE html>\n<html>", "an HTML page"),
        (b"[{\"label\": 1}]", "JSON"),
        (&random, "binary data"),
    ] {
        let error = refusal(bytes);
        assert!(error.contains(kind), "{kind}: {error}");
        let error = refusal(&gzip(bytes));
        assert!(error.contains(kind) && error.contains("inside gzip"), "{kind}: {error}");
    }
    assert!(refusal(&gzip(&gzip(b"label,text\n"))).contains("a gzip file inside gzip"));
}

#[test]
fn missing_paths_and_other_folders_are_refused() {
    let folder = TempDir::new().expect("temporary folder");
    assert!(refusal_of(&folder.path().join("nowhere")).contains("does not exist"));
    assert!(refusal_of(folder.path()).contains("found nothing"));
    fs::write(folder.path().join("reviews.csv"), "x").expect("writable");
    assert!(refusal_of(folder.path()).contains("reviews.csv"));
    write_folder(folder.path());
    let empty = folder.path().join("aclImdb/test/pos/4_8.txt");
    fs::write(&empty, " \n").expect("writable");
    let error = reviews::read(folder.path()).expect_err("empty review").to_string();
    assert!(error.starts_with(&empty.display().to_string()), "{error}");
    for half in ["train", "test"] {
        fs::remove_dir_all(folder.path().join("aclImdb").join(half).join("pos")).expect("there");
    }
    assert!(refusal_of(folder.path()).contains("found 3 negative ones only"));
}

#[test]
fn damaged_archives_are_refused() {
    let plain = tar(&members(), tar::Header::new_ustar);
    for (name, bytes) in [("tar", plain.clone()), ("gzip", gzip(&plain)), ("xz", xz(&plain))] {
        for part in [0.15, 0.5, 0.85] {
            let cut = (bytes.len() as f64 * part) as usize;
            let error = refusal(&bytes[..cut]);
            assert!(error.contains("cut short"), "{name} cut at {cut}: {error}");
        }
    }
    // Cut between two members, a plain archive misses only its end mark.
    let first_member = 1024;
    assert!(refusal(&plain[..first_member]).contains("cut short"));
    let mut flipped = gzip(&plain);
    let middle = flipped.len() / 2;
    flipped[middle..middle + 8].fill(0xff);
    assert!(refusal(&flipped).contains("damaged data"), "damaged gzip");
    assert!(refusal(b"\x1f\x8b\x07\0garbage, not deflate").contains("damaged"), "gzip magic only");
    assert!(refusal(b"\xfd7zXZ\0 garbage, not a stream").contains("damaged"), "xz magic only");
    let mut bad = members();
    bad[0].1 = b" . ".to_vec();
    let error = refusal(&tar(&bad, tar::Header::new_ustar));
    assert!(error.contains(&format!(", {}: ", bad[0].0)), "empty member: {error}");
    let other = tar(&[("photos/a.jpg".to_owned(), b"x".to_vec())], tar::Header::new_ustar);
    assert!(refusal(&other).contains("photos/a.jpg"));
}

#[test]
fn hostile_bytes_are_refused_or_read_but_never_panic() {
    let folder = TempDir::new().expect("temporary folder");
    let path = folder.path().join("data");
    let plain = tar(&members(), tar::Header::new_gnu);
    let csv =
        table("review,sentiment\n", |_, label, _, _, text| format!("{},{label}\n", doubled(text)));
    let seeds = [plain.clone(), gzip(&plain), xz(&plain), csv.clone().into(), gzip(csv.as_bytes())];
    let mut state = 1u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for round in 0..2_000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..1 + next(8) {
            let at = next(bytes.len());
            bytes[at] = next(256) as u8;
        }
        bytes.truncate(1 + next(2 * bytes.len()));
        fs::write(&path, &bytes).expect("writable");
        if let Err(error) = reviews::read(&path) {
            assert!(error.remedy_text().is_some(), "no remedy: {error}");
        }
    }
}

#[test]
fn a_file_becomes_a_corpus() {
    let folder = TempDir::new().expect("temporary folder");
    let path = folder.path().join("reviews.csv");
    fs::write(&path, "label,text\n1,Good good film\n0,A bad film\n1,\"Fine, film\"\n").expect("ok");
    let settings = Settings { data: Some(path), vocabulary: 6, ..Settings::default() };
    let corpus = datasets::load(&settings, 1).expect("readable");
    assert!(!corpus.synthetic && corpus.source.ends_with("(comma-separated table)"));
    let tokens: Vec<_> = corpus.reviews.iter().map(|review| review.tokens.clone()).collect();
    assert_eq!(tokens, [vec![1, 5, 5, 4], vec![1, 2, 2, 4], vec![1, 2, 4]]);
    assert!((corpus.mean_tokens() - 11.0 / 3.0).abs() < 1e-12);
    let some =
        |reviews| datasets::load(&Settings { reviews: Some(reviews), ..settings.clone() }, 1);
    let (two, three) = (some(2).expect("drawn"), some(3).expect("drawn"));
    assert_eq!(two.reviews, three.reviews[..2], "a smaller draw is part of a larger one");
    let error = some(4).expect_err("too many").to_string();
    assert!(error.starts_with("corpus.reviews: ") && error.contains("found 4"), "{error}");
}

#[test]
fn settings_are_a_table_with_defaults() {
    let settings: Settings = toml::from_str("vocabulary = 100\nreviews = 50").expect("settings");
    assert_eq!((settings.vocabulary, settings.reviews), (100, Some(50)));
    assert_eq!(settings.validation, Settings::default().validation);
    assert!(toml::from_str::<Settings>("vocabularies = 1").is_err(), "unknown names are refused");
    let corpus = datasets::load(&settings, 3).expect("built in");
    assert!(corpus.synthetic && corpus.reviews.len() == 50 && corpus.vocabulary == 100);
}

/// The real IMDb, where it is at hand: the file or folder of `NOISESCOPE_IMDB`, else what lies
/// beside.
fn real() -> Vec<PathBuf> {
    if let Some(path) = std::env::var_os("NOISESCOPE_IMDB") {
        return vec![path.into()];
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/imdb");
    let forms = ["imdb_labelled.tsv.gz", "aclImdb_v1_labelled.tar.xz"];
    forms.iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect()
}

#[test]
fn imdb_has_the_published_mean_length() {
    let paths = real();
    if paths.is_empty() {
        println!("skipped: no IMDb at hand (set NOISESCOPE_IMDB)");
    }
    for path in paths {
        let start = Instant::now();
        let settings = Settings { data: Some(path), ..Settings::default() };
        let corpus = datasets::load(&settings, 1).expect("readable");
        let seconds = start.elapsed().as_secs_f64();
        let training = &corpus.reviews[..25_000];
        let tokens: usize = training.iter().map(|review| review.tokens.len()).sum();
        let mean = tokens as f64 / 25_000.0;
        println!(
            "{}: {seconds:.2} s, training half {mean:.5} tokens, all {:.3}, {} of 500 or more",
            corpus.source,
            corpus.mean_tokens(),
            corpus.at_least(500)
        );
        assert_eq!(corpus.reviews.len(), 50_000);
        // 5,967,841 tokens; Keras's own copy of the training half is known to have 238.71.
        assert!((mean - 238.71364).abs() < 1e-9, "mean length {mean}");
        assert_eq!(corpus.reviews.iter().filter(|review| review.label).count(), 25_000);
        assert_eq!(corpus.at_least(500), 4_108);
    }
}
