// SPDX-License-Identifier: Apache-2.0
//! What is going on, on standard error: lines with the time they were written at, and on a terminal one live line below.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// Shows steps as they are taken.
#[derive(Debug)]
pub struct Progress {
    begun: Instant,
    label: String,
    line: ProgressBar,
}

impl Progress {
    /// Begins now. The live line is shown on a terminal only. `label` begins every line, if there are several who write.
    pub fn new(label: &str) -> Self {
        let line = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            line.set_style(style);
        }
        line.enable_steady_tick(Duration::from_millis(200));
        Self {
            begun: Instant::now(),
            label: if label.is_empty() {
                String::new()
            } else {
                format!("{label}: ")
            },
            line,
        }
    }

    /// One that writes no live line: for tests, of which several run at once.
    pub fn plain(label: &str) -> Self {
        let progress = Self::new(label);
        progress
            .line
            .set_draw_target(indicatif::ProgressDrawTarget::hidden());
        progress
    }

    /// Says that something has happened, or begins.
    pub fn step(&self, what: impl AsRef<str>) {
        let text = format!(
            "[{}] {}{}",
            clock(self.begun.elapsed()),
            self.label,
            what.as_ref()
        );
        self.line.suspend(|| eprintln!("{text}"));
    }

    /// Replaces the live line.
    pub fn now(&self, what: impl AsRef<str>) {
        self.line
            .set_message(format!("[{}] {}", clock(self.begun.elapsed()), what.as_ref()));
    }

    /// Time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Takes the live line away.
    pub fn end(&self) {
        self.line.finish_and_clear();
    }
}

/// Minutes and seconds.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:>2}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_minutes() {
        assert_eq!(clock(Duration::from_millis(5_900)), " 0:05");
        assert_eq!(clock(Duration::from_secs(3_661)), "61:01");
    }
}
