// How a node of a tree is kept: the level it is integrated about, then the four words of a `Block`,
// `apart` words from one to the next. A stage that takes this in says where words lie by `word_at`
// and `put`. Twin: `Summary::keep` in src/analysis/dfa/summary.rs.

// Words of a node.
const NODE: u32 = 5u;

fn keep(place: u32, apart: u32, level: f32, piece: Summary) {
    put(place, level);
    put(place + apart, piece.sum);
    put(place + 2u * apart, piece.mean);
    put(place + 3u * apart, piece.slope);
    put(place + 4u * apart, piece.residual);
}

fn kept(place: u32, apart: u32, count: f32) -> Summary {
    return Block(
        count,
        word_at(place + apart),
        word_at(place + 2u * apart),
        word_at(place + 3u * apart),
        word_at(place + 4u * apart),
    );
}

// The same piece where the unit is smaller by `ratio`.
fn scaled(piece: Summary, ratio: f32) -> Summary {
    return Block(
        piece.count,
        piece.sum * ratio,
        piece.mean * ratio,
        piece.slope * ratio,
        piece.residual * ratio * ratio,
    );
}
