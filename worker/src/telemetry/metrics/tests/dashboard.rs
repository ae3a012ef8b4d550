// SPDX-License-Identifier: Apache-2.0
//! The dashboard and the alerts ask for what there is: their expressions are read against the pages.

use super::*;
use promql_parser::{
    label::MatchOp,
    parser::{self, AggregateExpr, BinaryExpr, Expr, LabelModifier, VectorSelector},
};
use std::collections::BTreeMap;

/// The values of each label of each metric.
type Labels = BTreeMap<String, BTreeSet<String>>;

/// What there is to ask for.
#[derive(Default)]
struct Pages {
    metrics: BTreeMap<String, Labels>,
    counters: BTreeSet<String>,
}

impl Pages {
    fn new(text: &str) -> Self {
        let mut pages = Self::default();
        for line in text.lines() {
            if let Some(of) = line.strip_prefix("# TYPE ") {
                let (name, kind) = of.split_once(' ').unwrap();
                if kind == "counter" {
                    pages.counters.insert(name.to_owned());
                }
            } else if !line.starts_with('#') {
                // A series stands on a page as it is asked for.
                let (series, _) = line.rsplit_once(' ').unwrap();
                let Ok(Expr::VectorSelector(series)) = parser::parse(series) else {
                    panic!("{line}")
                };
                let labels = pages.metrics.entry(series.name.unwrap()).or_default();
                for label in series.matchers.matchers {
                    labels.entry(label.name).or_default().insert(label.value);
                }
            }
        }
        pages
    }

    /// Reads an expression: the labels of what it yields.
    fn read(&self, expression: &str) -> Result<BTreeSet<String>, String> {
        let expression = expression
            .replace("$__range", "6h")
            .replace("$__rate_interval", "1m")
            .replace("$asset", ".*");
        match parser::parse(&expression)? {
            Expr::MatrixSelector(_) => Err("a graph of ranges".into()),
            expression => self.labels(&expression),
        }
    }

    fn labels(&self, expression: &Expr) -> Result<BTreeSet<String>, String> {
        match expression {
            Expr::NumberLiteral(_) => Ok(BTreeSet::new()),
            Expr::Paren(inner) => self.labels(&inner.expr),
            Expr::VectorSelector(series) => self.series(series),
            Expr::MatrixSelector(range) => self.series(&range.vs),
            Expr::Call(call) => {
                let counts = match call.func.name {
                    "increase" | "rate" => true,
                    "max_over_time" => false,
                    other => return Err(format!("{other} is not understood here")),
                };
                let [argument] = &call.args.args[..] else {
                    return Err(format!("not understood here: {expression}"));
                };
                match &**argument {
                    Expr::MatrixSelector(range) if counts => {
                        let name = range.vs.name.as_deref().unwrap_or_default();
                        let labels = self.series(&range.vs)?;
                        match self.counters.contains(name) {
                            true => Ok(labels),
                            false => Err(format!("{name} is no counter")),
                        }
                    }
                    other => self.labels(other),
                }
            }
            Expr::Binary(BinaryExpr { lhs, rhs, .. }) => Ok(&self.labels(lhs)? | &self.labels(rhs)?),
            Expr::Aggregate(AggregateExpr {
                expr,
                param,
                modifier,
                ..
            }) => {
                let labels = self.labels(expr)?;
                match modifier {
                    Some(LabelModifier::Include(by)) => {
                        let by: BTreeSet<_> = by.labels.iter().cloned().collect();
                        match by.difference(&labels).next() {
                            Some(unknown) => Err(format!("there is no label {unknown}")),
                            None => Ok(by),
                        }
                    }
                    // Of `topk` and its like the series stay as they are.
                    None if param.is_some() => Ok(labels),
                    _ => Ok(BTreeSet::new()),
                }
            }
            other => Err(format!("not understood here: {other}")),
        }
    }

    fn series(&self, series: &VectorSelector) -> Result<BTreeSet<String>, String> {
        let name = series.name.as_deref().unwrap_or_default();
        let labels = self
            .metrics
            .get(name)
            .ok_or_else(|| format!("there is no metric '{name}'"))?;
        for matcher in &series.matchers.matchers {
            let values = labels
                .get(&matcher.name)
                .ok_or_else(|| format!("{name} has no label '{}'", matcher.name))?;
            if matcher.op == MatchOp::Equal && !values.contains(&matcher.value) {
                return Err(format!("{name} never has {}={:?}", matcher.name, matcher.value));
            }
        }
        Ok(labels.keys().cloned().collect())
    }
}

