// dfa/fused_higher: all of the DFA of a short trace from one read of it, orders 2 and 3. One
// workgroup per trace. The body is in shared/fused.wgsl. Twin and reasons:
// src/analysis/dfa/fused_higher.rs

override LANES: u32;
override WORDS: u32;

alias Summary = Stretch;

const NOTHING = NO_STRETCH;

fn joined(a: Summary, b: Summary) -> Summary {
    return join(a, b);
}

fn rest(window: Summary) -> f32 {
    return settled(window);
}

// Six words of a node from `place` on.
fn keep(place: u32, apart: u32, piece: Summary) {
    memory[place] = piece.sum;
    memory[place + apart] = piece.residual;
    for (var k = 0u; k < 4u; k++) {
        memory[place + (k + 2u) * apart] = piece.coefficients[k];
    }
}

fn kept(place: u32, apart: u32, count: f32) -> Summary {
    return Stretch(
        count,
        memory[place],
        memory[place + apart],
        vec4(
            memory[place + 2u * apart],
            memory[place + 3u * apart],
            memory[place + 4u * apart],
            memory[place + 5u * apart],
        ),
    );
}
