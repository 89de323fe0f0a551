//! The classifiers of pictures: the plain formulas, learning what is true and what is not, the same
//! bits twice, the same activations on a device.

mod common;

use std::cell::RefCell;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use noisescope::datasets::images::{self, CLASSES, Images, Settings as Pictures, labels};
use noisescope::models::checkpoint::{Array, Metadata, parameters};
use noisescope::models::images::{
    Architecture, Classifier, Classifying, Within, score, training_settings,
};
use noisescope::models::training::{Keeping, Settings, Trained, train};
use noisescope::models::{buffer, device};
use noisescope::progress::Silent;

const BOTH: [Architecture; 2] = [Architecture::Mlp, Architecture::Cnn];

fn shapes(training: usize, test: usize) -> Images {
    let settings = Pictures { training: Some(training), test: Some(test), ..Pictures::default() };
    images::load(&settings, 3).expect("built in")
}

/// A network of `architecture` trained on `images` with a share `noise` of the labels replaced.
fn trained(
    architecture: Architecture,
    images: &Images,
    noise: f64,
    settings: &Settings,
) -> (Trained<Classifier>, Vec<u8>) {
    let labels = labels::noisy(&images.training.labels, noise, 7);
    let lesson = Classifying {
        training: &images.training,
        labels: &labels,
        test: &images.test,
        settings,
        seed: 7,
        look: &|_, _| Ok(false),
        within: None,
    };
    let device = device::cpu().autodiff();
    let network = Classifier::new(architecture, images.training.shape, 7, &device);
    let folder = tempfile::tempdir().expect("a folder");
    let origin = Metadata::new();
    let keeping = Keeping { folder: folder.path(), resume: false, origin: &origin };
    let trained =
        train(&lesson, network, settings, keeping, &device, &mut Silent).expect("trained");
    (trained, labels)
}

#[test]
fn both_networks_learn_the_shapes() {
    let images = shapes(1_000, 500);
    for (architecture, epochs) in [(Architecture::Mlp, 8), (Architecture::Cnn, 3)] {
        let settings = Settings { epochs, ..training_settings() };
        let (trained, _) = trained(architecture, &images, 0.0, &settings);
        println!("{architecture:?}: {:?}", trained.history.last());
        assert!(trained.best().validation_accuracy > 0.85, "{:?}", trained.history);
    }
}

#[test]
fn a_random_labelling_is_memorised_and_says_nothing_of_other_pictures() {
    let images = shapes(400, 500);
    let settings = Settings { epochs: 60, ..training_settings() };
    let (trained, _) = trained(Architecture::Mlp, &images, 1.0, &settings);
    let last = trained.history.last().expect("epochs");
    println!("{last:?}");
    assert!(last.training_accuracy >= 0.99, "{last:?}");
    assert!((0.03..0.25).contains(&last.validation_accuracy), "{last:?}");
    // The network that is kept is that of the best epoch on the test half.
    let test = &images.test;
    let kept = score(&trained.network.valid(), test, &test.labels, 128, &Silent);
    assert_eq!(kept.expect("whole").accuracy(), trained.best().validation_accuracy);
}

#[test]
fn two_trainings_end_with_the_same_bits() {
    let images = shapes(300, 60);
    let settings = Settings { epochs: 2, ..training_settings() };
    for architecture in BOTH {
        let weights = || {
            let (trained, _) = trained(architecture, &images, 0.5, &settings);
            let arrays = parameters(&trained.network);
            let bits =
                |array: Array| array.values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            arrays.into_values().map(bits).collect::<Vec<_>>()
        };
        assert_eq!(weights(), weights(), "{architecture:?}");
    }
}

