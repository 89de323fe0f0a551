//! Every form of a recording gives the same traces; every bad input gives one error that says
//! where, and no reader panics or allocates on a header's word.
//!
//! Fixtures are made here; `recordings/real.rs` reads real recordings, `recordings/batches.rs`
//! reads some traces at a time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::Instant;

use noisescope::datasets::recordings::{self, Options, Recording};
use noisescope::error::Result;
use noisescope::signal::random;
use npyz::zip::{CompressionMethod, write::FileOptions};
use rand::RngExt;

#[path = "recordings/batches.rs"]
mod batches;
#[path = "common/data.rs"]
mod data;
#[path = "recordings/real.rs"]
mod real;

/// The system's allocator, which notes for each thread the largest single allocation, what is
/// allocated, and the most that was.
struct Noting;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn note(size: usize, freed: usize) {
    LARGEST.set(LARGEST.get().max(size));
    LIVE.set(LIVE.get() + size as isize - freed as isize);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe to write; this one hands all to the system's"
)]
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note(0, layout.size());
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size, layout.size());
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Noting = Noting;

/// No reader of a file of some kilobytes may allocate more at once: buffers are 64 KiB.
const ALLOWED: usize = 256 << 10;

/// Reads `bytes` as a file of the name `name`, whole.
fn read_bytes(name: &str, bytes: &[u8], options: &Options) -> Result<Vec<Recording>> {
    let sources = recordings::open_bytes(name, bytes.to_vec(), options)?;
    sources.iter().map(|source| source.read(0..source.rows())).collect()
}

fn read(name: &str, bytes: &[u8]) -> Result<Vec<Recording>> {
    read_bytes(name, bytes, &Options::default())
}

fn one(bytes: &[u8], options: &Options) -> Recording {
    let mut found = read_bytes("a", bytes, options).expect("readable");
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// The error of reading `bytes`; it must name the file and a remedy.
fn refusal(bytes: &[u8], options: &Options) -> String {
    LARGEST.set(0);
    let found = read_bytes("file.x", bytes, options);
    let error = found.expect_err("bad input");
    assert!(LARGEST.get() < ALLOWED + bytes.len(), "{error}: {} bytes", LARGEST.get());
    assert!(error.remedy_text().is_some(), "no remedy: {error}");
    let text = error.to_string();
    assert!(text.starts_with("file.x"), "no place: {text}");
    text
}

fn refused(bytes: &[u8]) -> String {
    refusal(bytes, &Options::default())
}

fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    header += &" ".repeat(63 - (10 + header.len()) % 64);
    header.push('\n');
    let length = u16::try_from(header.len()).expect("short").to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), data].concat()
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn npz(members: &[(&str, &[u8])]) -> Vec<u8> {
    archive(members, CompressionMethod::Deflated)
}

fn archive(members: &[(&str, &[u8])], packing: CompressionMethod) -> Vec<u8> {
    let mut writer = npyz::npz::NpzWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = FileOptions::default().compression_method(packing);
        writer.zip_writer().start_file(*name, options).expect("begun");
        writer.zip_writer().write_all(bytes).expect("written");
    }
    writer.zip_writer().finish().expect("finished").into_inner()
}

