//! What this process was given by whoever started it, where the standard library does not say.

// The system's own interface: the first of the two has to ask before the standard library runs.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

static WITHOUT_STDOUT: AtomicBool = AtomicBool::new(false);

/// Whether standard output was closed (`>&-`). The standard library opens /dev/null in its place before `main`, so that
/// writing to it never fails.
pub fn is_without_stdout() -> bool {
    WITHOUT_STDOUT.load(Ordering::Relaxed)
}

#[cfg(unix)]
extern "C" fn look() {
    // SAFETY: it asks for the flags of a descriptor, and changes nothing.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    WITHOUT_STDOUT.store(flags == -1, Ordering::Relaxed);
}

// SAFETY: the section holds functions that are called before `main`; this one needs nothing of the standard library.
#[cfg(unix)]
#[used]
#[cfg_attr(
    target_vendor = "apple",
    unsafe(link_section = "__DATA,__mod_init_func")
)]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static LOOK: extern "C" fn() = look;

/// Whether `signal` is ignored, as `nohup` has SIGHUP.
#[cfg(unix)]
pub fn ignores(signal: i32) -> bool {
    // SAFETY: all zeros is a valid `sigaction`, a structure of numbers and of a handler that may be null; with no new action given,
    // the call fills it and changes nothing.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    }
}
