//! Every form that pictures come in gives the same pictures; every bad input gives one error that
//! says where.
//!
//! Fixtures are written to temporary folders; MNIST, Fashion-MNIST and CIFAR-10 are read where they
//! are at hand.

use std::fs;
use std::io::Write;
use std::path::Path;

use noisescope::datasets::images::{self, CLASSES, Images, Part, Settings};
use tempfile::TempDir;

#[path = "common/data.rs"]
mod data;
use data::data;

// ---- fixtures ----

const SIDES: [u32; 2] = [3, 5];

fn idx(magic: u32, sizes: &[u32], content: &[u8]) -> Vec<u8> {
    let head = std::iter::once(&magic).chain(sizes).flat_map(|word| word.to_be_bytes());
    head.chain(content.iter().copied()).collect()
}

/// `count` pictures whose bytes follow from `seed` and their place.
fn pictures(count: u32, seed: u32) -> Vec<u8> {
    let pixels: Vec<u8> =
        (0..count * SIDES[0] * SIDES[1]).map(|i| (i * 37 + seed * 11) as u8).collect();
    idx(2051, &[count, SIDES[0], SIDES[1]], &pixels)
}

fn classes(count: u32, seed: u32) -> Vec<u8> {
    let labels: Vec<u8> = (0..count).map(|i| ((i + seed) % 10) as u8).collect();
    idx(2049, &[count], &labels)
}

/// `count` records of CIFAR-10.
fn records(count: usize, seed: usize) -> Vec<u8> {
    let record = |i: usize| {
        let pixels = (0..3072).map(move |at| (at * 7 + i * 31 + seed) as u8);
        std::iter::once(((i + seed) % CLASSES) as u8).chain(pixels)
    };
    (0..count).flat_map(record).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, bytes.as_slice()).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = TempDir::new().expect("temporary folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, bytes).expect("writable");
    }
    folder
}

fn mnist() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("train-images-idx3-ubyte", pictures(12, 1)),
        ("train-labels-idx1-ubyte", classes(12, 1)),
        ("t10k-images-idx3-ubyte", pictures(4, 2)),
        ("t10k-labels-idx1-ubyte", classes(4, 2)),
    ]
}

/// The error of reading `path`, which must have a place and a remedy.
#[track_caller]
fn refusal(path: &Path) -> String {
    let error = images::read(path).expect_err("bad input");
    assert!(error.remedy_text().is_some(), "no remedy: {error}");
    let place = path.parent().expect("a folder").display().to_string();
    assert!(error.to_string().contains(&place), "no place: {error}");
    error.to_string()
}

/// The error of the four files of MNIST, of which the one that `name` begins is `bytes`.
#[track_caller]
fn spoiled(name: &str, bytes: Vec<u8>) -> String {
    let mut files = mnist();
    let file = files.iter_mut().find(|file| file.0.starts_with(name)).expect("one of four");
    file.1 = bytes;
    let folder = folder(&files);
    refusal(folder.path())
}

// ---- forms ----

#[test]
fn every_form_of_idx_gives_the_same_pictures() {
    let plain = folder(&mnist());
    let expected = images::read(plain.path()).expect("readable");
    assert_eq!(expected.form, "folder, IDX");
    assert_eq!((expected.training.shape, expected.training.len()), ([1, 3, 5], 12));
    assert_eq!(expected.training.picture(1), &pictures(12, 1)[16 + 15..16 + 30]);
    assert_eq!(expected.training.labels, classes(12, 1)[8..]);
    let test = expected.test.as_ref().expect("a test half");
    assert_eq!(test.labels, [2, 3, 4, 5]);
    // Packed, one folder deeper, beside notes and hidden files.
    let names: Vec<(String, Vec<u8>)> =
        mnist().into_iter().map(|(name, bytes)| (format!("raw/{name}.gz"), gzip(&bytes))).collect();
    let mut files: Vec<(&str, Vec<u8>)> =
        names.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    files.push(("raw/README", b"fetched from the web".to_vec()));
    files.push(("raw/.DS_Store", vec![0, 1, 2]));
    files.push(("LICENSE", b"MIT".to_vec()));
    let packed = folder(&files);
    let found = images::read(packed.path()).expect("readable");
    assert_eq!((&found.training, &found.test), (&expected.training, &expected.test));
    let archive = folder(&[("mnist", gzip(&tar(&mnist())))]);
    let found = images::read(&archive.path().join("mnist")).expect("readable");
    assert_eq!(found.form, "tar archive, gzip, IDX");
    assert_eq!((&found.training, &found.test), (&expected.training, &expected.test));
    // One file of images finds its labels, and has no test half.
    let one = packed.path().join("raw/train-images-idx3-ubyte.gz");
    let found = images::read(&one).expect("readable");
    assert_eq!((found.training, found.test), (expected.training, None));
}

