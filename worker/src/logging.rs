// SPDX-License-Identifier: Apache-2.0
//! Log lines on standard error: text or JSON, and above the progress bars where there are any.

use crate::{
    config::Format,
    error::{Code, Error},
};
use indicatif::MultiProgress;
use std::io::{self, IsTerminal, Write};
use tracing_subscriber::{fmt::MakeWriter, EnvFilter};

/// Starts logging.
///
/// # Errors
/// [`Code::Config`], if the filter is not one.
pub fn start(filter: &str, format: Format, bars: Option<MultiProgress>) -> Result<(), Error> {
    // What is said without a target is meant for this program; its libraries speak up only in need.
    let filter = match filter.contains(['=', ',']) {
        true => filter.to_owned(),
        false => format!("warn,ergon_worker={filter}"),
    };
    let filter = EnvFilter::try_new(&filter)
        .map_err(|error| Error::new(Code::Config, format!("--log {filter}: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(Above(bars));
    let started = match format {
        Format::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
        Format::Text => builder.with_target(false).try_init(),
    };
    started.map_err(|error| Error::new(Code::Failed, error))
}

/// Standard error, above the bars.
struct Above(Option<MultiProgress>);

impl<'a> MakeWriter<'a> for Above {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self.0.as_ref())
    }
}

struct Line<'a>(Option<&'a MultiProgress>);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0 {
            Some(bars) => bars.suspend(|| io::stderr().write(bytes)),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
