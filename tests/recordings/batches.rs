//! Traces read some at a time are those read at once, and need no more memory than they are.

use std::fs;
use std::path::Path;

use noisescope::datasets::recordings::{self, Options, Source};
use noisescope::error::Result;
use npyz::zip::CompressionMethod;

use super::{LIVE, PEAK, archive, edf, gzip, npy, npz, refusal, tensors};

/// Holds the traces of `source` in batches of `bytes` against all of them at once.
pub(super) fn agree(source: &Source, bytes: usize) -> Result<()> {
    let whole = source.read(0..source.rows())?;
    assert_eq!((whole.traces.rows(), whole.traces.steps()), (source.rows(), source.steps()));
    assert_eq!((whole.rate, whole.source.as_str()), (source.rate(), source.description()));
    let mut row = 0;
    for batch in source.batches(bytes) {
        let batch = batch?;
        let traces = &batch.traces;
        assert!(traces.rows() == 1 || size_of_val(traces.values()) <= bytes);
        assert_eq!((traces.steps(), batch.rate), (source.steps(), source.rate()));
        assert_eq!(batch.names.len(), traces.rows());
        for (at, name) in batch.names.iter().enumerate() {
            assert_eq!((name, name), (&whole.names[row], &source.name(row)));
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(traces.row(at)), bits(whole.traces.row(row)), "{name}");
            row += 1;
        }
    }
    assert_eq!(row, source.rows());
    Ok(())
}

/// `count` samples of all sizes, as f64.
fn samples(count: usize) -> Vec<u8> {
    (0..count).flat_map(|i| ((i * i) as f64 / 7.0 - 99.0).to_le_bytes()).collect()
}

/// A table of `lines` lines.
fn table(lines: usize, columns: usize) -> Vec<u8> {
    let line = |line: usize| {
        let cells: Vec<String> =
            (0..columns).map(|i| format!("{}.5", line * 31 % 977 + i)).collect();
        cells.join(",") + "\n"
    };
    (0..lines).flat_map(|number| line(number).into_bytes()).collect()
}

#[test]
fn batches_are_the_whole_in_every_form_and_along_every_axis() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = samples(2 * 700 * 30);
    let mut files: Vec<(&str, Vec<u8>, &[isize])> = Vec::new();
    for (name, fortran, shape) in [
        ("line.npy", false, "(42000,)"),
        ("rows.npy", false, "(1400, 30)"),
        ("columns.npy", true, "(1400, 30)"),
        ("deep.npy", false, "(30, 700, 2)"),
        ("fortran.npy", true, "(30, 700, 2)"),
        ("thin.npy", false, "(2, 1, 21000)"),
    ] {
        let axes: &[isize] = match name {
            "line.npy" => &[0],
            "rows.npy" | "columns.npy" => &[0, 1],
            "thin.npy" => &[0, 2],
            _ => &[0, 1, 2],
        };
        files.push((name, npy("<f8", fortran, shape, &data), axes));
    }
    let big = npy(">f8", false, "(30, 700, 2)", &data);
    files.push(("packed.npz", npz(&[("a.npy", &big), ("b.npy", &files[2].1)]), &[0, 1]));
    let stored = archive(&[("a.npy", &big), ("b.npy", &files[1].1)], CompressionMethod::Stored);
    files.push(("stored.npz", stored, &[0, 1]));
    files.push(("packed.npy.gz", gzip(&big), &[0, 1, 2]));
    let header = r#"{"b":{"dtype":"F64","shape":[30,700,2],"data_offsets":[0,336000]}}"#;
    files.push(("b.safetensors", tensors(header, &data), &[0, 1, 2]));
    let signals = [("Fz", 40), ("EDF Annotations", 3), ("ECG", 80), ("Cz", 40), ("Pz", 40)];
    files.push(("a.edf", edf("EDF+C", &signals, 300), &[]));
    // Longer than a block of lines.
    files.push(("a.csv", [b"a,b,c\n".to_vec(), table(99_000, 3)].concat(), &[]));
    files.push(("a.csv.gz", gzip(&table(9_000, 5)), &[]));
    for (name, bytes, axes) in files {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).expect("written");
        let none = [None];
        let some: Vec<Option<isize>> = axes.iter().map(|&axis| Some(axis)).collect();
        for &axis in none.iter().chain(&some) {
            let options = Options { axis, ..Options::default() };
            let on_disk = recordings::open(&[&path], &options).expect("opened");
            let in_memory = recordings::open_bytes(name, bytes.clone(), &options).expect("opened");
            assert_eq!(on_disk.len(), in_memory.len());
            for (one, other) in on_disk.iter().zip(&in_memory) {
                let all = |source: &Source| source.read(0..source.rows()).expect("read");
                assert_eq!(all(one), all(other), "{name} along {axis:?}");
                for parts in [2, 17] {
                    agree(one, (one.rows() / parts + 1) * (4 * one.steps() + 64) + 3)
                        .expect("read");
                }
            }
        }
    }
}

