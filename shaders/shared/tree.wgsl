// The profile of a stretch of a trace in workgroup memory, with a tree over its blocks, from one read
// of the stretch. For stages with the bindings `shape`, `sizes` and `traces` and the arrays `memory`,
// `magnitudes`, `changes` and `partial` in workgroup memory. Twin: src/analysis/dfa/tree.rs

// Lanes that work on one size together, at most: the workgroup of `dfa/fluctuation`, and its order.
const TEAM: u32 = 32u;

// Windows that a lane adds up before it adds them to its total.
const RUN: u32 = 32u;

// The stretch: its first sample in the trace, and how many there are.
var<private> begin: u32;
var<private> samples: u32;

// In `memory` lies the profile, `samples` words; then the nodes of the tree, the first words of all
// nodes, their second words and so on. Node `i` of the lowest level is block i; of each level above,
// the pair 2i, 2i + 1 of the level below, where both are there. They lie in order: every node between
// its two halves.
fn word_at(at: u32) -> f32 {
    return memory[at];
}

fn put(at: u32, value: f32) {
    memory[at] = value;
}

// Where the piece at hand goes on in the next block, and what brings that block's profile, which is
// about a level of its own, onto the piece's.
var<private> seam: u32 = 0xffffffffu;
var<private> rise: f32;
var<private> tilt: f32;

fn profile_at(at: u32) -> f32 {
    return memory[at] + select(0.0, rise + tilt * f32(at - seam), at >= seam);
}

fn blocks_of_stretch() -> u32 {
    return (samples + BLOCK - 1u) / BLOCK;
}

// The first word of the node of `level` that begins with `block`: the level it is integrated about.
fn place_of(level: u32, block: u32) -> u32 {
    return samples + 2u * block + (1u << level) - 1u;
}

// Words from one word of a node to the next.
fn apart() -> u32 {
    return 2u * blocks_of_stretch();
}

// The sample behind that node.
fn end_of(level: u32, block: u32) -> u32 {
    return min((block + (1u << level)) * BLOCK, samples);
}

fn node(level: u32, block: u32) -> Summary {
    let count = end_of(level, block) - block * BLOCK;
    return kept(place_of(level, block), apart(), f32(count));
}

// Reads the stretch that begins at `place` of `traces` into `memory`.
fn read_in(place: u32, lane: u32) -> Seen {
    let first = bitcast<u32>(traces[place]);
    var magnitude = 0u;
    var change = 0u;
    for (var i = lane; i < samples; i += LANES) {
        let x = traces[place + i];
        let bits = bitcast<u32>(x);
        magnitude = max(magnitude, bits & 0x7fffffffu);
        change |= bits ^ first;
        memory[i] = x;
    }
    magnitudes[lane] = magnitude;
    changes[lane] = change;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            magnitudes[lane] = max(magnitudes[lane], magnitudes[lane + half]);
            changes[lane] |= changes[lane + half];
        }
        workgroupBarrier();
    }
    return Seen(magnitudes[0], changes[0], first);
}

// Integrates what was read, times 2^(127 - exponent), and grows the tree; where it is not `measured`,
// of zeros.
fn grow(exponent: u32, measured: bool, lane: u32) {
    let scale = bitcast<f32>((254u - exponent) << 23u);
    let blocks = blocks_of_stretch();
    // Each block is integrated from zero about a level of its own, and summarised.
    for (var block = lane; block < blocks; block += LANES) {
        let from_sample = block * BLOCK;
        let end = min(from_sample + BLOCK, samples);
        var level = 0.0;
        if measured {
            let origin = memory[from_sample] * scale;
            var sum = 0.0;
            for (var i = from_sample; i < end; i++) {
                sum += memory[i] * scale - origin;
            }
            level = origin + sum * (1.0 / f32(BLOCK));
            var risen = 0.0;
            for (var i = from_sample; i < end; i++) {
                risen += memory[i] * scale - level;
                memory[i] = risen;
            }
        } else {
            for (var i = from_sample; i < end; i++) {
                memory[i] = 0.0;
            }
        }
        keep(place_of(0u, block), apart(), level, leaf(from_sample, end - from_sample, 0.0));
    }
    workgroupBarrier();

    // Pairs, pairs of pairs and so on, each about the mean of its halves' levels.
    for (var level = 1u; (blocks >> level) > 0u; level++) {
        for (var i = lane; i < (blocks >> level); i += LANES) {
            let left = i << level;
            let right = left + (1u << (level - 1u));
            let level_left = memory[place_of(level - 1u, left)];
            let level_right = memory[place_of(level - 1u, right)];
            let mean = 0.5 * (level_left + level_right);
            let whole = joined(
                tilted(node(level - 1u, left), level_left - mean),
                tilted(node(level - 1u, right), level_right - mean),
            );
            keep(place_of(level, left), apart(), mean, whole);
        }
        workgroupBarrier();
    }
}

