// recording/spectra: the power spectrum of each review, summed over its units. One workgroup per
// review and LANES frequencies. Twin, formula and order of summation: src/recording/spectra.rs

override LANES: u32;

// Units that are transformed at once: the components of a vector.
const SIDE_BY_SIDE: u32 = 4u;

struct Span {
    first_review: u32,
    reviews: u32,
    first_unit: u32,
    end_unit: u32,
    units: u32,
    steps: u32,
}

struct Wave {
    cosine: f32,
    sine: f32,
}

@group(0) @binding(0) var<uniform> span: Span;
@group(0) @binding(1) var<storage, read> traces: array<f32>;        // reviews * units * steps
@group(0) @binding(2) var<storage, read> waves: array<Wave>;        // steps
@group(0) @binding(3) var<storage, read_write> spectra: array<f32>; // reviews * (steps / 2)

var<workgroup> samples: array<vec4<f32>, LANES>;

// The samples at `step` of the units from `unit` on, each less the first sample of its trace; 0
// where there is none.
fn load(review: u32, unit: u32, step: u32) -> vec4<f32> {
    var loaded = vec4(0.0);
    if step < span.steps {
        for (var i = 0u; i < min(SIDE_BY_SIDE, span.end_unit - unit); i++) {
            let start = (review * span.units + unit + i) * span.steps;
            loaded[i] = traces[start + step] - traces[start];
        }
    }
    return loaded;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let bins = span.steps / 2u;
    let parts = (bins + LANES - 1u) / LANES;
    let place = group.y * groups.x + group.x;
    if place >= span.reviews * parts {
        return;
    }
    let review = span.first_review + place / parts;
    // Cycles per trace. Lanes past the last frequency only load samples.
    let cycles = place % parts * LANES + lane + 1u;
    let stride = cycles % span.steps;
    var power = vec4(0.0);
    for (var unit = span.first_unit; unit < span.end_unit; unit += SIDE_BY_SIDE) {
        var real = vec4(0.0);
        var imaginary = vec4(0.0);
        // Where in the table of waves: cycles * step modulo steps.
        var angle = 0u;
        for (var head = 0u; head < span.steps; head += LANES) {
            samples[lane] = load(review, unit, head + lane);
            workgroupBarrier();
            var cosines = vec4(0.0);
            var sines = vec4(0.0);
            for (var i = 0u; i < min(LANES, span.steps - head); i++) {
                let wave = waves[angle];
                cosines += samples[i] * wave.cosine;
                sines += samples[i] * wave.sine;
                angle += stride;
                angle -= select(0u, span.steps, angle >= span.steps);
            }
            real += cosines;
            imaginary += sines;
            workgroupBarrier();
        }
        power += real * real + imaginary * imaginary;
    }
    if cycles <= bins {
        let at = review * bins + cycles - 1u;
        var sum = power.x + power.y + power.z + power.w;
        if span.first_unit > 0u {
            sum += spectra[at];
        }
        spectra[at] = sum;
    }
}
