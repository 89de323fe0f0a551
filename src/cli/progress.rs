//! Progress on the terminal: a bar with rate and time left, plain lines where there is no terminal,
//! and Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::error::{Error, Result};
use crate::progress::Observer;

/// Where there is no terminal, a line is written this often.
const SILENCE: Duration = Duration::from_secs(30);

/// Shows progress on standard error; the first Ctrl-C asks the work to stop, the second ends the
/// process.
pub struct Terminal {
    bar: Option<ProgressBar>,
    /// When the last plain line was written, where there is no terminal.
    spoken: Instant,
    stop: Arc<AtomicBool>,
}

impl Terminal {
    /// Takes over Ctrl-C.
    ///
    /// # Errors
    /// The signal cannot be taken over.
    pub fn new() -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        ctrlc::set_handler(move || {
            if seen.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
            eprintln!("\nstopping at the next safe place; once more to end at once");
        })
        .map_err(|cause| Error::new("cannot watch for Ctrl-C").because(cause))?;
        Ok(Self { bar: None, spoken: Instant::now(), stop })
    }
}

impl Observer for Terminal {
    fn begin(&mut self, what: &str, total: u64) {
        let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
        let style = if total == 0 {
            "{spinner} {prefix}"
        } else {
            "{prefix}  {bar:24} {pos}/{len}  {per_sec}, {eta} left  {msg}"
        };
        bar.set_style(ProgressStyle::with_template(style).expect("a fixed template"));
        bar.set_prefix(what.to_owned());
        bar.tick();
        self.bar = Some(bar);
    }

    fn advance(&mut self, done: u64, detail: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(detail.to_owned());
            bar.set_position(done);
            if bar.is_hidden() && self.spoken.elapsed() > SILENCE {
                self.spoken = Instant::now();
                let left = bar.eta().as_secs();
                let total = bar.length().unwrap_or(0);
                eprintln!("{}  {done}/{total}  {left} s left  {detail}", bar.prefix());
            }
        }
    }

    fn finish(&mut self, summary: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if !summary.is_empty() {
            eprintln!("{summary}");
        }
    }

    fn note(&mut self, line: &str) {
        eprintln!("{line}");
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