#[test]
fn every_form_of_cifar_gives_the_same_pictures() {
    let names = ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"];
    let counts = [7, 5, 3];
    let batch = |at: usize| records(counts[at], at);
    let inner = |at: usize| format!("cifar-10-batches-bin/{}", names[at]);
    let plain: Vec<(&str, Vec<u8>)> = (0..3).map(|at| (names[at], batch(at))).collect();
    let expected = images::read(folder(&plain).path()).expect("readable");
    assert_eq!(expected.form, "folder, CIFAR-10 batches");
    assert_eq!((expected.training.shape, expected.training.len()), ([3, 32, 32], 12));
    assert_eq!(expected.training.picture(7), &batch(1)[1..3073]);
    assert_eq!(expected.test.as_ref().map(Part::len), Some(3));
    // In an archive, in another order and beside words.
    let words = ("cifar-10-batches-bin/batches.meta.txt", b"airplane\nautomobile\n".to_vec());
    let page = ("cifar-10-batches-bin/readme.html", b"\t<html>".to_vec());
    let hidden = ("cifar-10-batches-bin/._data_batch_1.bin", vec![0, 5, 22, 7]);
    let inner = [2, 1, 0].map(|at| (inner(at), batch(at)));
    let batches = inner.each_ref().map(|(name, bytes)| (name.as_str(), bytes.clone()));
    let members = [vec![words, page, hidden], batches.to_vec()].concat();
    for bytes in [tar(&members), gzip(&tar(&members))] {
        let archive = folder(&[("archive", bytes)]);
        let found = images::read(&archive.path().join("archive")).expect("readable");
        assert_eq!((&found.training, &found.test), (&expected.training, &expected.test));
    }
    let alone = folder(&[("test_batch.bin.gz", gzip(&batch(2)))]);
    let found = images::read(&alone.path().join("test_batch.bin.gz")).expect("readable");
    assert_eq!((Some(found.training), found.test), (expected.test, None));
}

#[test]
fn a_name_tells_what_a_file_must_hold_and_content_where_it_does_not() {
    let expected = images::read(folder(&mnist()).path()).expect("readable");
    // Both spellings, plain and packed.
    for spelling in ["-idx", ".idx"] {
        for ending in ["", ".gz"] {
            let packed = |bytes: Vec<u8>| if ending.is_empty() { bytes } else { gzip(&bytes) };
            let named = mnist().into_iter().map(|(name, bytes)| {
                (format!("{}{ending}", name.replace("-idx", spelling)), packed(bytes))
            });
            let named: Vec<(String, Vec<u8>)> = named.collect();
            let files: Vec<(&str, Vec<u8>)> =
                named.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
            let files = folder(&files);
            let found = images::read(files.path()).expect("readable");
            assert_eq!((&found.training, &found.test), (&expected.training, &expected.test));
            let alone = images::read(&files.path().join(&named[0].0)).expect("readable");
            assert_eq!((&alone.training, alone.test), (&expected.training, None));
        }
    }
    // Notes, archives, folders and hidden files are none, whatever else their names say.
    let mut beside = mnist();
    for name in [
        "readme-images",
        "labels.html",
        "train-images.txt",
        "data_batch_1.txt",
        ".train-images-idx3-ubyte",
        "images.tar.gz",
        "data_batch_1.bin/7",
    ] {
        beside.push((name, vec![7, 0, 7]));
    }
    let found = images::read(folder(&beside).path()).expect("readable");
    assert_eq!((&found.training, &found.test), (&expected.training, &expected.test));
    // Names that say nothing, or two things.
    let silent = folder(&[("pixels", pictures(12, 1)), ("truth", classes(12, 1))]);
    assert_eq!(images::read(silent.path()).expect("readable").training, expected.training);
    let both = folder(&[("a-images.bin", records(3, 0))]);
    assert_eq!(images::read(both.path()).expect("readable").training.len(), 3);
    let both = folder(&[("images.bin", pictures(12, 1)), ("labels.bin", classes(12, 1))]);
    assert_eq!(images::read(both.path()).expect("readable").training, expected.training);
}

