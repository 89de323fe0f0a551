// The shape of a batch: the parameter block of all DFA stages. Twin: `Shape` in
// src/analysis/dfa/params.rs.

struct Shape {
    rows: u32,    // traces
    steps: u32,   // samples per trace
    sizes: u32,   // window sizes
    windows: u32, // windows per trace, of all sizes together
}

// All windows of one size: window w covers the samples w * stride .. w * stride + size.
struct WindowSize {
    size: u32,
    stride: u32,
    count: u32,
    first: u32, // windows of all smaller sizes together
}
