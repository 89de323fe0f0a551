//! The looks at one network so far, on disk after each.
//!
//! Place in the flow: looks in while a network learns, its course out; a run that goes on finds what
//! was seen before it stopped.

use std::path::PathBuf;

use super::found::Look;
use crate::error::Result;
use crate::experiments::run_folder;
use crate::files::write_whole;

/// The looks at one network so far.
pub(super) struct Course {
    path: PathBuf,
    /// In the order of passes.
    pub(super) looks: Vec<Look>,
}

impl Course {
    /// What the file `path` holds; nothing where there is none.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let looks = run_folder::done(&path)?.unwrap_or_default();
        Ok(Self { path, looks })
    }

    /// Adds a look, in the place of an earlier one after as many passes and all later ones.
    pub(super) fn add(&mut self, look: Look) -> Result<()> {
        self.looks.retain(|earlier| earlier.passes < look.passes);
        self.looks.push(look);
        let text = serde_json::to_string(&self.looks).expect("looks are plain data");
        write_whole(&self.path, text.as_bytes())
    }

    /// Whether a training accuracy of `found` after `passes` is the first to reach one of `matched`.
    pub(super) fn reaches(&self, matched: &[f64], found: f64, passes: f64) -> bool {
        let before = self.looks.iter().take_while(|look| look.passes < passes);
        let best = before.map(|look| look.training_accuracy).fold(0.0, f64::max);
        matched.iter().any(|&accuracy| best < accuracy && accuracy <= found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accuracy_is_reached_once_and_again_where_a_failure_threw_the_run_back() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("course.json");
        let look = |passes: f64, training_accuracy: f64| Look {
            passes,
            training_accuracy,
            test_accuracy: 0.1,
            views: Vec::new(),
        };
        let mut course = Course::open(path.clone()).expect("new");
        for one in [look(0.0, 0.1), look(0.25, 0.4), look(0.5, 0.6), look(1.0, 0.55)] {
            course.add(one).expect("written");
        }
        let matched = [0.3, 0.5, 0.7];
        let reaches = |course: &Course, found, passes| course.reaches(&matched, found, passes);
        assert!(!reaches(&course, 0.69, 1.5), "0.5 was reached at 0.5");
        assert!(reaches(&course, 0.7, 1.5) && reaches(&course, 0.9, 1.5));
        assert!(reaches(&course, 0.6, 0.5), "before that it was not");
        assert!(!reaches(&course, 0.29, 0.1) && reaches(&course, 0.3, 0.1));
        course.add(look(0.5, 0.65)).expect("written");
        let again = Course::open(path).expect("there");
        let kept: Vec<f64> = again.looks.iter().map(|look| look.training_accuracy).collect();
        assert_eq!(kept, [0.1, 0.4, 0.65], "what came later is forgotten");
    }
}
