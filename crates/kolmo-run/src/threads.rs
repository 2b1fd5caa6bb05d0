//! How many threads compute.

use std::thread::available_parallelism;

/// As many as `RAYON_NUM_THREADS` says, or one a core, by rayon's own rule.
pub fn threads() -> usize {
    threads_of(std::env::var("RAYON_NUM_THREADS").ok().as_deref())
}

fn threads_of(asked: Option<&str>) -> usize {
    let asked = asked.and_then(|text| text.parse().ok());
    let asked = asked.filter(|count| *count > 0);
    asked.unwrap_or_else(|| available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_of_threads_is_not_asked_for() {
        assert_eq!(threads_of(Some("3")), 3);
        let all = threads_of(None);
        assert!(all >= 1);
        for nothing in ["", "0", "many", "-1"] {
            assert_eq!(threads_of(Some(nothing)), all, "{nothing:?}");
        }
    }
}
