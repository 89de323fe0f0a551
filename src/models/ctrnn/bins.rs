//! Bins of histograms.
//!
//! Place in the flow: floor 3, shared by the path of the CPU and the stage's twin.

/// Equal bins from `low` up to, not with, `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bins {
    /// How many, without the one below and the one above.
    pub count: usize,
    /// Where the first begins.
    pub low: f32,
    /// Where the last ends.
    pub high: f32,
}

impl Bins {
    /// Bins per unit of h.
    pub(super) fn per_unit(self) -> f32 {
        self.count as f32 / (self.high - self.low)
    }

    /// Where `h` is counted: 0 below, `count + 1` above and NaN.
    pub(super) fn place(self, h: f32) -> usize {
        if h < self.low {
            0
        } else if h < self.high {
            1 + (((h - self.low) * self.per_unit()) as usize).min(self.count - 1)
        } else {
            self.count + 1
        }
    }
}
