// SPDX-License-Identifier: Apache-2.0
//! `GET /metrics`, and nothing else.

#[cfg(test)]
mod tests;

use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    header::{HeaderValue, ALLOW, CONTENT_TYPE},
    server::conn::http1,
    service::service_fn,
    Method, Request, Response, StatusCode,
};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, fmt, net::SocketAddr, str::FromStr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{watch, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};

/// Connections at once: a scraper needs one.
const CONNECTIONS: usize = 16;
/// How long a connection may take, from the first byte of its request to the last one of the page: whoever is slower makes room for others.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where metrics are served: a port on this machine alone, or an address with its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub SocketAddr);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<u16>() {
            Ok(port) => Ok(Self(([127, 0, 0, 1], port).into())),
            Err(_) => text
                .parse()
                .map(Self)
                .map_err(|_| "a port, or ADDRESS:PORT, such as 9464 or 127.0.0.1:9464".into()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Makes the page that is served, each time anew.
pub type Page = Arc<dyn Fn() -> String + Send + Sync>;

/// A page of what is watched, as it is when the page is asked for. It is copied first: whoever tells what is watched does not wait for the page.
pub fn page_of<T: Clone + Send + Sync + 'static>(
    watched: watch::Receiver<T>,
    make: impl Fn(&T) -> String + Send + Sync + 'static,
) -> Page {
    Arc::new(move || {
        let seen = watched.borrow().clone();
        make(&seen)
    })
}

/// Serves until it is dropped: one page a connection.
pub async fn serve(listener: TcpListener, page: Page) {
    serve_within(PATIENCE, listener, page).await;
}

async fn serve_within(patience: Duration, listener: TcpListener, page: Page) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = room.clone().acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!("a scraper could not be let in: {error}");
                sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let page = page.clone();
        connections.spawn(async move {
            let _place = place;
            let service = service_fn(move |request| {
                let response = answer(&request, &page);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // A scraper that leaves in the middle has its reasons.
            drop(timeout(patience, connection).await);
        });
        while connections.try_join_next().is_some() {}
    }
}

fn answer(request: &Request<Incoming>, page: &Page) -> Response<Full<Bytes>> {
    let text = |status, body: String| {
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(prometheus::TEXT_FORMAT));
        response
    };
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => text(StatusCode::OK, page()),
        (&Method::GET | &Method::HEAD, _) => text(StatusCode::NOT_FOUND, "see /metrics\n".into()),
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "GET alone\n".into());
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
    }
}
