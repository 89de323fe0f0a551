//! Progress as events: what a long work says of itself while it goes on.
//!
//! Place in the flow: floor 0. Nothing below `cli` prints: a training or a measurement tells an
//! [`Observer`], and `cli/progress.rs` shows it. An observer also says when the user wants to stop.

/// Hears of progress, and says when to stop.
pub trait Observer {
    /// A part begins: what it does, and how many units of work it has.
    fn begin(&mut self, what: &str, total: u64);
    /// `done` units of the current part are done; `detail` is a short line such as the loss.
    fn advance(&mut self, done: u64, detail: &str);
    /// The current part is finished; `summary` is a line to keep, or empty.
    fn finish(&mut self, summary: &str);
    /// One line that the user should keep: a fallback, a warning.
    fn note(&mut self, line: &str);
    /// True once the user asked to stop; work then leaves a checkpoint and ends.
    fn stopping(&self) -> bool {
        false
    }
}

/// Hears nothing: for tests and for embedding noisescope as a library.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn begin(&mut self, _: &str, _: u64) {}
    fn advance(&mut self, _: u64, _: &str) {}
    fn finish(&mut self, _: &str) {}
    fn note(&mut self, _: &str) {}
}
