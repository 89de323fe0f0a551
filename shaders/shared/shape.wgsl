// The shape of a batch: the parameter block of all DFA stages. Twin: `Shape` in
// src/analysis/dfa/params.rs.

struct Shape {
    rows: u32,    // traces
    steps: u32,   // samples per trace
    sizes: u32,   // window sizes
    windows: u32, // windows per trace, of all sizes together
    order: u32,   // degree of the polynomial taken out of each window
    roots: u32,   // 1: F is the mean of the windows' roots; 0: the root of the mean of squares
}

// All windows of one size: window w starts at w * stride where w < front, else at
// back + (w - front) * stride.
struct WindowSize {
    size: u32,
    stride: u32,
    count: u32,
    first: u32, // windows of all smaller sizes together
    front: u32,
    back: u32,
}

// The first sample of window `number` of a size.
fn start_of(size: WindowSize, number: u32) -> u32 {
    if number < size.front {
        return number * size.stride;
    }
    return size.back + (number - size.front) * size.stride;
}
