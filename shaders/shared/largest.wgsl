// The largest node of a tree between two of its lowest. Twin: `largest` in src/analysis/dfa/tree.rs

// Its level and the first of the lowest nodes under it, all of which are of `first .. last`.
fn largest_between(first: u32, last: u32) -> vec2<u32> {
    // What divides them between the two ends by the highest power of two.
    let high = firstLeadingBit(first ^ last);
    let middle = (last >> high) << high;
    if last - middle > middle - first {
        return vec2(firstLeadingBit(last - middle), middle);
    }
    let level = firstLeadingBit(middle - first);
    return vec2(level, middle - (1u << level));
}
