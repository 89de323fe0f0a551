// A piece of profile within one block, summarised by its own parabola or cubic: what `leaf.wgsl` is
// for a line. A stage that takes this in says where the profile lies by `profile_at`. Twin:
// `Summary` of `Stretch` in src/analysis/dfa/stretch.rs.

// The four polynomials at sample i of `count`.
fn polynomials(i: u32, count: f32) -> vec4<f32> {
    let square = count * count;
    let u = (2.0 * f32(i) + 1.0 - count) / count;
    return vec4(
        1.0,
        u,
        u * u - (square - 1.0) / (3.0 * square),
        u * (u * u - (3.0 * square - 7.0) / (5.0 * square)),
    );
}

// `count` samples from `begin`, whose profile before them is `before`. Two passes: polynomial first,
// then distances from it.
fn leaf(begin: u32, count: u32, before: f32) -> Stretch {
    let samples = f32(count);
    var moments = vec4(0.0);
    for (var i = 0u; i < count; i++) {
        moments += polynomials(i, samples) * (profile_at(begin + i) - before);
    }
    let squares = mean_squares(samples);
    let bends = divide(moments.yzw / samples, squares.yzw);
    let coefficients = vec4(moments.x / samples, bends);
    var residual = 0.0;
    for (var i = 0u; i < count; i++) {
        let fitted = dot(polynomials(i, samples), coefficients);
        let distance = profile_at(begin + i) - before - fitted;
        residual += distance * distance;
    }
    let last = profile_at(begin + count - 1u) - before;
    return Stretch(samples, last, residual, coefficients);
}