#[test]
fn settings_draw_the_same_pictures_and_cut_a_test_half() {
    let files = folder(&[("batch", records(60, 0))]);
    let load = |training, test, seed| {
        let data = Some(files.path().join("batch"));
        images::load(&Settings { data, training, test }, seed).expect("readable")
    };
    let all = load(None, None, 1);
    assert_eq!((all.training.len(), all.test.len()), (50, 10));
    let pixels = |images: &Images| [images.training.pixels.clone(), images.test.pixels.clone()];
    let mut seen: Vec<Vec<u8>> = pixels(&all).concat().chunks(3072).map(<[u8]>::to_vec).collect();
    let mut whole: Vec<Vec<u8>> = records(60, 0).chunks(3073).map(|r| r[1..].to_vec()).collect();
    seen.sort();
    whole.sort();
    assert_eq!(seen, whole, "each picture once");
    assert_ne!(pixels(&all), pixels(&load(None, None, 2)));
    let [few, more] = [20, 30].map(|count| load(Some(count), Some(4), 1));
    assert_eq!(few.training.labels, more.training.labels[..20]);
    assert_eq!((few.test.len(), &few.test), (4, &more.test));
    let batch = all.training.batch(&[3]);
    assert_eq!(batch[5], f32::from(all.training.picture(3)[5]) / 255.0);
    for (training, test, place) in
        [(Some(51), None, "training"), (Some(0), None, "training"), (None, Some(11), "test")]
    {
        let data = Some(files.path().join("batch"));
        let error = images::load(&Settings { data, training, test }, 1).expect_err("too many");
        assert!(error.to_string().starts_with(&format!("images.{place}: ")), "{error}");
    }
}

#[test]
fn the_built_in_set_needs_no_file() {
    let images = images::load(&Settings::default(), 1).expect("built in");
    assert!(images.synthetic);
    assert_eq!((images.training.len(), images.test.len()), images::BUILT_IN);
    assert_eq!(images.training.shape, images.test.shape);
    let all = (0..images.training.len()).collect::<Vec<_>>();
    let batch = images.training.batch(&all);
    assert!(batch.iter().all(|value| (0.0..=1.0).contains(value)));
    let mean = batch.iter().sum::<f32>() / batch.len() as f32;
    assert!((0.1..0.5).contains(&mean), "{mean}");
}

// ---- bad input ----

