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
    assert!(ask(address, "nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    server.abort();
}

#[test]
fn a_port_alone_means_this_machine_alone() {
    let parse = |text: &str| text.parse::<Address>().map(|address| address.to_string());
    assert_eq!(parse("9464").as_deref(), Ok("127.0.0.1:9464"));
    assert_eq!(parse("0.0.0.0:9464").as_deref(), Ok("0.0.0.0:9464"));
    assert_eq!(parse("[::1]:9464").as_deref(), Ok("[::1]:9464"));
    assert!(parse("everywhere").is_err() && parse("99999").is_err());
}
