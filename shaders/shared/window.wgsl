// Which window an invocation works on, and the level it is integrated about. For stages with the
// bindings `shape`, `sizes` and `levels`. Twin: `src/analysis/dfa/detrend.rs`.

struct Window {
    row: u32,
    start: u32, // first sample
    end: u32,   // behind the last
    level: f32,
}

// Window `index` of all windows of all traces.
fn window_at(index: u32) -> Window {
    let row = index / shape.windows;
    let window = index % shape.windows;
    var place = 0u;
    while place + 1u < shape.sizes && sizes[place + 1u].first <= window {
        place++;
    }
    let size = sizes[place];
    let number = window - size.first;
    var start = number * size.stride;
    if number >= size.front {
        start = size.back + (number - size.front) * size.stride;
    }
    let end = start + size.size;

    // The window's level: near the mean of its blocks' levels, so that no steep line has to be
    // carried along.
    let row_levels = row * ((shape.steps + BLOCK - 1u) / BLOCK);
    let origin = levels[row_levels + start / BLOCK];
    let last = (end - 1u) / BLOCK;
    var above = 0.0;
    for (var block = start / BLOCK; block <= last; block++) {
        above += levels[row_levels + block] - origin;
    }
    return Window(row, start, end, origin + above / f32(last - start / BLOCK + 1u));
}
