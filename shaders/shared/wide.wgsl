// Whole numbers of 64 bits: pairs of words, the low one first.
fn add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn square(n: u32) -> vec2<u32> {
    let low = n & 0xffffu;
    let high = n >> 16u;
    let cross = low * high; // twice in the square, 16 bits up
    return add(vec2(low * low, high * high), vec2(cross << 17u, cross >> 15u));
}
