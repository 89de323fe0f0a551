//! A network's units as spike trains: pictures shown one after the other, statistics of every unit.
//!
//! Place in the flow: floor 4, the middle of the study of activation patterns as stochastic
//! processes: `pictures --orders--> batches --models::images--> activations --analysis::spikes-->
//! statistics --indicators--> numbers of a layer`. A unit spikes at a step where its activation is
//! above the threshold. Activations are counted batch by batch where the network leaves them:
//! neither they nor the spikes are kept, whatever the number of pictures.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::{Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use self::found::Seconds;
use super::machine::Machine;
use crate::analysis::spikes::poisson::Train;
use crate::analysis::spikes::{SpikeStatistics, Tally};
use crate::datasets::images::Part;
use crate::error::{Error, Result};
use crate::gpu::Engine;
use crate::models::buffer;
use crate::models::images::{Architecture, Classifier};
use crate::progress::Observer;
use crate::signal::random;

pub mod compare;
mod course;
pub mod difference;
pub mod found;
pub mod indicators;
mod methods;
pub mod orders;
pub mod settings;
pub mod study;

pub use indicators::{Identity, Indicators};
pub use orders::{Order, Presentation};

/// How activations become spikes, and spikes numbers: the `spikes` part of the settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A unit spikes where its activation after the ReLU is above it.
    pub threshold: f32,
    /// Steps, pictures, of the window of the Fano factor.
    pub window: usize,
    /// How often a picture is shown in [`Order::Repeated`].
    pub repeats: usize,
    /// Standard deviation of the noise on a pixel there; brightness is 0 to 1.
    pub noise: f32,
    /// Pictures shown to the network at a time.
    pub batch: usize,
    /// Units per layer, drawn at random, whose spikes are kept step by step at the end.
    pub kept: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { threshold: 0.0, window: 100, repeats: 10, noise: 0.1, batch: 128, kept: 200 }
    }
}

impl Settings {
    /// # Errors
    /// A number is out of range, or fewer than two windows lie in `steps`; the error names it.
    pub fn check(&self, steps: usize) -> Result<()> {
        let refuse = |name: &str, expected: String, found: String, example: &str| {
            Err(Error::new(format!("expected {expected}, found {found}"))
                .at(format!("spikes.{name}"))
                .remedy(format!("set spikes.{name}={example}")))
        };
        if !self.threshold.is_finite() {
            return refuse("threshold", "a number".into(), self.threshold.to_string(), "0");
        }
        if !(self.noise >= 0.0 && self.noise.is_finite()) {
            let expected = "a number of at least 0".into();
            return refuse("noise", expected, self.noise.to_string(), "0.1");
        }
        for (name, found, example) in
            [("repeats", self.repeats, "10"), ("batch", self.batch, "128")]
        {
            if found == 0 {
                return refuse(name, "at least 1".into(), "0".into(), example);
            }
        }
        if self.window == 0 || self.window > steps / 2 {
            let expected = format!("1 to {}, half of the {steps} pictures", steps / 2);
            let example = (steps / 2).min(Self::default().window).to_string();
            return refuse("window", expected, self.window.to_string(), &example);
        }
        Ok(())
    }
}

/// What was found of the units of one layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// As [`Architecture::layers`] names it.
    pub name: String,
    /// Every unit, with the window of the settings.
    pub units: Vec<SpikeStatistics>,
    /// The spikes of some of them, in the order of `units`.
    pub kept: Vec<Train>,
}

/// What was found of a network.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The hidden layers in order.
    pub layers: Vec<Layer>,
    /// What took how long; nothing of the model.
    pub seconds: Seconds,
}

impl Recorded {
    /// Every unit of every layer.
    pub fn units(&self) -> impl Iterator<Item = &SpikeStatistics> {
        self.layers.iter().flat_map(|layer| &layer.units)
    }
}

/// A network, and what it is shown.
pub struct Viewing<'a> {
    /// The network, which does not track gradients, on the device of the machine.
    pub network: &'a Classifier,
    /// Its architecture.
    pub architecture: Architecture,
    /// The pictures.
    pub part: &'a Part,
    /// Which of them at which step.
    pub presentation: &'a Presentation,
    /// How spikes are counted.
    pub settings: &'a Settings,
    /// Units per layer whose spikes are kept.
    pub kept: usize,
}

