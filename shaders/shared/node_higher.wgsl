// What `node.wgsl` is for a line, for a parabola or cubic: six words beside the level.

// Words of a node.
const NODE: u32 = 7u;

fn keep(place: u32, apart: u32, level: f32, piece: Summary) {
    put(place, level);
    put(place + apart, piece.sum);
    put(place + 2u * apart, piece.residual);
    put(place + 3u * apart, piece.coefficients.x);
    put(place + 4u * apart, piece.coefficients.y);
    put(place + 5u * apart, piece.coefficients.z);
    put(place + 6u * apart, piece.coefficients.w);
}

fn kept(place: u32, apart: u32, count: f32) -> Summary {
    return Stretch(
        count,
        word_at(place + apart),
        word_at(place + 2u * apart),
        vec4(
            word_at(place + 3u * apart),
            word_at(place + 4u * apart),
            word_at(place + 5u * apart),
            word_at(place + 6u * apart),
        ),
    );
}

// The same piece where the unit is smaller by `ratio`.
fn scaled(piece: Summary, ratio: f32) -> Summary {
    return Stretch(
        piece.count,
        piece.sum * ratio,
        piece.residual * ratio * ratio,
        piece.coefficients * ratio,
    );
}
