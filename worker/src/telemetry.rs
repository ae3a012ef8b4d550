// SPDX-License-Identifier: Apache-2.0
//! What can be watched: the card's sensors, and metrics for Prometheus.

pub mod metrics;
pub mod nvml;
pub mod sensors;
pub mod server;
