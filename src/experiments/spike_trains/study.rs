//! The run of `spike-trains`: networks that learn true labels and random ones, looked at after every
//! epoch.
//!
//! Place in the flow: settings in, the outcome out. Every network has a folder of its own in the run
//! folder, in which its training goes on after a stop, and `network.json` once it is done.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Instant;

use burn::module::Module;

use super::compare::Difference;
use super::found::{Comparison, Example, Look, Network, Outcome, Pictures, Seconds, View};
use super::settings::Settings;
use super::{Identity, Indicators, Layer, Order, Presentation, Recorded, Viewing, methods};
use crate::analysis::spikes::poisson;
use crate::datasets::images::{self, Images, Part, labels};
use crate::error::{Error, Result};
use crate::experiments::machine::{self, Machine};
use crate::experiments::outcome::Spread;
use crate::experiments::run_folder::{self, RunFolder};
use crate::files::write_whole;
use crate::models::checkpoint::{self, Metadata};
use crate::models::images::{Classifier, Classifying, score};
use crate::models::training::{self, Epoch, Keeping};
use crate::progress::{Observer, Silent};

/// The experiment's name.
pub const NAME: &str = "spike-trains";

/// A study with its pictures read and everything checked.
pub struct Study {
    settings: Settings,
    images: Images,
    seconds: Vec<(String, f64)>,
}

impl Study {
    /// Reads the pictures that `settings` ask for.
    ///
    /// # Errors
    /// A setting is out of range, or the pictures cannot be read or do not suffice.
    pub fn load(settings: &Settings, observer: &mut dyn Observer) -> Result<Self> {
        settings.check()?;
        let began = Instant::now();
        observer.begin("reading the pictures", 0);
        let images = images::load(&settings.images, settings.seed)?;
        settings.model.architecture.check(images.training.shape)?;
        for (half, part) in [("training", &images.training), ("test", &images.test)] {
            let window = settings.spikes.window;
            if window > part.len() / 2 {
                let found = part.len();
                return Err(Error::new(format!(
                    "expected at least {} {half} pictures, two windows of {window}, found {found}",
                    2 * window
                ))
                .at(&images.source)
                .remedy(format!(
                    "take more {half} pictures, or set spikes.window to {} or less",
                    found / 2
                )));
            }
            settings.spikes.check(part.len())?;
        }
        observer.finish(&format!(
            "{}: {} training and {} test pictures",
            images.source,
            images.training.len(),
            images.test.len()
        ));
        let seconds = vec![("reading the pictures".to_owned(), began.elapsed().as_secs_f64())];
        Ok(Self { settings: settings.clone(), images, seconds })
    }

    /// Trains and looks at every network in `folder`; those that are done there are taken as they
    /// are, and one that was stopped goes on.
    ///
    /// # Errors
    /// A file cannot be read or written, the device failed, or the user stopped it.
    pub fn run(
        mut self,
        machine: &Machine,
        folder: &RunFolder,
        observer: &mut dyn Observer,
    ) -> Result<Outcome> {
        let began = Instant::now();
        let mut networks = Vec::new();
        let comparison = &self.settings.comparison;
        for seed in self.settings.seed..self.settings.seed + comparison.networks as u64 {
            for &label_noise in &comparison.label_noise {
                let network = self.network(seed, label_noise, machine, folder, observer);
                networks.push(network.map_err(|error| match error.is_stopped() {
                    true => {
                        let folder = folder.path().display();
                        error.at(&folder).remedy(format!("go on with --resume {folder}"))
                    }
                    false => error,
                })?);
            }
        }
        self.seconds.push(("training and looking".to_owned(), began.elapsed().as_secs_f64()));
        let shape = self.images.training.shape;
        let architecture = self.settings.model.architecture;
        let layers = architecture.layers(shape);
        Ok(Outcome {
            experiment: NAME.to_owned(),
            seed: self.settings.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            libraries: machine::libraries(),
            device: machine.record.clone(),
            images: Pictures {
                source: self.images.source.clone(),
                synthetic: self.images.synthetic,
                shape,
                training: self.images.training.len(),
                test: self.images.test.len(),
            },
            architecture: toml::Value::try_from(architecture).map_or_else(
                |_| String::new(),
                |name| name.as_str().unwrap_or_default().to_owned(),
            ),
            until: self.settings.comparison.until,
            comparisons: comparisons(&networks, &layers, &self.settings),
            layers,
            networks,
            methods: methods::sentences(&self.settings, &self.images),
            settings: toml::to_string(&self.settings).expect("settings are plain data"),
            seconds: self.seconds,
        })
    }

