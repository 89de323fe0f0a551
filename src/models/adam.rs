//! Adam whose state can be saved and restored on any device.
//!
//! The rule is Burn's own `burn::optim::Adam` (Kingma & Ba 2015), applied to each parameter as a
//! flat vector (Adam is elementwise, so that is exact). Burn's `ModuleOptimizer` is not used
//! because its `load_record` puts the state on the default device first, which fails on a machine
//! with no GPU adapter.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};

use burn::optim::{AdamConfig, AdamState, AdaptiveMomentumState, GradientsParams, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};

use super::checkpoint::{Array, Arrays, array_of};
use crate::error::{Error, Result};

/// Adam over the parameters of one module: beta 0.9 and 0.999, epsilon 1e-7 (Keras's).
pub struct Adam {
    rule: burn::optim::Adam,
    rate: f64,
    states: BTreeMap<String, AdamState<1>>,
}

impl Adam {
    /// A fresh optimizer with learning rate `rate`.
    pub fn new(rate: f64) -> Self {
        let rule = AdamConfig::new().with_epsilon(1e-7).build();
        Self { rule, rate, states: BTreeMap::new() }
    }

    /// `module` after one step along `gradients`.
    pub fn step<M: Module>(&mut self, module: M, gradients: &mut GradientsParams) -> M {
        module.map(&mut Step { adam: self, gradients, path: Vec::new() })
    }

    /// The state as arrays named `adam.first.PATH`, `adam.second.PATH` and `adam.time.PATH`.
    pub fn arrays(&self) -> Arrays {
        let mut arrays = Arrays::new();
        for (path, state) in &self.states {
            let state = &state.momentum;
            arrays.insert(format!("adam.first.{path}"), array_of(state.moment_1.clone()));
            arrays.insert(format!("adam.second.{path}"), array_of(state.moment_2.clone()));
            let time = Array { shape: vec![1], values: vec![state.time as f32] };
            arrays.insert(format!("adam.time.{path}"), time);
        }
        arrays
    }

    /// Takes the state of `parameters` back from what [`Adam::arrays`] gave (other names are passed
    /// over); one that has not `begun` has none.
    ///
    /// # Errors
    /// A part of a parameter's state is missing or has another length.
    pub fn restore(
        &mut self,
        arrays: &Arrays,
        parameters: &Arrays,
        begun: bool,
        device: &Device,
    ) -> Result<()> {
        let part = |part: &str, path: &str, length: usize| {
            let name = format!("adam.{part}.{path}");
            arrays.get(&name).filter(|array| array.values.len() == length).ok_or_else(|| {
                Error::new(format!("expected {length} values of the optimizer's `{name}`"))
                    .remedy("resume from checkpoint.safetensors, as the stopped run left it")
            })
        };
        let vector = |array: &Array| {
            let data = TensorData::new(array.values.clone(), [array.values.len()]);
            Tensor::<1>::from_data(data, device)
        };
        self.states.clear();
        for (path, parameter) in parameters.iter().filter(|_| begun) {
            let length = parameter.values.len();
            let time = part("time", path, 1)?.values[0] as usize;
            let first = vector(part("first", path, length)?);
            let second = vector(part("second", path, length)?);
            let state = AdamState::new(AdaptiveMomentumState::new(time, first, second));
            self.states.insert(path.clone(), state);
        }
        Ok(())
    }
}

/// Scales all gradients of `module` down so that their norm, of all together, is `limit` at most.
pub fn clip<M: Module>(module: &M, gradients: &mut GradientsParams, limit: f64) {
    let mut norm = Norm { gradients, squares: 0.0 };
    module.visit(&mut norm);
    let norm = norm.squares.sqrt();
    if norm > limit {
        module.visit(&mut Scale { gradients, factor: limit / norm });
    }
}

struct Norm<'a> {
    gradients: &'a GradientsParams,
    squares: f64,
}

impl ModuleVisitor for Norm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let values = array_of(gradient).values;
            self.squares += values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        }
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}

struct Step<'a> {
    adam: &'a mut Adam,
    gradients: &'a mut GradientsParams,
    path: Vec<String>,
}

impl ModuleMapper for Step<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return param };
        let path = self.path.join(".");
        param.map(|tensor| {
            let tracked = tensor.is_require_grad();
            let (shape, length) = (tensor.dims(), tensor.shape().num_elements());
            let flat = tensor.inner().reshape([length]);
            let state = self.adam.states.remove(&path);
            let gradient = gradient.reshape([length]);
            let (flat, state) = self.adam.rule.step(self.adam.rate, flat, gradient, state);
            self.adam.states.extend(state.map(|state| (path, state)));
            flat.reshape(shape).autodiff().set_require_grad(tracked)
        })
    }
}
