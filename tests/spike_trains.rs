//! Units of networks as spike trains: orders of presentation, the identity of the shuffled one,
//! the same numbers however the work is cut, real pictures.

mod common;
#[path = "common/data.rs"]
mod data;

use burn::module::Module;
use noisescope::datasets::images::{self, Images, Part, labels};
use noisescope::experiments::machine::Machine;
use noisescope::experiments::spike_trains::settings as study;
use noisescope::experiments::spike_trains::{
    Identity, Indicators, Order, Presentation, Recorded, Settings, Viewing,
};
use noisescope::gpu::Choice;
use noisescope::models::checkpoint::Metadata;
use noisescope::models::images::{Architecture, Classifier, Classifying, training_settings};
use noisescope::models::training::{self, Keeping, train};
use noisescope::progress::Silent;

fn shapes(training: usize, test: usize) -> Images {
    let settings =
        images::Settings { training: Some(training), test: Some(test), ..Default::default() };
    images::load(&settings, 5).expect("built in")
}

fn cpu() -> Machine {
    Machine::open(Choice::Cpu).expect("the CPU")
}

/// What the units of `network` do while `part` is shown in `order`.
fn recorded(
    network: &Classifier,
    architecture: Architecture,
    part: &Part,
    order: Order,
    settings: &Settings,
    machine: &Machine,
) -> Recorded {
    let presentation = Presentation::new(order, &part.labels, settings, 9);
    let viewing =
        Viewing { network, architecture, part, presentation: &presentation, settings, kept: 0 };
    viewing.record(machine, &mut Silent).expect("recorded")
}

#[test]
fn orders_show_what_they_say() {
    let images = shapes(100, 100);
    let part = &images.test;
    let settings = Settings { repeats: 7, ..Settings::default() };
    let order = |order| Presentation::new(order, &part.labels, &settings, 9);
    let [shuffled, blocked, repeated] = Order::ALL.map(order);
    for presentation in [&shuffled, &blocked] {
        let mut all = presentation.pictures.clone();
        assert_ne!(all, (0..100).collect::<Vec<_>>());
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>(), "each once");
    }
    let classes: Vec<u8> = blocked.pictures.iter().map(|&p| part.labels[p]).collect();
    assert!(classes.is_sorted());
    assert_eq!(repeated.steps(), 100);
    for (at, showing) in repeated.pictures.chunks(7).enumerate() {
        assert!(showing.iter().all(|&picture| picture == shuffled.pictures[at]));
    }
    // Noise is fresh at each step, has its deviation, and does not depend on how steps are cut.
    let all = repeated.shown(part, 0..100);
    let size = part.size();
    assert_eq!(all[30 * size..55 * size], repeated.shown(part, 30..55));
    assert_ne!(all[..size], all[size..2 * size]);
    let clean = part.batch(&repeated.pictures);
    let squares = all.iter().zip(&clean).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    let deviation = (squares / all.len() as f64).sqrt();
    // 25,600 draws: a standard error of 0.0004.
    assert!((deviation - 0.1).abs() < 0.002, "{deviation}");
    assert_eq!(shuffled.shown(part, 0..3), part.batch(&shuffled.pictures[..3]));
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let named = |settings: Settings, name: &str| {
        let error = settings.check(100).expect_err("refused");
        assert!(error.to_string().starts_with(&format!("spikes.{name}: ")), "{error}");
        let remedy = error.remedy_text().expect("a remedy");
        assert!(remedy.starts_with(&format!("set spikes.{name}=")), "{remedy}");
    };
    let base = || Settings { window: 50, ..Settings::default() };
    base().check(100).expect("it fits twice");
    named(Settings { window: 51, ..base() }, "window");
    named(Settings { window: 0, ..base() }, "window");
    named(Settings { repeats: 0, ..base() }, "repeats");
    named(Settings { batch: 0, ..base() }, "batch");
    named(Settings { noise: -1.0, ..base() }, "noise");
    named(Settings { threshold: f32::NAN, ..base() }, "threshold");
    let seeds = study::Settings { seed: u64::MAX - 1, ..study::Settings::default() };
    let error = seeds.check().expect_err("more networks than seeds");
    assert!(error.to_string().starts_with("seed: "), "{error}");
    study::Settings { seed: u64::MAX - 3, ..seeds }.check().expect("three are left");
}

#[test]
fn how_the_work_is_cut_changes_nothing() {
    let images = shapes(10, 300);
    let machine = cpu();
    for architecture in [Architecture::Mlp, Architecture::Cnn] {
        let network = Classifier::new(architecture, images.test.shape, 1, &machine.device);
        let [few, many] = [37, 128].map(|batch| {
            let settings = Settings { batch, window: 20, ..Settings::default() };
            recorded(&network, architecture, &images.test, Order::Repeated, &settings, &machine)
        });
        for (few, many) in few.layers.iter().zip(&many.layers) {
            // The sums of a matrix product may be cut otherwise: at most one activation in a
            // million may come to lie on the other side of zero.
            let differ = few.units.iter().zip(&many.units).filter(|(a, b)| a != b).count();
            assert!(differ <= 1 + few.units.len() / 1000, "{}: {differ} units", few.name);
        }
    }
}

