//! Panics of wgpu as values: where it has no error for a device that fails, it panics.
//!
//! Place in the flow: around the calls of [`super::engine`] and [`super::device`] that may find a
//! device lost. wgpu 30 gives [`wgpu::Device::poll`] an error for a wait that ran out of time, and
//! panics for a device that failed meanwhile; wgpu-hal panics where it cannot clean up after a
//! device that it did not open. It holds no locks then.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread becomes a value, and is no message.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Does `work`; of a panic in it, the last line of what it said, where it said anything.
///
/// What `work` has borrowed must be sound after a panic.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    let before = QUIET.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    done.map_err(|panic| last_line(&*panic))
}

fn last_line(panic: &(dyn Any + Send)) -> String {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    let text = owned.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    text.trim_end().lines().last().unwrap_or(text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_value_of_one_line() {
        assert_eq!(caught(|| 3), Ok(3));
        let nested = caught(|| caught(|| panic!("Error in poll\n\nCaused by:\n  the {}\n", "end")));
        assert_eq!(nested, Ok(Err::<(), _>("the end".to_owned())));
        assert_eq!(caught(|| panic!("short")), Err::<(), _>("short".to_owned()));
        assert!(!QUIET.get(), "loud again");
    }
}