/// What Prometheus itself adds, by the job that the guide names.
const UP: &str = "up{job=\"ergon\",instance=\"127.0.0.1:9464\"} 1\n";

fn pages() -> Pages {
    let stratum = StratumMetrics::new(4, "x").unwrap();
    Pages::new(&format!(
        "{UP}{}{}",
        worker_page(),
        stratum.page(&report(vec![row("a", 1)]))
    ))
}

#[test]
fn the_reader_refuses_what_prometheus_would_or_would_find_nothing_for() {
    let pages = pages();
    let labels = pages.read(
        "sum by (asset, task) (rate(ergon_worker_transactions_total{asset=~\"$asset\"}[5m])) * 60 > 1e3",
    );
    assert_eq!(
        labels.unwrap(),
        BTreeSet::from(["asset".to_owned(), "task".to_owned()])
    );
    for (expression, complaint) in [
        ("ergon_worker_round", "no metric"),
        ("ergon_worker_rounds{miner=\"a\"}", "no label 'miner'"),
        ("ergon_worker_stage{stage=\"mised\"} == 1", "never has"),
        ("up{job=\"argon\"} == 0", "never has"),
        ("ergon_worker_rounds_total[5m]", "ranges"),
        ("increase(ergon_worker_rounds[5m])", "no counter"),
        ("sum by (miner) (ergon_worker_rounds)", "no label miner"),
        ("time()", "not understood"),
        (
            "sum(ergon_worker_rounds) without (asset) or vector(1)",
            "not understood",
        ),
        // What Prometheus itself refuses.
        ("increase(ergon_worker_rounds_total)", "expected type matrix"),
        ("ergon_worker_rounds ==", "invalid promql"),
    ] {
        let error = pages.read(expression).unwrap_err();
        assert!(error.contains(complaint), "{expression}: {error}");
    }
}

#[test]
fn the_dashboard_asks_for_what_there_is() {
    let pages = pages();
    let dashboard = include_str!("../../../../deploy/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut read = 0;
    for target in panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten()
    {
        let expression = target["expr"].as_str().unwrap();
        let labels = pages
            .read(expression)
            .unwrap_or_else(|error| panic!("{expression}: {error}"));
        let legend = target["legendFormat"].as_str().unwrap();
        for label in legend.split("{{").skip(1) {
            let (label, _) = label.split_once("}}").unwrap();
            assert!(labels.contains(label), "{legend}: {expression} has {labels:?}");
        }
        read += 1;
    }
    assert!(read > 30, "{read}");
    // What its variables are chosen from.
    let variables = dashboard["templating"]["list"].to_string();
    for metric in ["ergon_worker_info", "ergon_worker_running", "ergon_stratum_info"] {
        assert!(variables.contains(metric) && pages.metrics.contains_key(metric));
    }
}

#[test]
fn the_alerts_ask_for_what_there_is() {
    let pages = pages();
    let alerts = include_str!("../../../../deploy/alerts.yml");
    let under = |key: &str| {
        alerts
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix(key))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let expressions = under("expr: ");
    assert!(expressions.len() >= 12, "{expressions:?}");
    assert_eq!(expressions.len(), under("- alert: ").len());
    for expression in expressions {
        let labels = pages
            .read(&expression)
            .unwrap_or_else(|error| panic!("{expression}: {error}"));
        assert!(
            labels.contains("asset") || labels.contains("instance"),
            "{expression}: nobody is named"
        );
    }
    let guide = include_str!("../../../../../docs/mining.md");
    assert!(guide.contains("job_name: ergon\n"));
}

#[test]
fn every_metric_has_a_help_and_is_documented() {
    let worker = worker_page();
    let stratum = StratumMetrics::new(4, "x")
        .unwrap()
        .page(&report(vec![row("a", 1)]));
    let pages = format!("{worker}{stratum}");
    let guide = include_str!("../../../../../docs/worker.md");
    for name in names(&pages) {
        assert!(pages.contains(&format!("# HELP {name} ")), "{name}");
        assert!(guide.contains(&format!("`{name}`")), "{name} is not documented");
    }
}