#[test]
fn bad_idx_ends_with_one_error() {
    let mut wrong = pictures(12, 1);
    wrong[3] = 2;
    let said = spoiled("train-images", wrong);
    assert!(said.contains("magic 0x00000803") && said.contains("00 00 08 02"), "{said}");
    let whole = gzip(&pictures(12, 1));
    let said = spoiled("train-images", whole[..whole.len() - 20].to_vec());
    assert!(said.contains("train-images") && said.contains("cut short"), "{said}");
    let whole = pictures(12, 1);
    let said = spoiled("train-images", whole[..whole.len() - 20].to_vec());
    assert!(said.contains("196 bytes") && said.contains("cut short"), "{said}");
    let said = spoiled("train-images", [pictures(12, 1), vec![0]].concat());
    assert!(said.contains("197"), "{said}");
    let said = spoiled("train-images", pictures(12, 1)[..9].to_vec());
    assert!(said.contains("16 bytes, found 9"), "{said}");
    let huge = idx(2051, &[u32::MAX, 4096, 4096], &[0; 40]);
    assert!(spoiled("train-images", huge).contains("cut short"));
    let said = spoiled("train-images", idx(2051, &[12, 0, 5], &[]));
    assert!(said.contains("sides of 1 to 4096 pixels, found 0"), "{said}");
    let said = spoiled("train-labels", classes(11, 1));
    assert!(said.contains("train-labels") && said.contains("found 11 labels"), "{said}");
    let said = spoiled("t10k-labels", idx(2049, &[4], &[1, 2, 10, 3]));
    assert!(said.contains("t10k-labels-idx1-ubyte, image 2: ") && said.contains("10"), "{said}");
    let small = idx(2051, &[4, 2, 2], &[9; 16]);
    let said = spoiled("t10k-images", small);
    assert!(said.contains("t10k-images") && said.contains("3 x 5"), "{said}");
    assert!(said.contains("found 2 x 2"), "{said}");
    let none = [("train-images", idx(2051, &[0, 3, 5], &[])), ("train-labels", classes(0, 0))];
    assert!(refusal(folder(&none).path()).contains("a file of none"));
}

#[test]
fn missing_and_foreign_files_are_named() {
    let files = folder(&mnist()[..1]);
    let said = refusal(&files.path().join("train-images-idx3-ubyte"));
    assert!(said.contains("found no train-labels-idx1-ubyte"), "{said}");
    assert!(refusal(files.path()).contains("found 1 and 0"));
    let files = folder(&mnist()[1..2]);
    assert!(refusal(&files.path().join("train-labels-idx1-ubyte")).contains("found 0 and 1"));
    // A half alone is taken for all there is, whatever its name.
    let half = images::read(folder(&mnist()[2..]).path()).expect("readable");
    assert_eq!((half.training.len(), half.test), (4, None));
}

#[test]
fn bad_cifar_ends_with_one_error() {
    let read = |bytes: Vec<u8>| refusal(&folder(&[("batch.bin", bytes)]).path().join("batch.bin"));
    let whole = records(4, 0);
    let said = read(whole[..whole.len() - 1].to_vec());
    assert!(said.contains("records of 3073 bytes, found 3 and 3072 bytes"), "{said}");
    let packed = gzip(&whole);
    assert!(read(packed[..packed.len() / 2].to_vec()).contains("cut short"));
    let mut wrong = whole.clone();
    wrong[2 * 3073] = 17;
    let said = read(wrong);
    assert!(said.contains("batch.bin, image 2: ") && said.contains("found 17"), "{said}");
    for (bytes, kind) in [
        (b"label,pixel\n1,2\n".to_vec(), "text that begins with 6c 61 62 65"),
        (b"\x89PNG\r\n\x1a\n\0\0".to_vec(), "a PNG image that begins with 89 50 4e 47"),
        (Vec::new(), "an empty file"),
    ] {
        let said = read(bytes.clone());
        assert!(said.contains(kind) && said.contains("CIFAR-10 records of 3073 bytes"), "{said}");
        // A name that says nothing: of either kind.
        let said = refusal(&folder(&[("pictures", bytes)]).path().join("pictures"));
        assert!(said.contains(kind) && said.contains("CIFAR-10 records"), "{said}");
        assert!(said.contains("magic 0x00000803"), "{said}");
    }
    let archive = tar(&[("data_batch_1.bin", whole.clone())]);
    let cut = folder(&[("a.tar", archive[..3000].to_vec())]);
    assert!(refusal(&cut.path().join("a.tar")).contains("cut short"));
    let mixed = [mnist(), vec![("data_batch_1.bin", whole)]].concat();
    let mixed = folder(&mixed);
    let said = refusal(mixed.path());
    for name in ["t10k-images-idx3-ubyte", "data_batch_1.bin"] {
        assert!(said.contains(&mixed.path().join(name).display().to_string()), "{said}");
    }
    let empty = folder(&[("notes.txt", b"nothing here".to_vec())]);
    assert!(refusal(empty.path()).contains("notes.txt"));
    assert!(refusal(&empty.path().join("absent")).contains("cannot read the images"));
}

