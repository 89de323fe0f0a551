//! A device that fails while Burn computes on it: one error instead of panics.
//!
//! Place in the flow: set up before anything else. Our engine has errors for a device that is lost
//! or has no memory left, Burn has none: the call that finds it out panics. Mostly it is made by a
//! thread of Burn's own, and who waits for what that thread was to bring waits for ever. So the
//! process ends where the panic begins. Files are written whole or not at all: what was finished is
//! kept.

use std::panic::{set_hook, take_hook};
use std::sync::Once;

use super::end;
use crate::error::Error;

/// What a panic may say of the device, in lower case, and what that means.
const SAID: [(&str, &str); 4] = [
    ("out of memory", "has no memory left"),
    ("not enough memory left", "has no memory left"),
    ("device is lost", "stopped answering"),
    // wgpu gives a device up, whatever keeps it from waiting.
    ("error in device::poll", "stopped answering"),
];

/// Ends the process with an error where a panic says that the device failed. To be called first:
/// the engine keeps its own panics from the hooks that are there before it.
pub fn watch() {
    static ENDING: Once = Once::new();
    let before = take_hook();
    set_hook(Box::new(move |panic| match panic.payload_as_str().and_then(failure) {
        // Whichever thread is first.
        Some(error) => ENDING.call_once(|| std::process::exit(end(&error).into())),
        None => before(panic),
    }));
}

/// The error of a panic that said `said`, where that tells of the device.
fn failure(said: &str) -> Option<Error> {
    let said = said.to_lowercase();
    let (_, what) = SAID.into_iter().find(|(words, _)| said.contains(words))?;
    Some(Error::new(format!("the device {what} in the middle of the work")).remedy(
        "what was finished is kept: go on with --resume and the run folder (a sweep: run it \
         again), or begin anew with --device cpu",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_device_is_told_from_a_defect() {
        let told = |said| failure(said).map(|error| error.to_string());
        for (said, what) in [
            ("Error in Device::poll: Validation Error\n\nCaused by:\n  Parent device is lost\n", 1),
            ("networks compute in f32: StorageAccess(Read(\"Unknown: Device is lost\\n\"))", 1),
            (
                "Error in Device::poll: Validation Error\n\nCaused by:\n  Not enough memory left\n",
                0,
            ),
            ("wgpu error: Out of Memory", 0),
        ] {
            let what = ["has no memory left", "stopped answering"][what];
            assert_eq!(told(said), Some(format!("the device {what} in the middle of the work")));
        }
        assert_eq!(told("index out of bounds: the len is 3 but the index is 3"), None);
        assert_eq!(told("wgpu error: Validation Error\n\nCaused by:\n  too small"), None);
    }
}
