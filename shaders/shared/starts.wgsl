// The windows that start in a stretch of the trace. Twin: `SizeRecord::starts` in
// src/analysis/dfa/params.rs.

// Numbers of windows: `first .. inside` end in the stretch as well, `inside .. end` go beyond it.
struct Starts {
    first: u32,
    inside: u32,
    end: u32,
}

// Of those counted from the first sample (`behind` 0) or of the others (1), which start from sample
// `begin` on and before `close`.
fn starts(size: WindowSize, behind: u32, begin: u32, close: u32) -> Starts {
    var offset = 0u;
    var number = 0u;
    var count = size.front;
    if behind == 1u {
        offset = size.back;
        number = size.front;
        count = size.count - size.front;
    }
    // Windows that start before a sample: starts are `offset`, `offset + stride` and so on.
    let first = min((max(begin, offset) - offset + size.stride - 1u) / size.stride, count);
    let end = min((max(close, offset) - offset + size.stride - 1u) / size.stride, count);
    var inside = first;
    if close >= offset + size.size {
        inside = clamp((close - offset - size.size) / size.stride + 1u, first, end);
    }
    return Starts(number + first, number + inside, number + end);
}