// Near the mean over the window, so that no steep line has to be carried along: that of the largest
// node inside, or the mean of the two blocks at its ends.
fn level_of_window(start: u32, end: u32) -> f32 {
    let first = (start + BLOCK - 1u) / BLOCK;
    var last = end / BLOCK;
    if end == samples {
        last = blocks_of_stretch();
    }
    if last <= first {
        let left = memory[place_of(0u, start / BLOCK)];
        return 0.5 * (left + memory[place_of(0u, (end - 1u) / BLOCK)]);
    }
    let largest = largest_between(first, last);
    return memory[place_of(largest.x, largest.y)];
}

// What is left of the window `start .. end` of the stretch without its polynomial, and the doubt.
fn residual_of(start: u32, end: u32) -> vec2<f32> {
    if end - start <= BLOCK {
        return residual_of_piece(start, end);
    }
    return residual_of_pieces(start, end);
}

// Of one no longer than a block, which goes on in the next block at most: from its samples alone, so
// that the lanes of a size take as many steps as each other.
fn residual_of_piece(start: u32, end: u32) -> vec2<f32> {
    let block = start / BLOCK;
    seam = (block + 1u) * BLOCK;
    var leaned = 0.0;
    if seam < end {
        tilt = memory[place_of(0u, block + 1u)] - memory[place_of(0u, block)];
        rise = memory[seam - 1u] + tilt;
        let beyond = f32(end - seam);
        leaned = tilt * tilt * beyond * beyond * beyond / 3.0;
    }
    var before = 0.0;
    if start > block * BLOCK {
        before = memory[start - 1u];
    }
    return rest(leaf(start, end - start, before), leaned);
}

// Of a longer one. Head, nodes and tail one after the other: lanes whose windows have few nodes wait
// for the others, and none walks through another's samples.
fn residual_of_pieces(start: u32, end: u32) -> vec2<f32> {
    seam = end;
    let window_level = level_of_window(start, end);
    let blocks = blocks_of_stretch();
    let first = (start + BLOCK - 1u) / BLOCK;
    var total = NOTHING;
    // Pieces of blocks that go beyond the window, whose levels have what lies there.
    var leaned = 0.0;
    let head = first * BLOCK;
    if head > start {
        let piece = leaf(start, head - start, memory[start - 1u]);
        leaned += lean(piece);
        total = tilted(piece, memory[place_of(0u, start / BLOCK)] - window_level);
    }
    var at = head;
    while at < end && end_of(0u, at / BLOCK) <= end {
        // The largest node that begins here and ends inside.
        let block = at / BLOCK;
        var level = 0u;
        var next = end_of(0u, block);
        var wider = end_of(1u, block);
        while block % (2u << level) == 0u && block + (2u << level) <= blocks && wider <= end {
            level++;
            next = wider;
            wider = end_of(level + 1u, block);
        }
        let tilt = memory[place_of(level, block)] - window_level;
        total = joined(total, tilted(node(level, block), tilt));
        at = next;
    }
    if at < end {
        let tilt = memory[place_of(0u, at / BLOCK)] - window_level;
        let piece = leaf(at, end - at, 0.0);
        leaned += lean(piece);
        total = joined(total, tilted(piece, tilt));
    }
    return rest(total, leaned);
}

// Lanes that work on this size and larger ones: no more than it has windows in the stretch. Fewer
// lanes change no bit, for those without a window add 0.
fn team_of(place: u32) -> u32 {
    let size = sizes[place];
    let groups = select(1u, 2u, size.count > size.front);
    let most = min(size.count, groups * (samples / size.stride + 1u));
    var team = TEAM;
    while team >= 2u * most {
        team /= 2u;
    }
    return team;
}

// What the windows of size `place` add up to that lie in the stretch, for the first of the team's
// lanes. All lanes come here.
fn sum_of(place: u32, team: u32, lane: u32) -> vec2<f32> {
    let member = lane % team;
    var total = vec2(0.0);
    if place < shape.sizes {
        let size = sizes[place];
        let front = starts(size, 0u, begin, begin + samples);
        let back = starts(size, 1u, begin, begin + samples);
        let counted = front.inside - front.first;
        let all = counted + back.inside - back.first;
        var run = vec2(0.0);
        var added = 0u;
        for (var i = member; i < all; i += team) {
            let number = select(back.first + i - counted, front.first + i, i < counted);
            let start = start_of(size, number) - begin;
            run += contribution(residual_of(start, start + size.size), size.size);
            added++;
            if added == RUN {
                total += run;
                run = vec2(0.0);
                added = 0u;
            }
        }
        total += run;
    }
    partial[lane] = total;
    workgroupBarrier();
    for (var half = team / 2u; half > 0u; half /= 2u) {
        if member < half {
            partial[lane] += partial[lane + half];
        }
        workgroupBarrier();
    }
    return partial[lane];
}
