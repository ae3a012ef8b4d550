// SPDX-License-Identifier: Apache-2.0
//! The dashboard and the alarms ask for what there is: their expressions are read against the pages.
//!
//! The reader knows as much of Prometheus' language as they use, and refuses the rest.

use super::*;
use std::collections::BTreeMap;

/// What an expression yields.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Number,
    /// A value for each series.
    Vector,
    /// Values over a time, for each series.
    Range,
}

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
                let mut rest = Text(line);
                let labels = pages.metrics.entry(rest.word().to_owned()).or_default();
                rest.eat("{");
                while !rest.0.is_empty() && !rest.0.starts_with(['}', ' ']) {
                    let label = rest.word().to_owned();
                    assert!(rest.eat("="), "{line}");
                    labels.entry(label).or_default().insert(rest.quoted().unwrap());
                    rest.eat(",");
                }
            }
        }
        pages
    }

    /// Reads an expression: the labels of what it yields.
    fn read(&self, expression: &str) -> Result<BTreeSet<String>, String> {
        let mut reader = Reader {
            pages: self,
            text: Text(expression),
            labels: BTreeSet::new(),
        };
        match (reader.expression()?, reader.text.0.trim()) {
            (Kind::Range, _) => Err("a graph of ranges".into()),
            (_, "") => Ok(reader.labels),
            (_, rest) => Err(format!("not understood: {rest}")),
        }
    }
}

/// What is left of a text.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        match self.eat(token) {
            true => Ok(()),
            false => Err(format!("{token} is missing before: {}", self.0)),
        }
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let text = self.0.trim_start();
        let (taken, rest) = text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()));
        self.0 = rest;
        taken
    }

    fn word(&mut self) -> &'a str {
        self.take(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.expect("\"")?;
        let mut text = String::new();
        let mut letters = self.0.chars();
        loop {
            match letters.next() {
                None => return Err("a quote is missing".into()),
                Some('"') => break,
                Some('\\') => text.extend(letters.next()),
                Some(letter) => text.push(letter),
            }
        }
        self.0 = letters.as_str();
        Ok(text)
    }
}

struct Reader<'a> {
    pages: &'a Pages,
    text: Text<'a>,
    /// Those of what was read last.
    labels: BTreeSet<String>,
}

