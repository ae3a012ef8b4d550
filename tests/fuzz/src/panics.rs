// SPDX-License-Identifier: Apache-2.0
//! A panic of the runtime is a violation like any other: it would stop the chain.

use std::{
    cell::RefCell,
    panic::{catch_unwind, set_hook, take_hook, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    /// The message of the last panic, while panics are being caught.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
    static CATCHING: RefCell<bool> = const { RefCell::new(false) };
}

/// Runs `f`; a panic in it is an error.
pub fn caught(f: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let former = take_hook();
        set_hook(Box::new(move |info| {
            if CATCHING.with(|catching| *catching.borrow()) {
                CAUGHT.with(|caught| *caught.borrow_mut() = Some(info.to_string()));
            } else {
                former(info);
            }
        }));
    });
    CATCHING.with(|catching| *catching.borrow_mut() = true);
    let result = catch_unwind(AssertUnwindSafe(f));
    CATCHING.with(|catching| *catching.borrow_mut() = false);
    result.unwrap_or_else(|_| {
        let message = CAUGHT.with(|caught| caught.borrow_mut().take());
        Err(message.unwrap_or_else(|| "panicked".into()))
    })
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[test]
    fn a_panic_is_an_error() {
        assert!(caught(|| Ok(())).is_ok());
        assert_eq!(caught(|| Err("no".into())), Err("no".into()));
        let what = caught(|| panic!("as expected")).unwrap_err();
        assert!(
            what.contains("as expected") && what.contains("panics.rs"),
            "{what}"
        );
    }
}
