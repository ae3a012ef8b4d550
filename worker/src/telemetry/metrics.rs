// SPDX-License-Identifier: Apache-2.0
//! Metrics in Prometheus' text format. They are made of a snapshot when somebody asks, so nothing is counted twice.
//!
//! What a card says of itself has the names of NVIDIA's own exporter (DCGM), so that its dashboards work here too.

mod stratum;
#[cfg(test)]
mod tests;
mod worker;

pub use stratum::StratumMetrics;
pub use worker::DevicesMetrics;

use prometheus::{
    core::{Atomic, GenericCounter, GenericGauge},
    Counter, Encoder, Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use std::collections::HashMap;

/// Makes metrics in a registry, all with the same labels.
struct Maker {
    registry: Registry,
    labels: HashMap<String, String>,
}

impl Maker {
    fn new(registry: &Registry, labels: &[(&str, String)]) -> Self {
        Self {
            registry: registry.clone(),
            labels: labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }

    fn opts(&self, name: &str, help: &str) -> Opts {
        Opts::new(name, help).const_labels(self.labels.clone())
    }

    fn put<M: prometheus::core::Collector + Clone + 'static>(
        &self,
        metric: M,
    ) -> Result<M, prometheus::Error> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.put(Gauge::with_opts(self.opts(name, help))?)
    }

    fn int_gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.put(IntGauge::with_opts(self.opts(name, help))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, prometheus::Error> {
        self.put(GaugeVec::new(self.opts(name, help), labels)?)
    }

    fn int_gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        self.put(IntGaugeVec::new(self.opts(name, help), labels)?)
    }

    fn counter(&self, name: &str, help: &str) -> Result<Counter, prometheus::Error> {
        self.put(Counter::with_opts(self.opts(name, help))?)
    }

    fn int_counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.put(IntCounter::with_opts(self.opts(name, help))?)
    }

    fn int_counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        self.put(IntCounterVec::new(self.opts(name, help), labels)?)
    }
}

/// A counter that shows what somebody else has counted.
fn show<P: Atomic>(counter: &GenericCounter<P>, value: P::T) {
    counter.reset();
    counter.inc_by(value);
}

/// A gauge of whole numbers.
fn set<P: Atomic<T = i64>>(gauge: &GenericGauge<P>, value: impl TryInto<i64>) {
    gauge.set(value.try_into().unwrap_or(i64::MAX));
}

/// Which of `names` holds, as one gauge for each.
fn which(gauges: &IntGaugeVec, names: &[&str], holds: Option<&str>) {
    for name in names {
        gauges
            .with_label_values(&[name])
            .set(i64::from(holds == Some(name)));
    }
}

/// An amount in EGN. Shown to people only: a float holds fifteen digits.
fn egn(units: u128) -> f64 {
    units as f64 / 1e12
}

/// Everything in a registry, as text.
fn text(registry: &Registry) -> String {
    let mut bytes = Vec::new();
    match TextEncoder::new().encode(&registry.gather(), &mut bytes) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        // Labels that are no UTF-8 can't be: they are strings.
        Err(error) => format!("# {error}\n"),
    }
}