/// The most memory, in bytes, that reading the file at `path` in batches of `batch` bytes takes.
fn peak(path: &Path, options: &Options, batch: usize) -> usize {
    let before = LIVE.get();
    PEAK.set(before);
    for source in recordings::open(&[path], options).expect("opened") {
        source.batches(batch).for_each(|batch| drop(batch.expect("read")));
    }
    usize::try_from(PEAK.get() - before).expect("more than none")
}

#[test]
fn a_file_larger_than_a_batch_is_never_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = samples(1_200_000);
    let signals: Vec<(&str, usize)> = vec![("Fz", 300); 32];
    let header = r#"{"b":{"dtype":"F64","shape":[24,50000],"data_offsets":[0,9600000]}}"#;
    let time_first = Options { axis: Some(0), ..Options::default() };
    let array = npy("<f8", false, "(50000, 24)", &data);
    for (name, bytes, options) in [
        ("rows.npy", npy("<f8", false, "(24, 50000)", &data), Options::default()),
        ("b.safetensors", tensors(header, &data), Options::default()),
        (
            "stored.npz",
            archive(&[("a.npy", &array)], CompressionMethod::Stored),
            time_first.clone(),
        ),
        ("packed.npz", npz(&[("a.npy", &array)]), time_first.clone()),
        ("packed.npy.gz", gzip(&array), time_first.clone()),
        ("columns.npy", array, time_first),
        ("a.edf", edf("EDF", &signals, 100), Options::default()),
        ("a.csv", table(150_000, 10), Options::default()),
        ("a.csv.gz", gzip(&table(150_000, 10)), Options::default()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).expect("written");
        let peak = peak(&path, &options, 2 << 20);
        println!("{name}: {} bytes in batches of 2 MiB, peak {peak} bytes", bytes.len());
        // What is unpacked lies in memory up to 8 MiB, in a vector that doubles.
        let copied = if name.contains("packed") || name.contains("gz") { 16 << 20 } else { 0 };
        assert!(peak < (2 << 20) + (4 << 20) + copied, "{name}: {peak}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = samples(6);
    for (name, bytes, other) in [
        ("a.npy", npy("<f8", false, "(2, 3)", &data), Vec::new()),
        ("a.edf", edf("EDF", &[("Fz", 4), ("Cz", 4)], 2), b"0".to_vec()),
        ("a.csv", b"a\n1\n2\n".to_vec(), b"a\n1\n2\n3\n".to_vec()),
        ("a.csv", b"a\n1\n2\n".to_vec(), b"a\n1\n".to_vec()),
        ("a.csv", b"a\n1\n2\n".to_vec(), b"a\n1,2\n2\n".to_vec()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).expect("written");
        let sources = recordings::open(&[&path], &Options::default()).expect("opened");
        fs::write(&path, other).expect("written");
        let error = sources[0].read(0..1).expect_err("changed");
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        assert!(error.remedy_text().is_some(), "{error}");
    }
}

#[test]
fn an_option_that_no_file_can_take_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    let npy = write("a.npy", &npy("<f8", false, "(2, 3)", &samples(6)));
    let text = write("a.csv", b"a,b\n1,2\n3,4\n");
    let edf = write("a.edf", &edf("EDF", &[("Fz", 4)], 2));
    let name = || Some("x".to_owned());
    let names = || Some(vec!["1".to_owned()]);
    let all = Options::default;
    for (flag, options, path) in [
        ("--columns", Options { columns: names(), ..all() }, &npy),
        ("--array", Options { array: name(), ..all() }, &npy),
        ("--tensor", Options { tensor: name(), ..all() }, &text),
        ("--axis", Options { axis: Some(0), ..all() }, &edf),
        ("--channels", Options { channels: names(), ..all() }, &text),
    ] {
        let error = recordings::open(&[path], &options).err().expect("an option of another form");
        assert!(error.to_string().starts_with(&format!("{flag}: expected ")), "{error}");
        let file = path.file_name().expect("a name").to_string_lossy();
        assert!(error.to_string().contains(&*file), "{error}");
        assert!(error.remedy_text().is_some_and(|remedy| remedy.contains(flag)), "{error:?}");
    }
    // One of several files takes it.
    let options = Options { columns: names(), channels: names(), ..all() };
    let found = recordings::open(&[&npy, &text, &edf], &options).expect("opened");
    let names: Vec<_> = found.iter().map(|source| source.name(0)).collect();
    assert_eq!(names, ["a.npy:0", "a.csv:a", "a.edf:Fz"]);
    assert!(recordings::open(&[npy, text], &options).is_err());
}

#[test]
fn a_line_that_never_ends_is_refused() {
    let endless = "1,".repeat(3 << 20);
    let error = recordings::open_bytes("file.x", endless.into_bytes(), &Options::default());
    let error = error.err().expect("too long").to_string();
    assert!(error.starts_with("file.x, line 1: expected a line of at most"), "{error}");
    assert!(refusal(b"1,2,\n3,4\n", &Options::default()).contains("line 2"));
}