#[test]
fn a_lesson_that_has_seen_enough_ends_there_and_stays_ended() {
    let images = shapes(300, 60);
    let settings = Settings { epochs: 50, ..training_settings() };
    let (seen, within) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let lesson = Classifying {
        training: &images.training,
        labels: &images.training.labels,
        test: &images.test,
        settings: &settings,
        seed: 7,
        look: &|network, epoch| {
            let kept = score(network, &images.test, &images.test.labels, 60, &Silent);
            assert_eq!(kept.expect("whole").accuracy(), epoch.validation_accuracy);
            seen.borrow_mut().push(epoch.epoch);
            Ok(epoch.epoch == 3)
        },
        within: Some(Within {
            per_doubling: 2,
            look: &|_, passes| {
                within.borrow_mut().push((3.0 * passes).round());
                Ok(())
            },
        }),
    };
    let device = device::cpu().autodiff();
    let network = || Classifier::new(Architecture::Mlp, images.training.shape, 7, &device);
    let folder = tempfile::tempdir().expect("a folder");
    let origin = Metadata::new();
    for resume in [false, true] {
        let keeping = Keeping { folder: folder.path(), resume, origin: &origin };
        let trained = train(&lesson, network(), &settings, keeping, &device, &mut Silent);
        assert_eq!(trained.expect("trained").history.len(), 3);
    }
    assert_eq!(seen.into_inner(), [1, 2, 3], "each once");
    // Of 9 batches, 3 per epoch: those at which 2 log2 passes a whole number, less the last of each.
    assert_eq!(within.into_inner(), [1.0, 2.0, 4.0, 8.0]);
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data();
    data.as_slice::<f32>().expect("f32").iter().map(|&value| f64::from(value)).collect()
}

/// The activations of every hidden layer and the logits of one picture, word by word, in f64.
fn plainly(network: &Classifier, picture: &[u8], shape: [usize; 3]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let arrays = parameters(network);
    let [mut channels, height, width] = shape;
    let mut maps: Vec<f64> = picture.iter().map(|&pixel| f64::from(pixel) / 255.0).collect();
    let mut layers = Vec::new();
    let get = |name: String| arrays.get(&name);
    for at in 0.. {
        let Some(weight) = get(format!("convolutions.{at}.weight")) else { break };
        let bias = get(format!("convolutions.{at}.bias")).expect("a bias");
        let outputs = weight.shape[0];
        let mut next = vec![0.0f64; outputs * height * width];
        for (place, value) in next.iter_mut().enumerate() {
            let (output, y, x) = (place / (height * width), place / width % height, place % width);
            let mut sum = f64::from(bias.values[output]);
            for (input, dy, dx) in
                (0..channels).flat_map(|c| (0..9).map(move |d| (c, d / 3, d % 3)))
            {
                // A border of zeros, one pixel wide.
                let (Some(y), Some(x)) = ((y + dy).checked_sub(1), (x + dx).checked_sub(1)) else {
                    continue;
                };
                if y < height && x < width {
                    let weight = weight.values[(output * channels + input) * 9 + 3 * dy + dx];
                    sum += f64::from(weight) * maps[(input * height + y) * width + x];
                }
            }
            *value = sum.max(0.0);
        }
        layers.push(next.clone());
        (maps, channels) = (next, outputs);
    }
    if !layers.is_empty() {
        let at = |c: usize, y: usize, x: usize| maps[(c * height + y) * width + x];
        let pooled = |place: usize| {
            let (half, wide) = (height / 2, width / 2);
            let (c, y, x) = (place / (half * wide), place / wide % half * 2, place % wide * 2);
            at(c, y, x).max(at(c, y, x + 1)).max(at(c, y + 1, x)).max(at(c, y + 1, x + 1))
        };
        maps = (0..channels * (height / 2) * (width / 2)).map(pooled).collect();
    }
    for at in 0.. {
        let Some(weight) = get(format!("dense.{at}.weight")) else { break };
        let bias = get(format!("dense.{at}.bias")).expect("a bias");
        let units = weight.shape[1];
        let sum = |unit: usize| {
            let terms = maps
                .iter()
                .enumerate()
                .map(|(i, x)| x * f64::from(weight.values[i * units + unit]));
            terms.sum::<f64>() + f64::from(bias.values[unit])
        };
        maps = (0..units).map(sum).collect();
        if units != CLASSES {
            maps.iter_mut().for_each(|value| *value = value.max(0.0));
            layers.push(maps.clone());
        }
    }
    (layers, maps)
}

