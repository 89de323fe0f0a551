//! The run of `spike-trains`: networks that learn true labels and random ones, looked at after every
//! pass over the pictures, and where they reach an accuracy at which they are compared.
//!
//! Place in the flow: settings in, the outcome out. Every network has a folder of its own in the run
//! folder, in which its training goes on after a stop, and `network.json` once it is done.

use std::cell::RefCell;
use std::path::Path;
use std::time::Instant;

use burn::module::Module;

pub use super::compare::INDICATORS;
use super::compare::comparisons;
use super::course::Course;
use super::found::{Example, Look, Network, Outcome, Pictures, Seconds, View};
use super::indicators::largest_by_chance;
use super::settings::Settings;
use super::{Identity, Indicators, Layer, Order, Presentation, Recorded, Viewing, methods};
use crate::analysis::spikes::poisson;
use crate::datasets::images::{self, Images, Part, labels};
use crate::error::{Error, Result};
use crate::experiments::machine::{self, Machine};
use crate::experiments::run_folder::{self, RunFolder};
use crate::files::write_whole;
use crate::models::checkpoint::{self, Metadata};
use crate::models::images::{Classifier, Classifying, Within, score};
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
        let mut halves = [("training", &images.training), ("test", &images.test)];
        // The smaller first: what is advised then suits both.
        halves.sort_by_key(|(_, part)| part.len());
        for (half, part) in halves {
            let window = settings.spikes.window;
            if window > part.len() / 2 {
                let found = part.len();
                return Err(Error::new(format!(
                    "expected at least {} {half} pictures, two windows of {window}, found {found}",
                    2 * window
                ))
                .at(&images.source)
                .remedy(match found / 2 {
                    0 => format!("take more {half} pictures"),
                    most => {
                        format!("take more {half} pictures, or set spikes.window to {most} or less")
                    }
                }));
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
        // The share as it is: two that round to one percent are two networks.
        let home = folder.file("networks").join(format!("noise-{label_noise}-seed-{seed}"));
        std::fs::create_dir_all(&home)
            .map_err(|cause| Error::file("make the network's folder", &home, cause))?;
        let done = home.join("network.json");
        if let Some(network) = done_before(&done, seed, label_noise)? {
            return Ok(network);
        }
        let part = &self.images.training;
        let learned = labels::noisy(&part.labels, label_noise, seed);
        let device = machine.device.clone().autodiff();
        let fresh = Classifier::new(self.settings.model.architecture, part.shape, seed, &device);
        let untrained = fresh.valid();
        let (network, course) =
            self.trained(fresh, (seed, label_noise), &learned, &home, machine, observer)?;
        let found = Network {
            seed,
            label_noise,
            course,
            end: self.views(&network, seed, &Order::ALL, machine, observer)?,
            untrained: self.views(&untrained, seed, &Order::ALL, machine, observer)?,
        };
        let text = serde_json::to_string(&found).expect("a network is plain data");
        write_whole(&done, text.as_bytes())?;
        Ok(found)
    }

    /// The network `fresh` once it has learned `learned`, and what was seen on its way; from where
    /// the folder `home` says that it stopped.
    fn trained(
        &self,
        fresh: Classifier,
        (seed, label_noise): (u64, f64),
        learned: &[u8],
        home: &Path,
        machine: &Machine,
        observer: &mut dyn Observer,
    ) -> Result<(Classifier, Vec<Look>)> {
        let Images { training: part, test, .. } = &self.images;
        let comparison = &self.settings.comparison;
        let settings = training::Settings {
            keep: vec![self.settings.training.epochs],
            ..self.settings.training.clone()
        };
        let course = RefCell::new(Course::open(home.join("course.json"))?);
        let accuracy = |network: &Classifier| self.accuracy(network, part, learned);
        let add = |network: &Classifier, passes: f64, accuracy: f64| {
            let look = self.look(network, passes, accuracy, seed, machine)?;
            course.borrow_mut().add(look)
        };
        let look = |network: &Classifier, epoch: &Epoch| {
            let accuracy = accuracy(network);
            add(network, epoch.epoch as f64, accuracy).map(|()| accuracy >= comparison.until)
        };
        // Within a pass only what is compared is looked at.
        let within = |network: &Classifier, passes: f64| {
            let accuracy = accuracy(network);
            let reached = course.borrow().reaches(&comparison.matched, accuracy, passes);
            if reached { add(network, passes, accuracy) } else { Ok(()) }
        };
        let untrained = fresh.valid();
        if course.borrow().looks.is_empty() {
            add(&untrained, 0.0, accuracy(&untrained))?;
        }
        let lesson = Classifying {
            training: part,
            labels: learned,
            test,
            settings: &settings,
            seed,
            look: &look,
            within: Some(Within { per_doubling: comparison.per_doubling, look: &within }),
        };
        let origin = Metadata::from([
            ("settings".to_owned(), toml::to_string(&settings).expect("plain data")),
            ("pictures".to_owned(), format!("{} {label_noise} {seed}", self.images.source)),
        ]);
        let resume = home.join("checkpoint.safetensors").is_file();
        let keeping = Keeping { folder: home, resume, origin: &origin };
        let device = machine.device.clone().autodiff();
        let trained = training::train(&lesson, fresh, &settings, keeping, &device, observer)?;
        let last = training::kept_path(home, trained.history.len());
        let (weights, _) = checkpoint::read(&last)?;
        let network = checkpoint::with_parameters(untrained, &weights)?;
        Ok((network, course.into_inner().looks))
    }

    /// The share of the pictures of `part` that `network` classifies as `labels` say.
    fn accuracy(&self, network: &Classifier, part: &Part, labels: &[u8]) -> f64 {
        let score = score(network, part, labels, self.settings.training.batch, &Silent);
        score.expect("nobody stops it").accuracy()
    }

    /// A network after `passes` over the training pictures, which classifies them with
    /// `training_accuracy`.
    fn look(
        &self,
        network: &Classifier,
        passes: f64,
        training_accuracy: f64,
        seed: u64,
        machine: &Machine,
    ) -> Result<Look> {
        let (training, test) = (&self.images.training, &self.images.test);
        let orders = &self.settings.comparison.orders;
        let view = |&order| {
            self.view(network, ("training", training), order, false, (seed, machine), &mut Silent)
        };
        Ok(Look {
            passes,
            training_accuracy,
            test_accuracy: self.accuracy(network, test, &test.labels),
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
        let mut identity = Identity::of(recorded.units(), spikes.window);
        if let Some(identity) = identity.as_mut().filter(|_| whole && order == Order::Shuffled) {
            identity.by_chance = largest_by_chance(recorded.units(), spikes.window, seed);
        }
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
            identity,
            rates: shown().map(rates).collect(),
            fanos: shown().map(fanos).collect(),
            seconds,
        })
    }
}

/// The network of `seed` and `label_noise`, where the file `path` says that it is done.
fn done_before(path: &Path, seed: u64, label_noise: f64) -> Result<Option<Network>> {
    let found: Option<Network> = run_folder::done(path)?;
    match found {
        Some(other) if (other.seed, other.label_noise) != (seed, label_noise) => {
            let expected = format!("seed {seed} with a share {label_noise} of random labels");
            Err(Error::new(format!(
                "expected the network of {expected}, found seed {} with {}",
                other.seed, other.label_noise
            ))
            .at(path.display())
            .remedy("remove the file, and the network is looked at again"))
        }
        found => Ok(found),
    }
}

/// Counts in `bins` bins of `width` from 0; what is beyond counts in the last.
fn binned(values: impl Iterator<Item = f64>, bins: usize, width: f64) -> Vec<u64> {
    let mut counts = vec![0; bins];
    values.for_each(|value| counts[((value / width) as usize).min(bins - 1)] += 1);
    counts
}