    /// One network: read where it is done, else trained and looked at.
    fn network(
        &self,
        seed: u64,
        label_noise: f64,
        machine: &Machine,
        folder: &RunFolder,
        observer: &mut dyn Observer,
    ) -> Result<Network> {
        let name = format!("noise-{:03.0}-seed-{seed}", 100.0 * label_noise);
        let home = folder.file("networks").join(name);
        std::fs::create_dir_all(&home)
            .map_err(|cause| Error::file("make the network's folder", &home, cause))?;
        let done = home.join("network.json");
        if let Some(network) = run_folder::done(&done)? {
            return Ok(network);
        }
        let Images { training: part, test, .. } = &self.images;
        let learned = labels::noisy(&part.labels, label_noise, seed);
        let settings = training::Settings {
            keep: vec![self.settings.training.epochs],
            ..self.settings.training.clone()
        };
        let device = machine.device.clone().autodiff();
        let architecture = self.settings.model.architecture;
        let fresh = Classifier::new(architecture, part.shape, seed, &device);
        let course = RefCell::new(Course::open(home.join("course.json"))?);
        let look = |network: &Classifier, epoch: &Epoch| -> Result<bool> {
            let look = self.look(network, epoch.epoch as f64, &learned, seed, machine)?;
            let enough = look.training_accuracy >= self.settings.comparison.until;
            course.borrow_mut().add(look)?;
            Ok(enough)
        };
        if course.borrow().looks.is_empty() {
            let look = self.look(&fresh.valid(), 0.0, &learned, seed, machine)?;
            course.borrow_mut().add(look)?;
        }
        let lesson = Classifying {
            training: part,
            labels: &learned,
            test,
            settings: &settings,
            seed,
            look: &look,
        };
        let origin = Metadata::from([
            ("settings".to_owned(), toml::to_string(&settings).expect("plain data")),
            ("pictures".to_owned(), format!("{} {label_noise} {seed}", self.images.source)),
        ]);
        let resume = home.join("checkpoint.safetensors").is_file();
        let keeping = Keeping { folder: &home, resume, origin: &origin };
        let untrained = fresh.valid();
        let trained = training::train(&lesson, fresh, &settings, keeping, &device, observer)?;
        let last = training::kept_path(&home, trained.history.len());
        let (weights, _) = checkpoint::read(&last)?;
        let network = checkpoint::with_parameters(untrained.clone(), &weights)?;
        let found = Network {
            seed,
            label_noise,
            course: course.into_inner().looks,
            end: self.views(&network, seed, &Order::ALL, machine, observer)?,
            untrained: self.views(&untrained, seed, &Order::ALL, machine, observer)?,
        };
        let text = serde_json::to_string(&found).expect("a network is plain data");
        write_whole(&done, text.as_bytes())?;
        Ok(found)
    }

    /// A network after `passes` over the training pictures.
    fn look(
        &self,
        network: &Classifier,
        passes: f64,
        learned: &[u8],
        seed: u64,
        machine: &Machine,
    ) -> Result<Look> {
        let size = self.settings.training.batch;
        let accuracy = |part: &Part, labels: &[u8]| {
            let score = score(network, part, labels, size, &Silent);
            score.expect("nobody stops it").accuracy()
        };
        let (training, test) = (&self.images.training, &self.images.test);
        let orders = &self.settings.comparison.orders;
        let view = |&order| {
            self.view(network, ("training", training), order, false, (seed, machine), &mut Silent)
        };
        Ok(Look {
            passes,
            training_accuracy: accuracy(training, learned),
            test_accuracy: accuracy(test, &test.labels),
            views: orders.iter().map(view).collect::<Result<_>>()?,
        })
    }

    /// What both parts give in all of `orders`.
    fn views(
        &self,
        network: &Classifier,
        seed: u64,
        orders: &[Order],
        machine: &Machine,
        observer: &mut dyn Observer,
    ) -> Result<Vec<View>> {
        let mut views = Vec::new();
        for part in [("training", &self.images.training), ("test", &self.images.test)] {
            for &order in orders {
                views.push(self.view(network, part, order, true, (seed, machine), observer)?);
            }
        }
        Ok(views)
    }

    /// What `part` gives in one order; on the way no more than the indicators, else all.
    fn view(
        &self,
        network: &Classifier,
        (pictures, part): (&str, &Part),
        order: Order,
        whole: bool,
        (seed, machine): (u64, &Machine),
        observer: &mut dyn Observer,
    ) -> Result<View> {
        let spikes = &self.settings.spikes;
        let presentation = Presentation::new(order, &part.labels, spikes, seed);
        let viewing = Viewing {
            network,
            architecture: self.settings.model.architecture,
            part,
            presentation: &presentation,
            settings: spikes,
            kept: if whole { spikes.kept } else { 0 },
        };
        let recorded: Recorded = viewing.record(machine, observer)?;
        let began = Instant::now();
        let shown = || recorded.layers.iter().filter(|_| whole);
        let model =
            |layer: &Layer| poisson::summary(&layer.units, &layer.kept, spikes.window, seed);
        let poisson = shown().map(model).collect();
        let seconds = Seconds { model: began.elapsed().as_secs_f64(), ..recorded.seconds };
        let rates = |layer: &Layer| binned(layer.units.iter().map(|unit| unit.rate(1.0)), 20, 0.05);
        let fanos = |layer: &Layer| {
            let fanos = layer.units.iter().filter_map(|unit| unit.counts[0].fano_unbiased());
            binned(fanos, 40, View::fano_width(order))
        };
        Ok(View {
            pictures: pictures.to_owned(),
            order,
            whole: Indicators::of(recorded.units()),
            layers: recorded.layers.iter().map(|layer| Indicators::of(&layer.units)).collect(),
            poisson,
            examples: shown().map(|layer| Example::of(&layer.kept, spikes.window)).collect(),
            identity: Identity::of(recorded.units(), spikes.window),
            rates: shown().map(rates).collect(),
            fanos: shown().map(fanos).collect(),
            seconds,
        })
    }
}

