// A stretch of profile, summarised: enough to join stretches and know the residual of the whole
// from its line. The one home of the merge; its twin is `Block` in src/analysis/dfa/block.rs.

// What a stage at order 1 folds windows from.
alias Summary = Block;

// k samples of a profile that starts from zero: p_i = sum over j <= i of (x_j - level), i = 0 .. k
// - 1.
struct Block {
    count: f32,    // k
    sum: f32,      // p's last value: what the profile has risen by at the end
    mean: f32,     // mean of p
    slope: f32,    // least-squares slope of p against i
    residual: f32, // sum of squared distances from that line
}

const NOTHING = Block(0.0, 0.0, 0.0, 0.0, 0.0);

// Sum of (i - centre)^2 over k equally spaced samples.
fn spread(count: f32) -> f32 {
    return count * (count * count - 1.0) / 12.0;
}

// The stretch `a` followed by the stretch `b`. The residual only ever grows by squares: no digits
// cancel.
fn joined(a: Block, b: Block) -> Block {
    if a.count == 0.0 {
        return b;
    }
    if b.count == 0.0 {
        return a;
    }
    let count = a.count + b.count;
    let distance = count * 0.5; // between the two centres
    let rise = b.mean + a.sum - a.mean; // from the one mean to the other
    let chord = rise / distance;
    let bend_a = a.slope - chord;
    let bend_b = b.slope - chord;
    let spread_a = spread(a.count);
    let spread_b = spread(b.count);
    let bend = (spread_a * bend_a + spread_b * bend_b) / spread(count);
    let miss_a = bend_a - bend;
    let miss_b = bend_b - bend;
    let jump = distance * bend;
    let weight = a.count * b.count / count;
    return Block(
        count,
        a.sum + b.sum,
        a.mean + rise * (b.count / count),
        chord + bend,
        a.residual + b.residual
            + spread_a * miss_a * miss_a + spread_b * miss_b * miss_b
            + weight * jump * jump,
    );
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

// Where residuals are below this share of what the lines took out of their windows, float32 has not
// six digits of F left.
const DOUBT: f32 = 1e-3;

// Sum of squares of what the line takes out of a piece.
fn taken_out(piece: Block) -> f32 {
    return spread(piece.count) * piece.slope * piece.slope;
}

// Sum of squares of the line from a piece's beginning to its end: what the level that it is integrated
// about leaves in it, and loses digits when the window's takes it out.
fn lean(piece: Summary) -> f32 {
    return piece.sum * piece.sum * piece.count / 3.0;
}

// What is left of a whole window, and what should be left at least for float32 to resolve it, where
// pieces of blocks `leaned` so much.
fn rest(window: Summary, leaned: f32) -> vec2<f32> {
    return vec2(window.residual, DOUBT * (taken_out(window) + leaned));
}
