// Which numbers of a recorded tensor are traces; the same block as src/recording/extent.rs.
struct Extent {
    reviews: u32,
    steps: u32,
    width: u32,
    first: u32,
    units: u32,
    share: f32,
}