/// Counts in `bins` bins of `width` from 0; what is beyond counts in the last.
fn binned(values: impl Iterator<Item = f64>, bins: usize, width: f64) -> Vec<u64> {
    let mut counts = vec![0; bins];
    values.for_each(|value| counts[((value / width) as usize).min(bins - 1)] += 1);
    counts
}

/// The looks at one network so far, on disk after each.
struct Course {
    path: PathBuf,
    looks: Vec<Look>,
}

impl Course {
    fn open(path: PathBuf) -> Result<Self> {
        let looks = run_folder::done(&path)?.unwrap_or_default();
        Ok(Self { path, looks })
    }

    /// Adds a look, in the place of an earlier one at the same place and all later ones.
    fn add(&mut self, look: Look) -> Result<()> {
        self.looks.retain(|earlier| earlier.passes < look.passes);
        self.looks.push(look);
        let text = serde_json::to_string(&self.looks).expect("looks are plain data");
        write_whole(&self.path, text.as_bytes())
    }
}

/// Memorising (the most label noise) against generalising (the least) networks.
fn comparisons(
    networks: &[Network],
    layers: &[(String, usize)],
    settings: &Settings,
) -> Vec<Comparison> {
    let noise = &settings.comparison.label_noise;
    let (Some(&least), Some(&most)) = (noise.first(), noise.last()) else { return Vec::new() };
    if least == most {
        return Vec::new();
    }
    let of_kind = |wanted: f64| networks.iter().filter(move |one| one.label_noise == wanted);
    let mut found = Vec::new();
    type Place<'a> = (Option<&'a Look>, &'a [View]);
    let mut compare = |at: String, place: &dyn for<'a> Fn(&'a Network) -> Place<'a>| {
        let accuracy = |kind: f64| {
            let looks = of_kind(kind).filter_map(|network| place(network).0);
            Spread::of(&looks.map(|look| look.training_accuracy).collect::<Vec<_>>()).mean
        };
        let accuracies = accuracy(most).zip(accuracy(least));
        let [memorising, generalising] = [most, least]
            .map(|kind| of_kind(kind).map(|network| place(network).1).collect::<Vec<_>>());
        let Some(shape) = memorising.iter().chain(&generalising).find(|views| !views.is_empty())
        else {
            return;
        };
        for (place, View { pictures, order, .. }) in shape.iter().enumerate() {
            for layer in 0..=layers.len() {
                for (indicator, value) in INDICATORS {
                    let values = |networks: &[&[View]]| -> Vec<f64> {
                        let of = |views: &&[View]| {
                            let view = views.get(place)?;
                            value(if layer == 0 { &view.whole } else { &view.layers[layer - 1] })
                        };
                        networks.iter().filter_map(of).collect()
                    };
                    let (ones, others) = (values(&memorising), values(&generalising));
                    let index = found.len() as u64;
                    let Some(difference) = Difference::of(&ones, &others, settings.seed, index)
                    else {
                        continue;
                    };
                    found.push(Comparison {
                        at: at.clone(),
                        pictures: pictures.clone(),
                        order: *order,
                        layer: match layer {
                            0 => "all".to_owned(),
                            layer => layers[layer - 1].0.clone(),
                        },
                        indicator: indicator.to_owned(),
                        accuracies,
                        difference,
                    });
                }
            }
        }
    };
    for accuracy in &settings.comparison.matched {
        compare(accuracy.to_string(), &|network| {
            let look = network.first_at(*accuracy);
            (look, look.map_or(&[], |look| &look.views))
        });
    }
    compare("end".to_owned(), &|network| (network.course.last(), &network.end));
    found
}

/// An indicator's value.
type Value = fn(&Indicators) -> Option<f64>;

/// The indicators that are compared.
pub const INDICATORS: [(&str, Value); 4] = [
    ("MFR", |found| found.mean_rate),
    ("MFF", |found| found.mean_fano),
    ("Var(rate)", |found| found.rate_variance),
    ("Var(Fano)", |found| found.fano_variance),
];
