//! The LSTM against other codes.
use burn::tensor::{Device, Distribution, Tensor};
use noisescope::models::lstm::Lstm;

#[test]
fn smoke() {
    let device = Device::flex().autodiff();
    let lstm = Lstm::new(3, 5, 1, &device);
    let x = Tensor::<3>::random([2, 4, 3], Distribution::Default, &device).require_grad();
    let h = lstm.forward(x.clone());
    let grads = h.sum().backward();
    println!("{:?}", x.grad(&grads).unwrap());
    println!("{:?}", lstm.recurrent.grad(&grads).unwrap().dims());
}