impl Reader<'_> {
    fn expression(&mut self) -> Result<Kind, String> {
        let mut kind = self.operand()?;
        let operators = ["==", "!=", ">=", "<=", ">", "<", "+", "-", "*", "/"];
        while operators.into_iter().any(|operator| self.text.eat(operator)) {
            kind = match (kind, self.operand()?) {
                (Kind::Range, _) | (_, Kind::Range) => return Err("an operation on a range".into()),
                (Kind::Number, Kind::Number) => Kind::Number,
                _ => Kind::Vector,
            };
        }
        Ok(kind)
    }

    /// An expression in brackets that yields what it must.
    fn argument(&mut self, wanted: Kind) -> Result<(), String> {
        match self.expression()? {
            kind if kind == wanted => Ok(()),
            kind => Err(format!("{kind:?} instead of {wanted:?} before: {}", self.text.0)),
        }
    }

    fn operand(&mut self) -> Result<Kind, String> {
        if self.text.eat("(") {
            let kind = self.expression()?;
            self.text.expect(")")?;
            return Ok(kind);
        }
        if self.text.0.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
            let number = self.text.take(|c| c.is_ascii_alphanumeric() || c == '.');
            return match number.parse::<f64>() {
                Ok(_) => Ok(Kind::Number),
                Err(_) => Err(format!("{number} is no number")),
            };
        }
        match self.text.word() {
            "increase" | "rate" => {
                self.text.expect("(")?;
                self.argument(Kind::Range)?;
            }
            "topk" => {
                self.text.expect("(")?;
                self.argument(Kind::Number)?;
                self.text.expect(",")?;
                self.argument(Kind::Vector)?;
            }
            "sum" => {
                let mut by = BTreeSet::new();
                if self.text.eat("by") {
                    self.text.expect("(")?;
                    by.insert(self.text.word().to_owned());
                    while self.text.eat(",") {
                        by.insert(self.text.word().to_owned());
                    }
                    self.text.expect(")")?;
                }
                self.text.expect("(")?;
                self.argument(Kind::Vector)?;
                if let Some(unknown) = by.difference(&self.labels).next() {
                    return Err(format!("there is no label {unknown}"));
                }
                self.labels = by;
            }
            metric => return self.selector(metric),
        }
        self.text.expect(")")?;
        Ok(Kind::Vector)
    }

    fn selector(&mut self, metric: &str) -> Result<Kind, String> {
        let of = self.pages.metrics.get(metric);
        let labels = of.ok_or_else(|| format!("there is no metric '{metric}'"))?;
        self.labels = labels.keys().cloned().collect();
        if self.text.eat("{") {
            loop {
                let label = self.text.word();
                let values = labels
                    .get(label)
                    .ok_or_else(|| format!("{metric} has no label '{label}'"))?;
                let exact = !(self.text.eat("=~") || self.text.eat("!~") || self.text.eat("!="));
                if exact {
                    self.text.expect("=")?;
                }
                let value = self.text.quoted()?;
                if exact && !values.contains(&value) {
                    return Err(format!("{metric} never has {label}=\"{value}\""));
                }
                if !self.text.eat(",") {
                    self.text.expect("}")?;
                    break;
                }
            }
        }
        if !self.text.eat("[") {
            return Ok(Kind::Vector);
        }
        let range = self.text.take(|c| c != ']');
        self.text.expect("]")?;
        let digits = range.trim_end_matches(['s', 'm', 'h', 'd']);
        let is_time = digits.parse::<u32>().is_ok() && range.len() == digits.len() + 1;
        if !is_time && range != "$__range" && range != "$__rate_interval" {
            return Err(format!("'{range}' is no time"));
        }
        match self.pages.counters.contains(metric) {
            true => Ok(Kind::Range),
            false => Err(format!("{metric} is no counter")),
        }
    }
}

/// What Prometheus itself adds, by the job that the guide names.
const UP: &str = "up{job=\"ergon\"} 1\n";

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
        ("ergon_worker_rounds{asset=~\"x}", "quote"),
        ("ergon_worker_rounds{asset=~\"x\"", "} is missing"),
        ("(ergon_worker_rounds", ") is missing"),
        ("ergon_worker_rounds)", "not understood"),
        ("ergon_worker_rounds ==", "no metric ''"),
        ("ergon_worker_rounds_total[5m]", "ranges"),
        ("ergon_worker_rounds_total[5m] > 1", "operation"),
        ("increase(ergon_worker_rounds[5m])", "no counter"),
        ("increase(ergon_worker_rounds_total)", "Vector instead of Range"),
        ("increase(ergon_worker_rounds_total[5 minutes])", "no time"),
        ("rate(ergon_worker_rounds_total[h])", "no time"),
        ("topk(ergon_worker_rounds, 3)", "Vector instead of Number"),
        ("sum by (miner) (ergon_worker_rounds)", "no label miner"),
        ("summ(ergon_worker_rounds)", "no metric 'summ'"),
        ("12x", "no number"),
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
fn the_alarms_ask_for_what_there_is() {
    let pages = pages();
    let guide = include_str!("../../../../../docs/mining.md");
    let alarms: Vec<_> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(expression, _)| expression)
        .filter(|expression| expression.contains("ergon"))
        .collect();
    assert!(alarms.len() >= 8, "{alarms:?}");
    assert!(guide.contains("job_name: ergon\n"));
    for expression in alarms {
        if let Err(error) = pages.read(expression) {
            panic!("{expression}: {error}");
        }
    }
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
