//! The door to the simulation of ensembles: on a GPU, or on the CPU.
//!
//! Place in the flow: floor 3. `Ensemble --run--> Simulated`.

use std::sync::Arc;
use std::time::Instant;

use super::chain;
use super::ensemble::{Ensemble, Simulated};
use crate::error::Result;
use crate::gpu::Engine;

impl Ensemble<'_> {
    /// Whether the device of `engine` can take a network of `[inputs, units, outputs]`: what
    /// [`Ensemble::run`] would refuse can so be known before it is trained.
    ///
    /// # Errors
    /// It cannot: a workgroup has not the memory, or not a lane for every unit (256).
    pub fn fits(engine: &Engine, sizes: [usize; 3]) -> Result<()> {
        chain::fitting(engine, sizes).map(drop)
    }

    /// Simulates: on the device of `engine`, or on all cores of the CPU.
    ///
    /// # Errors
    /// What is asked makes no sense (no realisation, a negative level, ...), or the device cannot
    /// take the network or failed; without `engine` the CPU takes it.
    ///
    /// # Panics
    /// An array of the weights has another length than the sizes say.
    pub fn run(&self, engine: Option<&Arc<Engine>>) -> Result<Simulated> {
        self.check()?;
        let begun = Instant::now();
        let mut simulated = match engine {
            None => self.on_cpu(),
            Some(engine) => chain::on_device(self, engine)?,
        };
        simulated.seconds = begun.elapsed().as_secs_f64();
        Ok(simulated)
    }
}
