// The shape of a batch: the parameter block of all DFA stages. Twin: `Shape` in
// src/analysis/dfa/params.rs.

struct Shape {
    rows: u32,    // traces
    steps: u32,   // samples per trace
    sizes: u32,   // window sizes
    windows: u32, // windows per trace, of all sizes together
    order: u32,   // degree of the polynomial taken out of each window
    roots: u32,   // 1: F is the mean of the windows' roots; 0: the root of the mean of squares
    tiles: u32,   // tiles per trace, where it is measured in tiles; else 0
    first: u32,   // first tile of a dispatch
    span: u32,    // tiles of a dispatch
    head: u32,    // first tile of the piece of trace that they lie in
    tail: u32,    // first tile of the piece in which windows end
    piece: u32,   // tiles of a piece
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

// What one window of `size` samples adds to the sum: its residual, or its root mean square; and the
// doubt about it.
fn contribution(left: vec2<f32>, size: u32) -> vec2<f32> {
    if shape.roots == 0u {
        return left;
    }
    return sqrt(left / f32(size));
}

// F of the windows of a size in the scaled unit, from what they add up to; negative where they leave
// less than the doubt.
fn average(sum: vec2<f32>, size: WindowSize) -> f32 {
    if sum.x < sum.y {
        return -1.0;
    }
    let mean = sum.x / f32(size.count);
    if shape.roots == 1u {
        return mean;
    }
    return sqrt(mean / f32(size.size));
}
