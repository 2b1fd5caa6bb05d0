//! What this binary was built from.

/// Version of kolmo.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Git revision, where it was built in a repository.
pub const REVISION: Option<&str> = option_env!("KOLMO_GIT_REVISION");