fn tensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// An EDF file of `signals` (label, samples per record) and `records` records of one second; sample
/// `i` of a signal is digital `i`. Ranges are -100 to 100 µV and -1000 to 1000.
fn edf(kind: &str, signals: &[(&str, usize)], records: usize) -> Vec<u8> {
    let size = 256 * (signals.len() + 1);
    let mut text = format!("{:8}{:80}{:80}{:8}{:8}", "0", "X", "X", "01.01.01", "00.00.00");
    text += &format!("{size:<8}{kind:44}{records:<8}{:8}{:<4}", "1", signals.len());
    let mut each = |width: usize, value: &dyn Fn(&(&str, usize)) -> String| {
        signals.iter().for_each(|signal| text += &format!("{:width$}", value(signal)));
    };
    each(16, &|signal| signal.0.to_owned());
    each(80, &|_| "electrode".to_owned());
    each(8, &|_| "uV".to_owned());
    for range in ["-100", "100", "-1000", "1000"] {
        each(8, &|_| range.to_owned());
    }
    each(80, &|_| "HP:0.1Hz".to_owned());
    each(8, &|signal| signal.1.to_string());
    each(32, &|_| String::new());
    let mut bytes = text.into_bytes();
    assert_eq!(bytes.len(), size);
    for record in 0..records {
        for (_, samples) in signals {
            for sample in 0..*samples {
                let digital = i16::try_from(record * samples + sample).expect("small");
                bytes.extend(digital.to_le_bytes());
            }
        }
    }
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

const SIX: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

#[test]
fn an_array_is_read_along_its_last_axis_or_the_one_asked_for() {
    let rows = one(&npy("<f4", false, "(2, 3)", &f32s(&SIX)), &Options::default());
    assert_eq!((rows.traces.rows(), rows.traces.steps(), rows.rate), (2, 3, None));
    assert_eq!(rows.traces.values(), SIX);
    assert_eq!(rows.names, ["a:0", "a:1"]);
    let turned = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
    let fortran = one(&npy("<f4", true, "(2, 3)", &f32s(&turned)), &Options::default());
    assert_eq!(fortran, rows);
    for axis in [0, -2] {
        let options = Options { axis: Some(axis), ..Options::default() };
        let columns = one(&npy("<f4", false, "(2, 3)", &f32s(&SIX)), &options);
        assert_eq!(columns.traces.values(), turned);
    }
    let deep = one(&npy("<f4", false, "(1, 3, 2)", &f32s(&SIX)), &Options::default());
    assert_eq!(deep.names, ["a:0,0", "a:0,1", "a:0,2"]);
    let line = one(&gzip(&npy("<f4", false, "(6,)", &f32s(&SIX))), &Options::default());
    assert_eq!((line.names, line.traces.values()), (vec!["a".to_owned()], SIX.as_slice()));
    let bytes = npy("<f4", false, "(6, 1)", &f32s(&SIX));
    assert!(refused(&bytes).contains("found 1 sample in time (axis 1 of 6 × 1)"));
    for axis in [2, -3, isize::MIN, isize::MAX] {
        let options = Options { axis: Some(axis), ..Options::default() };
        let text = refusal(&npy("<f4", false, "(2, 3)", &f32s(&SIX)), &options);
        assert!(text.contains("expected a time axis of 2 × 3"), "{text}");
    }
}

#[test]
fn every_type_and_byte_order_gives_the_same_samples() {
    macro_rules! check {
        ($($type:ty => $little:literal, $big:literal;)*) => {$({
            let values = SIX.map(|value| value as $type);
            let little: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let big: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
            for (descr, data) in [($little, little), ($big, big)] {
                let found = one(&npy(descr, false, "(6,)", &data), &Options::default());
                assert_eq!(found.traces.values(), SIX, "{descr}");
            }
        })*};
    }
    check! {
        f64 => "<f8", ">f8"; f32 => "<f4", ">f4"; i8 => "|i1", ">i1"; i16 => "<i2", ">i2";
        i32 => "<i4", ">i4"; i64 => "<i8", ">i8"; u8 => "|u1", "|u1"; u16 => "<u2", ">u2";
        u32 => "<u4", ">u4"; u64 => "<u8", ">u8";
    }
    // 1, -2, infinity, NaN as float16; then true and false.
    let half = [0x00, 0x3c, 0x00, 0xc0, 0x00, 0x7c, 0x00, 0x7e];
    let found = one(&npy("<f2", false, "(4,)", &half), &Options::default());
    assert_eq!(found.traces.values()[..3], [1.0, -2.0, f32::INFINITY]);
    assert!(found.traces.values()[3].is_nan());
    let found = one(&npy("|b1", false, "(3,)", &[1, 0, 1]), &Options::default());
    assert_eq!(found.traces.values(), [1.0, 0.0, 1.0]);
}

#[test]
fn an_archive_gives_all_that_can_be_traces_or_the_one_asked_for() {
    let long = npy("<f4", false, "(6,)", &f32s(&SIX));
    let wide = npy("<f4", false, "(2, 3)", &f32s(&SIX));
    let rate = npy("<f4", false, "()", &f32s(&SIX[..1]));
    let bytes = npz(&[("x.npy", &long), ("rate.npy", &rate), ("y.npy", &wide), ("note", b"hi")]);
    let found = read("a.npz", &bytes).expect("readable");
    let names: Vec<_> = found.iter().map(|recording| recording.names.as_slice()).collect();
    assert_eq!(names, [["a.npz:x"].as_slice(), &["a.npz:y:0", "a.npz:y:1"]]);
    assert!(found[0].source.contains("left out of the file: rate (a single number)"));
    let options = |name: &str| Options { array: Some(name.to_owned()), ..Options::default() };
    assert_eq!(one(&bytes, &options("y")).traces.values(), SIX);
    assert!(refusal(&bytes, &options("z")).contains("named z, found x, rate, y"));
    assert!(refusal(&bytes, &options("rate")).contains("found a single number"));
    assert!(refused(&npz(&[("a.txt", b"1")])).contains("expected NumPy arrays in the zip"));
    assert!(refused(&npz(&[])).contains("expected NumPy arrays in the zip"));
    let short = npz(&[("x.npy", &long[..long.len() - 1])]);
    assert!(
        refused(&short).contains("file.x, x: expected 152 bytes as its header says, found 151")
    );
}

#[test]
fn tensors_are_read_by_name() {
    let header = r#"{"b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"a":{"dtype":"I8","shape":[2],"data_offsets":[24,26]},"c":{"dtype":"F64","shape":[],"data_offsets":[26,34]}}"#;
    let data = [f32s(&SIX), vec![7, 255], vec![0; 8]].concat();
    let found = read("t", &tensors(header, &data)).expect("readable");
    assert_eq!(found[0].traces.values(), [7.0, -1.0]);
    assert_eq!(
        (found[1].names.join(" "), found[1].traces.values()),
        ("t:b:0 t:b:1".into(), &SIX[..])
    );
    assert!(found[1].source.ends_with("left out of the file: c (a single number)"));
    let options = Options { tensor: Some("d".to_owned()), ..Options::default() };
    assert!(refusal(&tensors(header, &data), &options).contains("named d, found a, b, c"));
    assert!(refused(&tensors(header, &data[1..])).contains("expected tensors that fill the file"));
    assert!(refused(&tensors("{}", &[])).contains("found no tensor"));
    let header = r#"{"b":{"dtype":"F32","shape":[9223372036854775808,4],"data_offsets":[0,24]}}"#;
    assert!(refused(&tensors(header, &data[..24])).contains("expected tensors that fill"));
}

#[test]
fn a_table_has_one_column_per_trace() {
    let wanted = [1.0, 3.0, -5e-1, 2.0, 4.0, 60.0];
    for text in [
        "1,2\n3,4\n-5e-1,60\n",
        "x,y\r\n1,2\r\n\r\n3,4\r\n-.5,6e1",
        "\u{feff}\"x\";\"y\"\n1;2\n3;4\n-0,5;60",
        "# saved by numpy\n1.0 2.0\n3.0   4.0\n  -0.5 60\n",
        "x\ty\n1\t2\t\n3\t4\t\n-0.5\t60\t\n",
        "x y\n1 2\n3 4\n-0.5 60\n",
        "x, y\n1 2\n3 4\n-0.5 60\n",
        "1,2,\n3,4,\n-0.5,60,\n",
        "\"x, left\",y\n1,2\n3,4\n\"-0.5\",60",
    ] {
        for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
            let found = one(&bytes, &Options::default());
            assert_eq!(found.traces.values(), wanted, "{text}");
            assert_eq!(found.names.len(), 2, "{text}");
        }
    }
    let lone = one(b"interval (s)\n0.8\n0.9\n", &Options::default());
    assert_eq!(
        (lone.names, lone.traces.values()),
        (vec!["a:interval (s)".into()], &[0.8, 0.9][..])
    );
    assert_eq!(one(b"0.8\n0.9", &Options::default()).names, ["a"]);
    let gaps = one(b"a,b\n,1\nNaN,NA\nnan,-inf\n", &Options::default());
    assert!(gaps.traces.row(0).iter().all(|value| value.is_nan()));
    assert_eq!((gaps.traces.row(1)[0], gaps.traces.row(1)[2]), (1.0, f32::NEG_INFINITY));
}

