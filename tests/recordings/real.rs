//! Real recordings; where they are absent the test says so and passes.

use std::io::Read;
use std::path::Path;

use noisescope::analysis::dfa::{self, Convention, DfaPlan, Settings};
use noisescope::datasets::recordings::{self, Options, Recording};
use noisescope::experiments::analyze::Windows;
use noisescope::signal::Traces;

use super::data::data;
use super::one;

fn read_file(path: &Path) -> Vec<Recording> {
    recordings::read(path, &Options::default()).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn real_eeg_has_its_channels_rates_and_lengths() {
    let Some(folder) = data("eeg") else { return };
    for (name, channels, rate, seconds, first) in [
        ("S001R01.edf", 64, 160.0, 61, "S001R01.edf:Fc5."),
        ("Subject00_1.edf", 21, 500.0, 182, "Subject00_1.edf:EEG Fp1"),
        ("Subject04_2.edf", 21, 500.0, 62, "Subject04_2.edf:EEG Fp1"),
    ] {
        let found = read_file(&folder.join(name));
        assert_eq!(found.len(), 1, "{name}");
        let recording = &found[0];
        assert_eq!(recording.traces.rows(), channels, "{name}");
        assert_eq!(recording.rate, Some(rate), "{name}");
        assert_eq!(recording.traces.steps(), seconds * rate as usize, "{name}");
        assert_eq!(recording.names[0], first);
        // Microvolts of a scalp, not digital steps.
        let most = recording.traces.values().iter().fold(0.0f32, |most, x| most.max(x.abs()));
        println!("{}; largest {most} uV", recording.source);
        assert!((10.0..20_000.0).contains(&most), "{name}: {most}");
    }
    let found = read_file(&folder.join("eeg-eye-state.csv"));
    let traces = &found[0].traces;
    assert_eq!((found.len(), traces.rows(), traces.steps()), (1, 15, 14_980));
    assert_eq!(found[0].names[14], "eeg-eye-state.csv:class");
    assert_eq!((traces.row(0)[0], traces.row(1)[1]), (4329.23, 4004.62));
}

/// The beat intervals of each subject of an archive, in seconds, those of 0.3 to 2 s.
fn subjects(archive: &Path) -> Vec<Vec<f32>> {
    let file = std::fs::File::open(archive).expect("there");
    let unpacked = lzma_rust2::XzReader::new(std::io::BufReader::new(file), true);
    let mut archive = tar::Archive::new(unpacked);
    let mut subjects = Vec::new();
    for entry in archive.entries().expect("an archive") {
        let (mut entry, mut bytes) = (entry.expect("whole"), Vec::new());
        entry.read_to_end(&mut bytes).expect("whole");
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
        let found = one(&bytes, &Options::default());
        assert_eq!((found.traces.rows(), found.traces.steps()), (1, lines), "one beat per line");
        let kept = found.traces.values().iter().copied().filter(|rr| (0.3..=2.0).contains(rr));
        subjects.push(kept.collect());
    }
    subjects
}

#[test]
fn heart_beats_have_the_known_exponents() {
    let Some(folder) = data("rr_intervals") else { return };
    let windows: Windows = "16..N/8:4/octave".parse().expect("window sizes");
    for (archive, people, mean, deviation) in [
        ("nsr2db_54_rr_secs.tar.xz", 54, 1.099, 0.049),
        ("chf2db_29_rr_secs.tar.xz", 29, 1.042, 0.085),
        ("healthy_9_rr_secs.tar.xz", 9, 1.047, 0.036),
    ] {
        let subjects = subjects(&folder.join(archive));
        let alphas: Vec<f64> = subjects
            .into_iter()
            .map(|beats| {
                let windows = windows.sizes(beats.len(), None).expect("in samples");
                let settings = Settings { windows, order: 1, convention: Convention::Forward };
                let plan = DfaPlan::new(beats.len(), &settings).expect("the windows fit");
                let traces = Traces::new(beats, plan.steps()).expect("one");
                let measured = dfa::Path::Cpu.measure(&traces, &plan).expect("measured");
                measured.exponents[0].alpha().expect("an exponent")
            })
            .collect();
        assert_eq!(alphas.len(), people);
        let found = alphas.iter().sum::<f64>() / people as f64;
        let square = alphas.iter().map(|alpha| (alpha - found).powi(2)).sum::<f64>();
        let spread = (square / people as f64).sqrt();
        println!("{archive}: {found:.5} ± {spread:.5} over {people} people");
        // To the third digit.
        assert!((found - mean).abs() < 5e-4 && (spread - deviation).abs() < 5e-4, "{archive}");
    }
}

#[test]
fn arrays_of_the_golden_set_are_read_as_npyz_reads_them() {
    let Some(folder) = data("../golden") else { return };
    let mut arrays = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending {
            "npy" => {
                let bytes = std::fs::read(&path).expect("readable");
                let array = npyz::NpyFile::new(bytes.as_slice()).expect("an array");
                let values: Option<Vec<f64>> = match array.try_data::<f64>() {
                    Ok(data) => Some(data.map(|value| value.expect("whole")).collect()),
                    Err(array) => array
                        .try_data::<f32>()
                        .ok()
                        .map(|data| data.map(|value| f64::from(value.expect("whole"))).collect()),
                };
                let found = read_file(&path);
                println!("{}", found[0].source);
                if let Some(values) = values {
                    let narrow: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                    assert_eq!(found[0].traces.values(), narrow, "{}", path.display());
                    arrays += 1;
                }
            }
            "npz" => read_file(&path).iter().for_each(|recording| println!("{}", recording.source)),
            _ => {}
        }
    }
    assert!(arrays > 8);
}