/// That `network` gives the plain formulas for a batch of `images`.
fn follows_the_formulas(network: &Classifier, architecture: Architecture, images: &Images) {
    let (part, chosen) = (&images.test, [4, 0, 9]);
    let layers = network.record(network.pictures(part, &chosen));
    let logits = values(network.logits(network.pictures(part, &chosen)));
    let names = architecture.layers(part.shape);
    let units: Vec<usize> = layers.iter().map(|layer| layer.dims()[1]).collect();
    assert_eq!(units, names.iter().map(|(_, units)| *units).collect::<Vec<_>>());
    let layers: Vec<Vec<f64>> = layers.into_iter().map(values).collect();
    let tell = |what: &str, row: usize, found: &[f64], expected: &[f64]| {
        for (unit, (found, expected)) in found.iter().zip(expected).enumerate() {
            let close = (found - expected).abs() < 1e-5 * (1.0 + expected.abs());
            assert!(close, "{what}, picture {row}, unit {unit}: {found} {expected}");
        }
    };
    for (row, &index) in chosen.iter().enumerate() {
        let (hidden, expected) = plainly(network, part.picture(index), part.shape);
        for (layer, ((found, hidden), (name, units))) in
            layers.iter().zip(&hidden).zip(&names).enumerate()
        {
            assert!(hidden.iter().any(|value| *value > 0.0), "layer {layer} is not dead");
            tell(name, row, &found[row * units..][..*units], hidden);
        }
        tell("logits", row, &logits[row * CLASSES..][..CLASSES], &expected);
    }
}

#[test]
fn activations_are_those_of_the_plain_formulas() {
    let images = shapes(10, 10);
    for architecture in BOTH {
        let network = Classifier::new(architecture, images.test.shape, 2, &device::cpu());
        follows_the_formulas(&network, architecture, &images);
        architecture.check(images.test.shape).expect("large enough");
    }
    let error = Architecture::Cnn.check([1, 1, 9]).expect_err("too small");
    assert!(error.to_string().starts_with("model.architecture: "), "{error}");
    let names = Architecture::Cnn.layers([3, 32, 32]);
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1-conv32768", "2-conv65536", "3-dense128"]);
}

#[test]
fn a_device_gives_the_same_activations_and_a_tally_takes_them_where_they_lie() {
    let Some(engine) = common::engine() else { return };
    let device: Device = device::on_gpu(engine.gpu()).expect("registered");
    let images = shapes(10, 70);
    let all: Vec<usize> = (0..70).collect();
    for architecture in BOTH {
        let network = Classifier::new(architecture, images.test.shape, 2, &device);
        follows_the_formulas(&network, architecture, &images);
        let layers = network.record(network.pictures(&images.test, &all));
        for (layer, (name, units)) in layers.into_iter().zip(architecture.layers(images.test.shape))
        {
            use noisescope::analysis::spikes::Tally;
            let mut there = Tally::new(Some(engine.clone()), units, &[10], 0.0).expect("made");
            let mut here = Tally::new(None, units, &[10], 0.0).expect("made");
            let data = layer.clone().into_data();
            here.add(data.as_slice::<f32>().expect("f32")).expect("added");
            buffer::with_buffer(layer.unsqueeze(), |part| there.add_part(part, 70)).expect("added");
            let (there, here) = (there.finish().expect("done"), here.finish().expect("done"));
            for (unit, (there, here)) in there.iter().zip(&here).enumerate() {
                common::spikes::same_spikes(&format!("{name}, unit {unit}"), there, here);
            }
        }
    }
}