#[test]
fn columns_are_chosen_by_name_or_number() {
    let table = b"time,Fz,class\n10:01,1,left\n10:02,2,right\n";
    let options = |columns: &[&str]| Options {
        columns: Some(columns.iter().map(|&column| column.to_owned()).collect()),
        ..Options::default()
    };
    assert_eq!(one(table, &options(&["Fz"])).names, ["a:Fz"]);
    assert_eq!(one(table, &options(&["2", "Fz"])).traces.values(), [1.0, 2.0, 1.0, 2.0]);
    for missing in ["0", "4", "Cz", "-1", ""] {
        let text = refusal(table, &options(&[missing]));
        assert!(text.contains("found the columns time, Fz, class"), "{text}");
    }
    assert!(refusal(table, &options(&[])).contains("found an empty list"));
    assert!(refused(table).contains("file.x, line 2, column time: expected a number"));
    assert!(refused(b"1,2\n3\n").contains("file.x, line 2: expected 2 columns, found 1"));
    assert!(refused(b"a,b\n").contains("found a header alone"));
    assert!(refused(b"# nothing\n").contains("expected"));
}

#[test]
fn channels_come_in_physical_units_by_rate() {
    let signals = [("EEG Fp1", 4), ("EDF Annotations", 3), ("Fz..", 4), ("ECG", 8)];
    let bytes = edf("EDF+C", &signals, 2);
    let found = read("a.edf", &bytes).expect("readable");
    assert_eq!(found[0].names, ["a.edf:EEG Fp1", "a.edf:Fz.."]);
    assert_eq!((found[0].rate, found[1].rate), (Some(4.0), Some(8.0)));
    assert_eq!((found[0].traces.steps(), found[1].traces.steps()), (8, 16));
    // -100 + (d + 1000) · 200 / 2000 for digital d.
    for (step, value) in found[1].traces.row(0).iter().enumerate() {
        assert!((value - 0.1 * step as f32).abs() < 1e-5, "{step}: {value}");
    }
    let options = |channels: &[&str]| Options {
        channels: Some(channels.iter().map(|&channel| channel.to_owned()).collect()),
        ..Options::default()
    };
    assert_eq!(one(&bytes, &options(&["fz", "1"])).names, ["a:Fz..", "a:EEG Fp1"]);
    assert!(refusal(&bytes, &options(&["Cz"])).contains("found EEG Fp1, Fz.., ECG"));
    let mut open = bytes.clone();
    open[236..244].copy_from_slice(b"-1      ");
    assert_eq!(read("a.edf", &open).expect("readable"), found);
}