/// `files` with the last one spoilt: one error with its path, the `words` and a remedy, from the
/// folder, from an archive and from the file alone.
#[track_caller]
fn spoilt(files: &[(&str, Vec<u8>)], words: &[&str]) {
    let (name, bytes) = files.last().expect("files");
    let plain = folder(files);
    let members: Vec<(String, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (format!("inner/{name}"), bytes.clone())).collect();
    let members: Vec<(&str, Vec<u8>)> =
        members.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let archive = folder(&[("a.tar.gz", gzip(&tar(&members)))]);
    let tar = archive.path().join("a.tar.gz");
    let mut sources = vec![
        (plain.path().to_owned(), plain.path().join(name)),
        (plain.path().join(name), plain.path().join(name)),
    ];
    // Members of an archive are not unpacked once more.
    if !name.ends_with(".gz") || bytes.is_empty() {
        sources.push((tar.clone(), tar.join("inner").join(name)));
    }
    for (source, place) in sources {
        let said = refusal(&source);
        assert!(said.starts_with(&place.display().to_string()), "{}: {said}", source.display());
        for word in words {
            assert!(said.contains(word), "{}: no `{word}` in {said}", source.display());
        }
    }
}

/// The four files of MNIST, the one called `name` last and of `bytes`.
fn mnist_but(name: &'static str, bytes: Vec<u8>) -> Vec<(&'static str, Vec<u8>)> {
    let others = mnist().into_iter().filter(|(other, _)| *other != name.trim_end_matches(".gz"));
    others.chain([(name, bytes)]).collect()
}

#[test]
fn a_spoilt_batch_is_an_error_and_never_left_out() {
    let mut spoiled = records(60, 0);
    spoiled[0] = 99;
    let cut = spoiled[..spoiled.len() - 7].to_vec();
    let found = ["records of 3073 bytes", "found 59 and 3066 bytes", "begins with 63 00 07 0e"];
    let (first, test) = (("data_batch_1.bin", records(60, 0)), ("test_batch.bin", records(20, 1)));
    let second = |bytes: &[u8]| ("data_batch_2.bin", bytes.to_vec());
    spoilt(&[first.clone(), test.clone(), second(&cut)], &found);
    // Not even where the test batch could be taken for all there is.
    spoilt(&[test.clone(), second(&cut)], &found);
    spoilt(&[test.clone(), second(&spoiled)], &["image 0: ", "found 99"]);
    spoilt(&[test.clone(), second(&[])], &["records of 3073 bytes", "an empty file"]);
    spoilt(&[test.clone(), second(b"<html>gone</html>")], &["records", "an HTML page"]);
    // The version of CIFAR-10 for Python.
    spoilt(&[test, ("data_batch_1", b"\x80\x02}q\x01\0\0".to_vec())], &["80 02 7d 71"]);
    let mut stray = mnist();
    stray.push(("model.bin", vec![8; 100]));
    spoilt(&stray, &["records of 3073 bytes", "found 0 and 100 bytes", "begins with 08 08 08 08"]);
}

#[test]
fn a_batch_that_is_there_packed_too_is_not_counted_twice() {
    let twice = [
        ("data_batch_1.bin", records(3, 0)),
        ("data_batch_1.bin.gz", gzip(&records(3, 0))),
        ("test_batch.bin", records(2, 1)),
    ];
    let said = refusal(folder(&twice).path());
    assert!(said.contains("data_batch_1.bin.gz: expected each batch once"), "{said}");
    assert!(said.contains("data_batch_1.bin, too"), "{said}");
}

