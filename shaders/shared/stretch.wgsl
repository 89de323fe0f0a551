// A stretch of profile, summarised by its least-squares parabola or cubic: what `block.wgsl` is for
// a line. The one home of this merge; its twin is `Stretch` in src/analysis/dfa/stretch.rs, with the
// formulas. Needs `shape.order`.

// What a stage at orders 2 and 3 folds windows from.
alias Summary = Stretch;

// k samples of a profile that starts from zero, against u = 2 (i - centre) / k, on the polynomials
// 1, u, u^2 - .., u^3 - .. that are orthogonal on these samples.
struct Stretch {
    count: f32,               // k
    sum: f32,                 // the profile's last value
    residual: f32,            // sum of squared distances from the polynomial
    coefficients: vec4<f32>,  // of the four polynomials
}

const NOTHING = Stretch(0.0, 0.0, 0.0, vec4(0.0));

// Where residuals are below this share of what the three degrees took out of their windows, float32
// has not five digits of them left.
const DOUBT: f32 = 1e-4;

// Mean squares of the four polynomials over k samples; 0 where k samples are too few for the degree,
// and above the order.
fn mean_squares(count: f32) -> vec4<f32> {
    let square = count * count;
    let first = (square - 1.0) / square;
    let second = first * ((square - 4.0) / square);
    let third = select(0.0, second * ((square - 9.0) / square), shape.order > 2u);
    return vec4(1.0, first / 3.0, second * (4.0 / 45.0), third * (4.0 / 175.0));
}

fn divide(numerator: vec3<f32>, denominator: vec3<f32>) -> vec3<f32> {
    let some = denominator > vec3(0.0);
    return select(vec3(0.0), numerator / select(vec3(1.0), denominator, some), some);
}

// The polynomials of a whole on one of its two parts, in the part's own: row j has what polynomial j
// is there.
struct Expansion {
    first: vec2<f32>,
    second: vec3<f32>,
    third: vec4<f32>,
}

// `share` of the whole's `count` samples is in this part, `other` in the other; `side` is -1 for the
// left part, 1 for the right.
fn expand(share: f32, other: f32, side: f32, count: f32) -> Expansion {
    let offset = side * other;
    let square = share * share;
    let distance = other * other;
    return Expansion(
        vec2(offset, share),
        vec3(other * (3.0 * other - 1.0 - share) / 3.0, 2.0 * share * offset, square),
        vec4(
            offset * (square + distance - 0.6 + 0.4 / (count * count)),
            share * other * (3.0 * other - 0.6 * (1.0 + share)),
            3.0 * square * offset,
            square * share,
        ),
    );
}

// What a part with coefficients `c` of the first to third polynomial adds to the whole's.
fn project(e: Expansion, c: vec3<f32>, squares: vec4<f32>) -> vec3<f32> {
    let weighed = c * squares.yzw;
    return vec3(
        e.first.y * weighed.x,
        dot(e.second.yz, weighed.xy),
        dot(e.third.yzw, weighed),
    );
}

// Mean squared distance on a part between its polynomial `c` and the whole's `w`.
fn distance_between(e: Expansion, c: vec3<f32>, w: vec3<f32>, squares: vec4<f32>) -> f32 {
    let miss = vec4(
        -(e.first.x * w.x + e.second.x * w.y + e.third.x * w.z),
        c.x - (e.first.y * w.x + e.second.y * w.y + e.third.y * w.z),
        c.y - (e.second.z * w.y + e.third.z * w.z),
        c.z - e.third.w * w.z,
    );
    return dot(miss * miss, squares);
}

// The stretch `a` followed by the stretch `b`. The residual only ever grows by squares.
fn joined(a: Stretch, b: Stretch) -> Stretch {
    if a.count == 0.0 {
        return b;
    }
    if b.count == 0.0 {
        return a;
    }
    let count = a.count + b.count;
    let left = a.count / count;
    let right = b.count / count;
    // The line through the two means is taken out of both: then their means are 0.
    let rise = b.coefficients.x + a.sum - a.coefficients.x;
    let bent_a = a.coefficients.yzw - vec3(rise * left, 0.0, 0.0);
    let bent_b = b.coefficients.yzw - vec3(rise * right, 0.0, 0.0);
    let squares_a = mean_squares(a.count);
    let squares_b = mean_squares(b.count);
    let on_a = expand(left, right, -1.0, count);
    let on_b = expand(right, left, 1.0, count);
    let sum = left * project(on_a, bent_a, squares_a) + right * project(on_b, bent_b, squares_b);
    let whole = divide(sum, mean_squares(count).yzw);
    return Stretch(
        count,
        a.sum + b.sum,
        a.residual + b.residual
            + a.count * distance_between(on_a, bent_a, whole, squares_a)
            + b.count * distance_between(on_b, bent_b, whole, squares_b),
        vec4(a.coefficients.x + rise * right, rise + whole.x, whole.y, whole.z),
    );
}

// Sum of squares of what the three degrees take out of a piece.
fn taken_out(piece: Stretch) -> f32 {
    let bend = piece.coefficients * piece.coefficients * mean_squares(piece.count);
    return piece.count * (bend.y + bend.z + bend.w);
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

// A piece whose level lies `tilt` above the window's: a line through the profile, which tilts the
// piece and leaves the residual.
fn tilted(piece: Stretch, tilt: f32) -> Stretch {
    let raised = vec4(tilt * (piece.count + 1.0) * 0.5, tilt * piece.count * 0.5, 0.0, 0.0);
    return Stretch(
        piece.count,
        piece.sum + tilt * piece.count,
        piece.residual,
        piece.coefficients + raised,
    );
}
