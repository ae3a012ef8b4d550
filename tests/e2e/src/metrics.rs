// SPDX-License-Identifier: Apache-2.0
//! What a worker says of itself to Prometheus.

use crate::process::tail;
use anyhow::{ensure, Context, Result};
use std::{
    fs,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// A worker that takes longer than this to answer is in trouble.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a worker logs before the address of its metrics, and after it.
const BEFORE: &str = "metrics: http://";
const AFTER: &str = "/metrics";

/// A page of metrics, in Prometheus' text format.
#[derive(Clone, Debug)]
pub struct Page(String);

impl Page {
    /// The value of the one series of this name that has these labels among its own.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64> {
        let wanted: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        let mut found = self
            .0
            .lines()
            .filter(|line| line.split(['{', ' ']).next() == Some(name))
            .filter(|line| wanted.iter().all(|label| line.contains(label)));
        let series = found
            .next()
            .with_context(|| format!("there is no series {name} {labels:?} in:\n{}", self.0))?;
        ensure!(
            found.next().is_none(),
            "there are several series {name} {labels:?}"
        );
        let value = series.rsplit(' ').next().unwrap_or_default();
        value.parse().with_context(|| series.to_owned())
    }

    /// # Errors
    /// The series is anything but `wanted`.
    pub fn is(&self, name: &str, labels: &[(&str, &str)], wanted: u128) -> Result<()> {
        let found = self.value(name, labels)?;
        // A float of a whole number is shown as such.
        ensure!(
            found.to_string() == wanted.to_string(),
            "{name} {labels:?} is {found}, not {wanted}"
        );
        Ok(())
    }

    /// # Errors
    /// The series is less than `least`.
    pub fn at_least(&self, name: &str, labels: &[(&str, &str)], least: f64) -> Result<()> {
        let found = self.value(name, labels)?;
        ensure!(found >= least, "{name} {labels:?} is {found}, less than {least}");
        Ok(())
    }
}

/// The address that the program with this log serves its metrics at, if it has said so. Of several lives in one log, the last one's.
fn address(log: &Path) -> Option<SocketAddr> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let (_, after) = text.rsplit_once(BEFORE)?;
    after.split_once(AFTER)?.0.parse().ok()
}

/// Asks the program with this log for its metrics.
///
/// # Errors
/// It serves none, or answers anything but a page.
pub async fn scrape(log: &Path) -> Result<Page> {
    let address = address(log).with_context(|| format!("no metrics are served. {}", tail(log)))?;
    let answer = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = timeout(PATIENCE, answer)
        .await
        .with_context(|| format!("{address} did not answer within {PATIENCE:?}"))??;
    let (head, page) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    ensure!(
        head.starts_with("HTTP/1.1 200")
            && head
                .to_lowercase()
                .contains("content-type: text/plain; version=0.0.4"),
        "{address} answered {head}"
    );
    Ok(Page(page.to_owned()))
}

/// Asks again and again until the page is as it should be: a worker sees a block a moment later than others.
///
/// # Errors
/// It is not within `limit`: with what was wrong last.
pub async fn until(log: &Path, limit: Duration, wanted: impl Fn(&Page) -> Result<()>) -> Result<Page> {
    let deadline = Instant::now() + limit;
    loop {
        let judged = scrape(log).await.and_then(|page| wanted(&page).map(|()| page));
        if judged.is_ok() || Instant::now() >= deadline {
            return judged;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    const PAGE: &str = "# HELP a_b x\n# TYPE a_b counter\na_b{asset=\"7\",task=\"x\"} 2\na_b{asset=\"7\",task=\"y\"} 3.5\na_b_c 1\n";

    /// Answers as many questions as there are answers, and gives the log of a program that does.
    async fn serve(folder: &Path, answers: Vec<String>) -> std::path::PathBuf {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = folder.join("run.log");
        fs::write(
            &log,
            format!("INFO {BEFORE}127.0.0.1:1{AFTER}\nINFO {BEFORE}{address}{AFTER}\nINFO ready\n"),
        )
        .unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        log
    }

    fn ok(page: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n{page}")
    }

    #[tokio::test]
    async fn the_last_life_s_page_is_read_series_by_series() {
        let folder = tempfile::tempdir().unwrap();
        let log = serve(folder.path(), vec![ok(PAGE)]).await;
        let page = scrape(&log).await.unwrap();
        assert_eq!(page.value("a_b", &[("task", "y")]).unwrap(), 3.5);
        assert_eq!(page.value("a_b_c", &[]).unwrap(), 1.0);
        assert!(page
            .value("a_b", &[])
            .unwrap_err()
            .to_string()
            .contains("several"));
        assert!(page.value("a_b", &[("task", "z")]).is_err());
        assert!(page.value("a", &[]).is_err());
        assert!(page.is("a_b", &[("task", "x")], 2).is_ok() && page.is("a_b", &[("task", "x")], 3).is_err());
        assert!(page.is("a_b", &[("task", "y")], 3).is_err());
        assert!(page.at_least("a_b_c", &[], 1.0).is_ok() && page.at_least("a_b_c", &[], 1.5).is_err());
    }

    #[tokio::test]
    async fn what_is_no_page_is_an_error_and_is_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let silent = folder.path().join("silent.log");
        let error = scrape(&silent).await.unwrap_err().to_string();
        assert!(error.contains("no metrics are served"), "{error}");

        let refused = "HTTP/1.1 404 Not Found\r\n\r\n".to_owned();
        let log = serve(
            folder.path(),
            vec![refused.clone(), refused, ok("a 1\n"), ok(PAGE)],
        )
        .await;
        assert!(scrape(&log).await.unwrap_err().to_string().contains("404"));
        let wanted = |page: &Page| page.value("a_b_c", &[]).map(|_| ());
        until(&log, Duration::from_secs(60), wanted).await.unwrap();
        let never = until(&log, Duration::ZERO, wanted).await;
        assert!(never.is_err(), "nobody answers any more");
    }
}
