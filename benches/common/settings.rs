//! How long every group measures, so that all of them together take a few minutes.

use std::time::Duration;

use criterion::Criterion;

pub fn short() -> Criterion {
    Criterion::default().without_plots().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}