/// An MLP trained on `images` with a share `noise` of random labels.
fn trained(images: &Images, noise: f64, epochs: usize) -> Classifier {
    let labels = labels::noisy(&images.training.labels, noise, 2);
    let settings = training::Settings { epochs, ..training_settings() };
    let lesson = Classifying {
        training: &images.training,
        labels: &labels,
        test: &images.test,
        settings: &settings,
        seed: 2,
        look: &|_, _| Ok(false),
        within: None,
    };
    let device = cpu().device.autodiff();
    let network = Classifier::new(Architecture::Mlp, images.training.shape, 2, &device);
    let folder = tempfile::tempdir().expect("a folder");
    let origin = Metadata::new();
    let keeping = Keeping { folder: folder.path(), resume: false, origin: &origin };
    train(&lesson, network, &settings, keeping, &device, &mut Silent)
        .expect("trained")
        .network
        .valid()
}

/// The identity holds in the shuffled order, whatever the network; class after class it does not.
fn identity(what: &str, network: &Classifier, architecture: Architecture, part: &Part) {
    let (settings, machine) = (Settings::default(), cpu());
    let of = |order| {
        let found = recorded(network, architecture, part, order, &settings, &machine);
        println!(
            "{what}, {order:?}: {} steps, {:.2} s in the network, {:.2} s in the statistics",
            part.len(),
            found.seconds.forward,
            found.seconds.statistics
        );
        for layer in &found.layers {
            println!("  {}: {:?}", layer.name, Indicators::of(&layer.units));
        }
        let identity = Identity::of(found.units(), settings.window).expect("units that spike");
        println!("  {identity:?}");
        identity
    };
    let shuffled = of(Order::Shuffled);
    assert!((0.8..1.25).contains(&shuffled.root_mean_square), "{what}: {shuffled:?}");
    assert!(shuffled.mean.abs() < 0.5 && shuffled.largest < 6.5, "{what}: {shuffled:?}");
    let blocked = of(Order::Blocked);
    assert!(blocked.root_mean_square > 3.0, "{what}: {blocked:?}");
}

#[test]
fn shuffled_units_are_coins_in_every_network() {
    let images = shapes(1_000, 4_000);
    let part = &images.test;
    for architecture in [Architecture::Mlp, Architecture::Cnn] {
        let untrained = Classifier::new(architecture, part.shape, 2, &cpu().device);
        identity(&format!("untrained {architecture:?}"), &untrained, architecture, part);
    }
    for (what, noise, epochs) in [("generalising", 0.0, 6), ("memorising", 1.0, 30)] {
        identity(what, &trained(&images, noise, epochs), Architecture::Mlp, part);
    }
}

#[test]
fn a_device_gives_the_indicators_of_the_cpu() {
    if common::adapter().is_none() {
        return;
    }
    let machine = Machine::open(Choice::Gpu).expect("an adapter");
    let images = shapes(10, 300);
    let settings = Settings { window: 20, ..Settings::default() };
    for architecture in [Architecture::Mlp, Architecture::Cnn] {
        let of = |machine: &Machine| {
            let network = Classifier::new(architecture, images.test.shape, 1, &machine.device);
            recorded(&network, architecture, &images.test, Order::Shuffled, &settings, machine)
        };
        let (here, there) = (of(&cpu()), of(&machine));
        for (here, there) in here.layers.iter().zip(&there.layers) {
            let [a, b] = [here, there].map(|layer| Indicators::of(&layer.units));
            let shares = |of: &Indicators| [of.units as f64, of.dead, of.always_on].map(Some);
            let means = |of: &Indicators| {
                let fanos = [of.mean_fano, of.fano_variance];
                [of.mean_rate, of.rate_variance, fanos[0], fanos[1], of.mean_cv, of.coin_cv]
            };
            let pairs = shares(&a).into_iter().chain(means(&a));
            let pairs = pairs.zip(shares(&b).into_iter().chain(means(&b)));
            for (number, (here_is, there_is)) in pairs.enumerate() {
                let (x, y) = (here_is.expect("units"), there_is.expect("units"));
                // An activation within rounding of zero may fall on either side of it.
                assert!((x - y).abs() < 1e-4 * (1.0 + x), "{}, {number}: {x} {y}", here.name);
            }
        }
    }
}

#[test]
fn the_identity_holds_for_handwritten_digits() {
    let Some(path) = data::data("mnist") else { return };
    let settings = images::Settings { data: Some(path), test: Some(5_000), ..Default::default() };
    let images = images::load(&settings, 1).expect("readable");
    for architecture in [Architecture::Mlp, Architecture::Cnn] {
        let untrained = Classifier::new(architecture, images.test.shape, 3, &cpu().device);
        identity(
            &format!("MNIST, untrained {architecture:?}"),
            &untrained,
            architecture,
            &images.test,
        );
    }
}
