// A piece of profile within one block, summarised by its own line. A stage that takes this in says
// where the profile lies by `profile_at`. Twin: `Summary` of `Block` in src/analysis/dfa/block.rs.

// `count` samples from `begin`, whose profile before them is `before`. One pass: the chord, from the
// profile before to the last, is taken out of every sample; what the line then takes out of the sum
// of squares costs a digit. Where it would cost more, a second pass takes the distances.
fn leaf(begin: u32, count: u32, before: f32) -> Block {
    let samples = f32(count);
    let centre = (samples - 1.0) * 0.5;
    let rise = profile_at(begin + count - 1u) - before;
    let chord = rise / samples;
    var sum = 0.0;
    var moment = 0.0;
    var square = 0.0;
    for (var i = 0u; i < count; i++) {
        let t = f32(i);
        let d = profile_at(begin + i) - before - chord * (t + 1.0);
        sum += d;
        moment += (t - centre) * d;
        square += d * d;
    }
    let mean = sum / samples;
    let slope = moment / max(spread(samples), 0.5); // of one sample: 0
    var residual = square - sum * mean - moment * slope;
    if residual < 0.0625 * square {
        residual = 0.0;
        for (var i = 0u; i < count; i++) {
            let t = f32(i);
            let d = profile_at(begin + i) - before - chord * (t + 1.0);
            let distance = d - mean - slope * (t - centre);
            residual += distance * distance;
        }
    }
    return Block(samples, rise, mean + chord * (samples + 1.0) * 0.5, slope + chord, residual);
}
