// A piece of profile within one block, summarised by its own line. A stage that takes this in says
// where the profile lies by `profile_at`. Twin: `leaf` in src/analysis/dfa/detrend.rs.

// `count` samples from `begin`, whose profile before them is `before`. Two passes: line first, then
// distances from it.
fn leaf(begin: u32, count: u32, before: f32) -> Block {
    let samples = f32(count);
    let centre = (samples - 1.0) * 0.5;
    var sum = 0.0;
    var moment = 0.0;
    for (var i = 0u; i < count; i++) {
        let p = profile_at(begin + i) - before;
        sum += p;
        moment += (f32(i) - centre) * p;
    }
    let mean = sum / samples;
    let slope = moment / max(spread(samples), 0.5); // of one sample: 0
    var residual = 0.0;
    for (var i = 0u; i < count; i++) {
        let distance = profile_at(begin + i) - before - mean - slope * (f32(i) - centre);
        residual += distance * distance;
    }
    return Block(samples, profile_at(begin + count - 1u) - before, mean, slope, residual);
}

// A piece whose level lies `tilt` above the window's: a line through the profile, which tilts the
// piece and leaves the residual.
fn tilted(piece: Block, tilt: f32) -> Block {
    return Block(
        piece.count,
        piece.sum + tilt * piece.count,
        piece.mean + tilt * (piece.count + 1.0) * 0.5,
        piece.slope + tilt,
        piece.residual,
    );
}
