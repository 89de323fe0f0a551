// The level that a window is integrated about. A stage that takes this in says where levels lie by
// `level_at`. Twin: `src/analysis/dfa/detrend.rs`.

// Near the mean of the levels `first` to `last`, so that no steep line has to be carried along.
fn level_over(first: u32, last: u32) -> f32 {
    let origin = level_at(first);
    var above = 0.0;
    for (var at = first; at <= last; at++) {
        above += level_at(at) - origin;
    }
    return origin + above / f32(last - first + 1u);
}