#[test]
fn a_lying_or_cut_recording_is_refused() {
    let good = edf("EDF", &[("Fz", 4), ("Cz", 4)], 2);
    for end in [100, 255, 256, 500, good.len() - 1] {
        refused(&good[..end]);
    }
    refused(&[good.as_slice(), b"xx"].concat());
    assert!(refused(&edf("EDF+D", &[("Fz", 4)], 2)).contains("found EDF+D (discontinuous)"));
    assert!(refused(&edf("", &[("EDF Annotations", 4)], 2)).contains("annotations alone"));
    let lie = |at: usize, text: &str| {
        let mut bytes = good.clone();
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        refused(&bytes)
    };
    assert!(lie(236, "99999999").contains("bytes as its header says"));
    assert!(lie(236, "-5      ").contains("as the number of records"));
    assert!(lie(252, "9999").contains("expected a header of"));
    assert!(lie(252, "-1  ").contains("as the number of signals"));
    assert!(lie(244, "0       ").contains("more than 0 seconds"));
    assert!(lie(244, "nan     ").contains("more than 0 seconds"));
    assert!(lie(256 + 216 * 2, "99999999").contains("bytes as its header says"));
    assert!(lie(256 + 120 * 2, "1000    ").contains("channel Fz: expected a physical and"));
    assert!(lie(256 + 104 * 2, "nan     ").contains("channel Fz: expected a physical and"));

    let array = |shape: &str| refused(&npy("<f4", false, shape, &f32s(&SIX)));
    for shape in ["(7,)", "(5,)", "(9223372036854775808,)", "(4294967296, 4294967296)"] {
        assert!(array(shape).contains("as its header says"), "{shape}");
    }
    for shape in ["(-6,)", "(1e3,)", "6", "(6", "(99999999999999999999999,)", "(('a',),)"] {
        assert!(array(shape).contains("expected the header of a NumPy array"), "{shape}");
    }
    let good = npy("<f4", false, "(6,)", &f32s(&SIX));
    for end in [6, 8, 9, 10, 11, 60, good.len() - 1] {
        refused(&good[..end]);
    }
    for (descr, found) in [("|O", "pickled"), ("<U3", "words"), ("<c8", "complex"), ("<f3", "f3")] {
        assert!(refused(&npy(descr, false, "(6,)", &[0; 24])).contains(found), "{descr}");
    }
    for (shape, found) in [("(0,)", "empty"), ("(1, 1, 1, 6)", "4 axes")] {
        let data = if shape == "(0,)" { &[][..] } else { &SIX };
        assert!(refused(&npy("<f4", false, shape, &f32s(data))).contains(found));
    }
    // A version 2 header that claims 4 GiB.
    let text = refused(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr': '<f4'}");
    assert!(text.contains("one of 4294967295 bytes"), "{text}");
}

#[test]
fn foreign_files_are_named() {
    for (bytes, found) in [
        (b"".as_slice(), "an empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
        (b"\x80\x04\x95\x10\0\0\0\0\0\0\0]\x94", "binary data"),
        (b"PK\x03\x04\x14\0\0\0", "expected an intact zip"),
        (b"{\"a\": 1}", "JSON"),
        (b"\xffBIOSEMI and more", "BioSemi BDF"),
        (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
        (b"once upon a time\nthere was\n", "expected"),
        (b" \n\n", "blank text"),
    ] {
        assert!(refused(bytes).contains(found), "{found}: {}", refused(bytes));
    }
    let cut = gzip(b"1,2\n3,4\n");
    assert!(refused(&cut[..cut.len() - 9]).contains("cut short"));
    let missing = recordings::read(Path::new("no/such/file"), &Options::default());
    assert!(missing.expect_err("missing").to_string().starts_with("no/such/file: cannot read"));
}

#[test]
fn the_allocator_notes_a_large_allocation() {
    LARGEST.set(0);
    std::hint::black_box(vec![0u8; ALLOWED]);
    assert!(LARGEST.get() >= ALLOWED);
}

/// Damaged copies that are read of each form.
const CASES: u64 = 100_000;

/// Reads [`CASES`] damaged copies of `good`, some bytes changed, perhaps cut or grown: whole and in
/// batches.
fn batter(name: &str, good: &[u8]) {
    read(name, good).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let (begun, mut refusals) = (Instant::now(), 0);
    for case in 0..CASES {
        let mut random = random::stream(1, &format!("tests/recordings/{name}"), case);
        let mut bytes = good.to_vec();
        for _ in 0..random.random_range(1..=6) {
            let at = random.random_range(0..bytes.len());
            // Near what was there, a digit, or anything.
            bytes[at] = match random.random_range(0..4) {
                0 => bytes[at].wrapping_add(1),
                1 => random.random_range(b'0'..=b'9'),
                2 => [0, 0xff, b'-', b' ', b'\'', b'"'][random.random_range(0..6)],
                _ => random.random(),
            };
        }
        match random.random_range(0..8) {
            0 => bytes.truncate(random.random_range(0..good.len())),
            1 => bytes.extend_from_slice(&good[..random.random_range(0..good.len())]),
            _ => {}
        }
        let size = random.random_range(0..400);
        LARGEST.set(0);
        let read = recordings::open_bytes(name, bytes, &Options::default()).and_then(|sources| {
            assert!(!sources.is_empty());
            sources.iter().try_for_each(|source| batches::agree(source, size))
        });
        if let Err(error) = read {
            refusals += 1;
            assert!(error.to_string().starts_with(name), "case {case}: {error}");
            assert!(error.remedy_text().is_some(), "case {case}: {error}");
        }
        assert!(LARGEST.get() < ALLOWED, "{name}, case {case}: {} bytes at once", LARGEST.get());
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{name}: {CASES} damaged files, {refusals} refused, {seconds:.2} s");
    assert!(refusals > CASES / 20);
}

#[test]
fn no_damaged_array_brings_the_reader_down() {
    let wide = npy("<f4", true, "(2, 3)", &f32s(&SIX));
    batter("npy", &wide);
    let both: [(&str, &[u8]); 2] =
        [("x.npy", &wide), ("y.npy", &npy("|i1", false, "(3,)", &[1, 2, 3]))];
    batter("npz", &npz(&both));
    batter("npz stored", &archive(&both, CompressionMethod::Stored));
}

#[test]
fn no_damaged_tensor_or_table_brings_the_reader_down() {
    let header = r#"{"b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"a":{"dtype":"I8","shape":[2],"data_offsets":[24,26]}}"#;
    batter("safetensors", &tensors(header, &[f32s(&SIX), vec![7, 255]].concat()));
    batter("text", b"time,\"Fz, left\",Cz\n1,2,3\n4,,6\n7,8e5,-9\n");
    batter("gzip", &gzip(b"1;2,5\n3;4\n5;6\n"));
}

#[test]
fn no_damaged_edf_brings_the_reader_down() {
    batter("edf", &edf("EDF+C", &[("Fz", 4), ("EDF Annotations", 3), ("ECG", 8)], 2));
}
