//! The memory of tensors: given back to the allocator after every step, never to the system.

// Its settings are a C interface.
#![allow(unsafe_code)]

use libmimalloc_sys::{mi_option_large_os_pages, mi_option_set, mi_option_t};
use mimalloc::MiMalloc;

/// A step allocates the same tensors as the one before: this one gives them the same pages.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// After how many milliseconds pages that nobody uses are given back; the crate has no name for it.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps the pages of freed tensors for the next steps. By default the system gets them back after a second, and they
/// come again filled with zeros, page by page. Pages are large where the system has such.
pub fn keep_pages() {
    // SAFETY: both set a number of the allocator, under keys that it has, and no other thread runs yet.
    unsafe {
        mi_option_set(PURGE_DELAY, -1);
        mi_option_set(mi_option_large_os_pages, 1);
    }
}

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    /// The options of another version of mimalloc might be others.
    #[test]
    fn the_option_is_the_delay() {
        // SAFETY: it reads a number of the allocator, under a key that it has.
        assert_eq!(unsafe { mi_option_get(PURGE_DELAY) }, 1000);
    }
}
