//! Recordings of 10^8 samples: how long they take to read, and how much memory.
//!
//! Place in the flow: `cargo bench --bench reading`. Files are made in the temporary folder, one at
//! a time, and read from the cache of the system, in batches of 256 MiB. `NOISESCOPE_SAMPLES`
//! chooses another number of samples. The peak is the resident memory, CPU s the time on a
//! processor (both on Linux only), which says more on a busy machine.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use noisescope::datasets::recordings::{self, Options};

const BATCH: usize = 256 << 20;

fn main() {
    let samples = std::env::var("NOISESCOPE_SAMPLES").map_or(100_000_000, |text| {
        text.parse::<usize>().expect("NOISESCOPE_SAMPLES is a number of samples")
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("file                      input MB  traces MB  peak MB  open s  read s   CPU s");
    let time_first = Options { axis: Some(0), ..Options::default() };
    let all = Options::default();
    for (kind, columns, options) in [
        ("<f4", 1, &all),
        ("<f8", 1, &all),
        ("<i2", 1, &all),
        ("<f4", 100, &all),
        ("<f4", 2, &time_first),
        ("<f4", 64, &time_first),
        ("<f4", 1000, &time_first),
    ] {
        let turned = options.axis.is_some();
        let path =
            folder.path().join(format!("{kind} {columns}{}.npy", if turned { " T" } else { "" }));
        npy(&path, kind, samples / columns, columns, turned);
        measure(&path, options);
    }
    for columns in [1, 10] {
        let path = folder.path().join(format!("{columns}.csv"));
        csv(&path, samples / columns, columns);
        measure(&path, &all);
    }
    let path = folder.path().join("64.edf");
    edf(&path, samples / 64 / 160, 64, 160);
    measure(&path, &all);
}

/// Reads the file at `path` in batches, says what that took, and removes it.
fn measure(path: &Path, options: &Options) {
    // Writing 5 sets the peak back to what is resident now.
    fs::write("/proc/self/clear_refs", "5").ok();
    let (begun, worked) = (Instant::now(), cpu());
    let sources = recordings::open(&[path], options).expect("readable");
    let opened = begun.elapsed();
    let mut sum = 0.0;
    let mut traces = 0;
    for batch in sources.iter().flat_map(|source| source.batches(BATCH)) {
        let batch = batch.expect("readable");
        sum += f64::from(batch.traces.row(batch.traces.rows() - 1)[batch.traces.steps() - 1]);
        traces += size_of_val(batch.traces.values());
    }
    let took = begun.elapsed() - opened;
    std::hint::black_box(sum);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "{:24} {:9.0} {:10.0} {:8.0} {:7.2} {:7.2} {:7.2}",
        path.file_name().expect("a name").to_string_lossy(),
        megabytes(fs::metadata(path).expect("there").len()),
        megabytes(traces as u64),
        megabytes(peak()),
        opened.as_secs_f64(),
        took.as_secs_f64(),
        cpu() - worked,
    );
    fs::remove_file(path).expect("removed");
}

/// The most memory that was resident, in bytes; 0 where that is not known.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_ascii_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Seconds that this thread has been on a processor; 0 where that is not known.
fn cpu() -> f64 {
    let status = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = status.split(' ').next().and_then(|first| first.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

fn create(path: &Path) -> BufWriter<File> {
    BufWriter::with_capacity(1 << 20, File::create(path).expect("created"))
}

/// An array of `steps` × `columns` (time first where `turned`), samples 0 to 255 and again.
fn npy(path: &Path, kind: &str, steps: usize, columns: usize, turned: bool) {
    let shape = match (columns, turned) {
        (1, _) => format!("({steps},)"),
        (_, true) => format!("({steps}, {columns})"),
        (_, false) => format!("({columns}, {steps})"),
    };
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:117}\n");
    let mut out = create(path);
    out.write_all(b"\x93NUMPY\x01\x00\x76\x00").expect("written");
    out.write_all(header.as_bytes()).expect("written");
    for sample in 0..steps * columns {
        let value = (sample % 256) as u8;
        match kind {
            "<f8" => out.write_all(&f64::from(value).to_le_bytes()),
            "<i2" => out.write_all(&i16::from(value).to_le_bytes()),
            _ => out.write_all(&f32::from(value).to_le_bytes()),
        }
        .expect("written");
    }
    out.flush().expect("written");
}

fn csv(path: &Path, steps: usize, columns: usize) {
    let mut out = create(path);
    for step in 0..steps {
        for column in 0..columns {
            let separator = if column + 1 < columns { ',' } else { '\n' };
            let value = step.wrapping_mul(2_654_435_761) % 100_000;
            write!(out, "0.{value:05}{separator}").expect("written");
        }
    }
    out.flush().expect("written");
}

/// Records of one second of `rate` samples in each of `channels` channels.
fn edf(path: &Path, records: usize, channels: usize, rate: usize) {
    let mut out = create(path);
    let size = 256 * (channels + 1);
    let empty = "";
    write!(out, "{:8}{:160}{:16}{size:<8}{empty:44}{records:<8}", "0", "X", "01.01.0100.00.00")
        .expect("written");
    write!(out, "{:8}{channels:<4}", "1").expect("written");
    for (width, value) in [
        (16, "EEG"),
        (80, "electrode"),
        (8, "uV"),
        (8, "-100"),
        (8, "100"),
        (8, "-1000"),
        (8, "1000"),
        (80, "HP"),
        (8, &rate.to_string()),
        (32, ""),
    ] {
        for _ in 0..channels {
            write!(out, "{value:width$}").expect("written");
        }
    }
    for sample in 0..records * channels * rate {
        out.write_all(&((sample % 256) as i16).to_le_bytes()).expect("written");
    }
    out.flush().expect("written");
}