impl Viewing<'_> {
    /// Shows the pictures and measures every unit, on a GPU without a trip of the activations
    /// through host memory; where the device fails on that, a note says so and the CPU counts.
    ///
    /// # Errors
    /// The settings do not fit the number of pictures, or the user stopped it.
    pub fn record(&self, machine: &Machine, observer: &mut dyn Observer) -> Result<Recorded> {
        self.settings.check(self.presentation.steps())?;
        let Some(engine) = machine.engine().filter(|_| !machine.through_host) else {
            return self.count(None, observer);
        };
        self.count(Some(engine.clone()), observer).or_else(|error| {
            if error.is_stopped() {
                return Err(error);
            }
            observer.note(&format!("{error}: the spikes are counted on the CPU"));
            self.count(None, observer)
        })
    }

    fn count(&self, engine: Option<Arc<Engine>>, observer: &mut dyn Observer) -> Result<Recorded> {
        let Settings { window, threshold, batch, .. } = *self.settings;
        let layers = self.architecture.layers(self.part.shape);
        let tally =
            |(_, units): &(String, usize)| Tally::new(engine.clone(), *units, &[window], threshold);
        let mut tallies: Vec<Tally> = layers.iter().map(tally).collect::<Result<_>>()?;
        let chosen: Vec<Vec<i32>> =
            layers.iter().map(|(_, units)| chosen(*units, self.kept)).collect();
        let mut kept: Vec<Vec<Train>> =
            chosen.iter().map(|units| vec![Train::default(); units.len()]).collect();
        let mut seconds = Seconds::default();
        let steps = self.presentation.steps();
        for first in (0..steps).step_by(batch) {
            if observer.stopping() {
                return Err(Error::stopped("stopped before every picture was shown"));
            }
            let shown = first..(first + batch).min(steps);
            let began = Instant::now();
            let values = self.presentation.shown(self.part, shown);
            let pictures = self.network.placed(values, self.part.shape);
            // A device works on by itself: neither time nor memory may run ahead of it.
            let finished = |values: Tensor<3>| match &engine {
                Some(engine) => buffer::with_buffer(values, |_| engine.wait()),
                None => Ok(()),
            };
            finished(pictures.clone().flatten(1, 2))?;
            seconds.pictures += began.elapsed().as_secs_f64();
            let began = Instant::now();
            let recorded = self.network.record(pictures);
            recorded.last().map_or(Ok(()), |layer| finished(layer.clone().unsqueeze()))?;
            seconds.forward += began.elapsed().as_secs_f64();
            let began = Instant::now();
            for (place, layer) in recorded.into_iter().enumerate() {
                keep(&mut kept[place], &chosen[place], &layer, threshold);
                add(&mut tallies[place], layer, engine.is_some())?;
            }
            engine.as_ref().map_or(Ok(()), |engine| engine.wait())?;
            seconds.statistics += began.elapsed().as_secs_f64();
        }
        let began = Instant::now();
        let units: Vec<_> = tallies.into_iter().map(Tally::finish).collect::<Result<_>>()?;
        seconds.statistics += began.elapsed().as_secs_f64();
        let layers = layers.into_iter().zip(units).zip(kept);
        let layers = layers.map(|(((name, _), units), kept)| Layer { name, units, kept }).collect();
        Ok(Recorded { layers, seconds })
    }
}

/// Up to `most` of the units, drawn by the stream `spikes/kept`, in order: the same in every network.
fn chosen(units: usize, most: usize) -> Vec<i32> {
    let unit = |unit| i32::try_from(unit).expect("a layer has fewer than 2^31 units");
    let mut all: Vec<i32> = (0..units).map(unit).collect();
    all.shuffle(&mut random::stream(0, "spikes/kept", 0));
    all.truncate(most);
    all.sort_unstable();
    all
}

/// Adds the spikes of the `chosen` units of a layer's activations `[steps, units]`.
fn keep(trains: &mut [Train], chosen: &[i32], layer: &Tensor<2>, threshold: f32) {
    if chosen.is_empty() {
        return;
    }
    let places = TensorData::new(chosen.to_vec(), [chosen.len()]);
    let places = Tensor::<1, Int>::from_data(places, &layer.device());
    let data = layer.clone().select(1, places).into_data();
    let values = data.as_slice::<f32>().expect("networks compute in f32");
    for (unit, train) in trains.iter_mut().enumerate() {
        train.extend(values.iter().skip(unit).step_by(chosen.len()).map(|&x| x > threshold));
    }
}

/// Adds the activations `[steps, units]` of a layer.
fn add(tally: &mut Tally, layer: Tensor<2>, on_device: bool) -> Result<()> {
    if on_device {
        let steps = layer.dims()[0];
        return buffer::with_buffer(layer.unsqueeze(), |part| tally.add_part(part, steps));
    }
    let data = layer.into_data();
    tally.add(data.as_slice::<f32>().expect("networks compute in f32"))
}
