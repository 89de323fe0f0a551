//! Signals whose answer is known: white, pink, Brownian and AR(1) noise.
