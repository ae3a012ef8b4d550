// SPDX-License-Identifier: Apache-2.0
use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_page_is_served_under_its_path_alone_and_to_get_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, Arc::new(|| "a_metric 1\n".into())));
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let page = ask(address, &get("/metrics")).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("text/plain; version=0.0.4") && page.ends_with("a_metric 1\n"));
    assert!(ask(address, &get("/")).await.starts_with("HTTP/1.1 404"));
    let post = "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert!(ask(address, post).await.starts_with("HTTP/1.1 405"));
    // Without a wish to close, too: a connection is for one page.
    let page = ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(page.ends_with("a_metric 1\n"), "{page}");
    assert!(ask(address, "nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    server.abort();
}

#[tokio::test]
async fn scrapers_that_are_slow_hold_no_place_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // More than the buffers of a connection hold.
    let large: Page = Arc::new(|| "a_metric 1\n".repeat(1 << 20));
    let server = tokio::spawn(serve_within(Duration::from_secs(1), listener, large));
    let mut slow = Vec::new();
    for number in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Some never end their request, the others never read the page.
        let request: &[u8] = match number % 2 {
            0 => b"GET /metrics HTTP/1.1\r\nHost:",
            _ => b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        };
        stream.write_all(request).await.unwrap();
        slow.push(stream);
    }
    // A head is shorter than a page: nobody is too slow for it.
    let head = "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = timeout(Duration::from_secs(60), ask(address, head)).await;
    assert!(answer.expect("they make room").starts_with("HTTP/1.1 200"));
    drop(slow);
    server.abort();
}

#[test]
fn who_tells_what_is_watched_does_not_wait_for_a_page() {
    let (teller, watched) = watch::channel(1);
    let told = teller.clone();
    let page = page_of(watched, move |seen: &i32| {
        told.send_replace(seen + 1);
        format!("{seen}")
    });
    // On a thread of its own: with the lock held it would wait for itself for ever.
    let (done, result) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(page()));
    assert_eq!(result.recv_timeout(Duration::from_secs(60)).as_deref(), Ok("1"));
    assert_eq!(*teller.borrow(), 2);
}

#[test]
fn a_port_alone_means_this_machine_alone() {
    let parse = |text: &str| text.parse::<Address>().map(|address| address.to_string());
    assert_eq!(parse("9464").as_deref(), Ok("127.0.0.1:9464"));
    assert_eq!(parse("0.0.0.0:9464").as_deref(), Ok("0.0.0.0:9464"));
    assert_eq!(parse("[::1]:9464").as_deref(), Ok("[::1]:9464"));
    assert!(parse("everywhere").is_err() && parse("99999").is_err());
}
