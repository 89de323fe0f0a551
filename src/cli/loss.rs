//! A device that is lost while Burn computes on it: one error instead of panics.
//!
//! Place in the flow: set up before anything else. Our engine has errors for a lost device, Burn
//! has none: the call that finds it out panics. Mostly it is made by a thread of Burn's own, and
//! who waits for what that thread was to bring waits for ever. So the process ends where the panic
//! begins; files are written whole or not at all, and what was finished is kept.

use std::panic::{set_hook, take_hook};
use std::sync::Once;

use super::end;
use crate::error::Error;

/// Ends the process with an error where a panic says that the device was lost. The engine's own
/// panics never come here: it keeps them from the hooks that are there before it.
pub fn watch() {
    static ENDING: Once = Once::new();
    let before = take_hook();
    set_hook(Box::new(move |panic| match panic.payload_as_str().and_then(loss) {
        // Whichever thread is first.
        Some(error) => ENDING.call_once(|| std::process::exit(end(&error).into())),
        None => before(panic),
    }));
}

/// The error of a panic that said `said`, where that tells of a loss.
fn loss(said: &str) -> Option<Error> {
    let tells = |line: &&str| line.to_lowercase().contains("device is lost");
    let cause = match said.lines().find(tells) {
        None if !said.starts_with("Error in Device::poll") => return None,
        // wgpu gives a device up whatever keeps it from waiting.
        None => said.trim_end().lines().last()?,
        // Burn quotes text in text.
        Some(line) if line.contains("\\n") => "Device is lost",
        Some(line) => line,
    };
    let error = Error::new("the device stopped answering while a network computed on it").remedy(
        "what was finished is kept: go on with --resume and the run folder (a sweep: run it \
         again), or begin anew with --device cpu; and check the driver's log",
    );
    Some(error.because(cause.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_from_a_defect() {
        let told = |said| loss(said).map(|error| error.to_string());
        for (said, cause) in [
            (
                "Error in Device::poll: Validation Error\n\nCaused by:\n  Parent device is lost\n",
                ": Parent device is lost",
            ),
            (
                "Error in Device::poll: Validation Error\n\nCaused by:\n  Not enough memory left\n",
                ": Not enough memory left",
            ),
            (
                "networks compute in f32: StorageAccess(Read(\"The device is poisoned\\nCaused \
                 by:\\n  Unknown: Device is lost\\nBacktrace:\\nNo backtrace available\"))",
                ": Device is lost",
            ),
        ] {
            let told = told(said).expect("a loss");
            assert!(told.ends_with(cause), "{told}");
        }
        assert_eq!(told("index out of bounds: the len is 3 but the index is 3"), None);
    }
}
