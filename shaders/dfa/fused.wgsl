// dfa/fused: all of the DFA of a short trace from one read of it, order 1. One workgroup per trace.
// The body is in shared/fused.wgsl. Twin and reasons: src/analysis/dfa/fused.rs

override LANES: u32;
override WORDS: u32;

alias Summary = Block;

const NOTHING = EMPTY;

fn joined(a: Summary, b: Summary) -> Summary {
    return merge(a, b);
}

fn rest(window: Summary) -> f32 {
    return window.residual;
}

// Four words of a node from `place` on.
fn keep(place: u32, apart: u32, piece: Summary) {
    memory[place] = piece.sum;
    memory[place + apart] = piece.mean;
    memory[place + 2u * apart] = piece.slope;
    memory[place + 3u * apart] = piece.residual;
}

fn kept(place: u32, apart: u32, count: f32) -> Summary {
    return Block(
        count,
        memory[place],
        memory[place + apart],
        memory[place + 2u * apart],
        memory[place + 3u * apart],
    );
}
