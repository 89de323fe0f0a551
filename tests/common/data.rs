//! Real data of other people, read where `NOISESCOPE_DATA` leads or in `../shared/data`; where they
//! are absent the test says so and passes.

use std::path::{Path, PathBuf};

/// The folder or file `part` of the real data, if it is there; says so where it is not.
pub fn data(part: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NOISESCOPE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(part);
    if !path.exists() {
        println!("skipped: no {} (set NOISESCOPE_DATA)", path.display());
    }
    path.exists().then_some(path)
}
