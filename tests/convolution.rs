//! The convolution and the maximum of the classifiers against Burn's own: values and gradients, on
//! the CPU and on a device.

mod common;

use burn::tensor::activation::relu;
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};
use noisescope::models::convolution::{halved, rectified};
use noisescope::models::device;
use noisescope::signal::random;
use rand::RngExt;

/// Numbers of -1 to 1 from the stream `test/convolution`.
fn drawn<const D: usize>(shape: [usize; D], index: u64, device: &Device) -> Tensor<D> {
    let mut stream = random::stream(5, "test/convolution", index);
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|_| stream.random_range(-1.0..1.0)).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().as_slice::<f32>().expect("f32").to_vec()
}

/// That two tensors differ by less than `share` of the largest of the second.
#[track_caller]
fn close<const D: usize>(what: &str, found: &Tensor<D>, expected: &Tensor<D>, share: f32) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let (found, expected) = (values(found), values(expected));
    assert!(expected.iter().any(|value| *value != 0.0), "{what}: nothing to compare");
    let largest = expected.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let apart = (found - expected).abs();
        assert!(apart <= share * largest, "{what}, {at}: {found} {expected}, largest {largest}");
    }
}

/// Batch, channels in and out, height, width: the study's layers, and what fits no vector, tile,
/// block or group.
const CASES: [[usize; 5]; 9] = [
    [2, 1, 32, 28, 28],
    [3, 3, 32, 32, 32],
    [2, 32, 64, 28, 28],
    [17, 32, 64, 4, 5],
    [9, 5, 3, 7, 9],
    [1, 2, 113, 6, 3],
    [2, 7, 17, 1, 70],
    [2, 6, 20, 70, 1],
    [4, 1, 2, 1, 1],
];

/// The largest difference of sums in another order: a weight's gradient sums up to 17 × 28 × 28
/// products, whose rounding errors of 6e-8 each add up like a random walk.
const TOLERANCE: f32 = 1e-5;

fn follows_burn(device: &Device) {
    let device = &device.clone().autodiff();
    for case in CASES {
        let [batch, from, to, height, width] = case;
        let pictures = || drawn([batch, from, height, width], 0, device).require_grad();
        let weight = || drawn([to, from, 3, 3], 1, device).require_grad();
        let bias = || drawn([to], 2, device).require_grad();
        // Every output has its own gradient.
        let factors = drawn([batch, to, height, width], 3, device);
        let gradients = |convolve: &dyn Fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>| {
            let (pictures, weight, bias) = (pictures(), weight(), bias());
            let output = convolve(pictures.clone(), weight.clone(), bias.clone());
            let found = (output.clone() * factors.clone()).sum().backward();
            let of = (pictures.grad(&found), weight.grad(&found), bias.grad(&found));
            (output.inner(), of.0.expect("tracked"), of.1.expect("tracked"), of.2.expect("tracked"))
        };
        let found = gradients(&rectified);
        let expected = gradients(&|pictures, weight, bias| {
            let same = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            relu(conv2d(pictures, weight, Some(bias), same))
        });
        close(&format!("{case:?} output"), &found.0, &expected.0, TOLERANCE);
        close(&format!("{case:?} pictures"), &found.1, &expected.1, TOLERANCE);
        close(&format!("{case:?} weight"), &found.2, &expected.2, TOLERANCE);
        close(&format!("{case:?} bias"), &found.3, &expected.3, TOLERANCE);
    }
    for shape in [[3, 64, 28, 28], [2, 3, 7, 5], [1, 70, 2, 3]] {
        let gradient = |pool: &dyn Fn(Tensor<4>) -> Tensor<4>| {
            // Many equal: the gradient goes to one of them.
            let maps = relu(drawn(shape, 4, device)).detach().require_grad();
            let output = pool(maps.clone());
            let factors = drawn(output.dims(), 5, device);
            let found = (output.clone() * factors).sum().backward();
            (output.inner(), maps.grad(&found).expect("tracked"))
        };
        let found = gradient(&halved);
        let expected = gradient(&|maps| max_pool2d(maps, MaxPoolOptions::new([2, 2])));
        assert_eq!(values(&found.0), values(&expected.0), "{shape:?} maxima");
        assert_eq!(values(&found.1), values(&expected.1), "{shape:?} gradients");
    }
}

#[test]
fn values_and_gradients_are_burns() {
    follows_burn(&device::cpu());
}

#[test]
fn a_device_gives_burns_values_and_gradients() {
    let Some(engine) = common::engine() else { return };
    follows_burn(&device::on_gpu(engine.gpu()).expect("registered"));
}

#[test]
fn pictures_that_want_no_gradient_get_none_and_weights_the_same() {
    let device = &device::cpu().autodiff();
    let gradients = |wanted: bool| {
        let pictures = drawn([20, 3, 9, 9], 0, device);
        let pictures = if wanted { pictures.require_grad() } else { pictures };
        let (weight, bias) =
            (drawn([40, 3, 3, 3], 1, device).require_grad(), drawn([40], 2, device));
        let bias = bias.require_grad();
        let output = rectified(pictures.clone(), weight.clone(), bias.clone());
        let found = output.sum().backward();
        assert_eq!(pictures.grad(&found).is_some(), wanted);
        let of = [
            weight.grad(&found).map(|one| values(&one)),
            bias.grad(&found).map(|one| values(&one)),
        ];
        of.map(|one| one.expect("tracked").into_iter().map(f32::to_bits).collect::<Vec<_>>())
    };
    let expected = gradients(true);
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        assert_eq!(
            pool.install(|| gradients(false)),
            expected,
            "the same bits on {threads} threads"
        );
    }
}

#[test]
fn a_number_that_is_none_stays_to_be_seen() {
    let device = &device::cpu();
    let pictures = Tensor::<4>::full([1, 1, 4, 4], f32::NAN, device);
    let maps = rectified(pictures, drawn([2, 1, 3, 3], 1, device), drawn([2], 2, device));
    assert!(values(&maps).iter().all(|value| value.is_nan()));
    assert!(values(&halved(maps)).iter().all(|value| value.is_nan()));
}