#[test]
fn a_spoilt_file_of_idx_is_an_error_and_never_left_out() {
    let with = |magic: u32, whole: Vec<u8>| [&magic.to_be_bytes(), &whole[4..]].concat();
    for (magic, found) in [
        (2053, "begins with 00 00 08 05"),
        (0x899, "begins with 00 00 08 99"),
        (0, "begins with 00 00 00 00"),
        (2051u32.swap_bytes(), "begins with 03 08 00 00"),
    ] {
        let files = mnist_but("train-images-idx3-ubyte", with(magic, pictures(12, 1)));
        spoilt(&files, &["magic 0x00000803", found]);
    }
    let files = mnist_but("train-labels-idx1-ubyte", with(0x701, classes(12, 1)));
    spoilt(&files, &["0x00000801", "begins with 00 00 07 01"]);
    for name in ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz"] {
        spoilt(&mnist_but(name, Vec::new()), &["0x00000801", "an empty file"]);
    }
    let files = mnist_but("t10k-labels-idx1-ubyte.gz", gzip(&[]));
    spoilt(&files, &["0x00000801", "an empty file"]);
    let files = mnist_but("t10k-images-idx3-ubyte", b"<!DOCTYPE html>".to_vec());
    spoilt(&files, &["0x00000803", "an HTML page that begins with 3c 21 44 4f"]);
}

/// A gzip file with another sum, with another length, and cut short within them.
fn bad_ends(whole: &[u8]) -> [(Vec<u8>, &'static str); 3] {
    let flipped = |back: usize| {
        let mut bytes = whole.to_vec();
        bytes[whole.len() - back] ^= 1;
        bytes
    };
    let cut = whole[..whole.len() - 3].to_vec();
    [(flipped(8), "damaged"), (flipped(4), "damaged"), (cut, "cut short")]
}

#[test]
fn a_bad_end_of_gzip_is_an_error() {
    let batch = [("test_batch.bin", records(3, 0)), ("data_batch_1.bin.gz", Vec::new())];
    let sets = [
        (mnist_but("train-images-idx3-ubyte.gz", Vec::new()), gzip(&pictures(12, 1))),
        (batch.to_vec(), gzip(&records(5, 1))),
    ];
    for (mut files, whole) in sets {
        for (bytes, words) in bad_ends(&whole) {
            files.last_mut().expect("files").1 = bytes;
            spoilt(&files, &[words]);
        }
    }
    for (bytes, words) in bad_ends(&gzip(&tar(&[("data_batch_1.bin", records(2, 0))]))) {
        let said = refusal(&folder(&[("a.tar.gz", bytes)]).path().join("a.tar.gz"));
        assert!(said.contains(words), "{said}");
    }
}

// ---- real data ----

#[test]
fn mnist_and_fashion_mnist_are_read_whole() {
    for (part, mean) in [("mnist", 0.1307), ("fashion_mnist", 0.2860)] {
        let Some(path) = data(part) else { continue };
        let found = images::read(&path).unwrap_or_else(|error| panic!("{error:?}"));
        let test = found.test.expect("a test half");
        assert_eq!((found.training.len(), test.len()), (60_000, 10_000));
        assert_eq!((found.training.shape, test.shape), ([1, 28, 28], [1, 28, 28]));
        let sum: u64 = found.training.pixels.iter().map(|&pixel| u64::from(pixel)).sum();
        let share = sum as f64 / 255.0 / found.training.pixels.len() as f64;
        println!("{part}: {}, mean brightness {share:.4}", found.form);
        // The mean by which these sets are normalised everywhere.
        assert!((share - mean).abs() < 1e-4, "{share}");
        let count = |class: u8| test.labels.iter().filter(|&&label| label == class).count();
        assert_eq!(count(0), if part == "mnist" { 980 } else { 1_000 });
    }
}

#[test]
fn cifar_10_is_read_whole() {
    let Some(path) = data("cifar10") else { return };
    let found = images::read(&path).unwrap_or_else(|error| panic!("{error:?}"));
    let test = found.test.expect("a test half");
    assert_eq!((found.training.len(), test.len()), (4_000, 1_000));
    // The first pictures of CIFAR-10: a frog and a truck; a cat and a ship in the test half.
    assert_eq!((&found.training.labels[..2], &test.labels[..2]), (&[6, 9][..], &[3, 8][..]));
}
