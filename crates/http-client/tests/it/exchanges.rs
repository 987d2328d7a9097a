//! One exchange: what of the response reaches the caller.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use awc::error::SendRequestError;
use awc::http::Uri;
use http_client::{HEADS_BYTES_MAX, HttpClient, UnusableUrl, public_roots};
use rustls::server::Acceptor;

use crate::drawn::{behind_interim, draw};

const ANSWER: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello";

fn client() -> HttpClient {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    HttpClient::to_anywhere(public_roots().unwrap(), Duration::from_secs(5))
}

/// Answers every connection so, once its request is there; its URL.
fn server(answer: impl Fn(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut space = [0; 1024];
            while !request.ends_with(b"ping") {
                let count = stream.read(&mut space).unwrap();
                request.extend_from_slice(&space[..count]);
            }
            answer(&mut stream);
        }
    });
    format!("http://{address}/path?query")
}

async fn ask(url: &str) -> Result<(u16, Vec<u8>), SendRequestError> {
    let request = client().post(&url.parse().unwrap()).unwrap();
    let mut response = request.send_body("ping").await?;
    let body = response.body().await.unwrap();
    Ok((response.status().as_u16(), body.to_vec()))
}

#[actix_rt::test]
async fn interim_responses_are_passed_over_however_they_are_cut() {
    for drawn in draw(behind_interim(ANSWER), 200) {
        let sent = drawn.clone();
        let url = server(move |stream| sent.send(stream));
        assert_eq!(
            ask(&url).await.unwrap(),
            (201, b"hello".to_vec()),
            "{drawn:?}"
        );
    }
}

#[actix_rt::test]
async fn hundreds_of_interim_responses_are_passed_over() {
    let url = server(|stream| {
        for _ in 0..1_000 {
            stream
                .write_all(b"HTTP/1.1 102 Processing\r\n\r\n")
                .unwrap();
        }
        stream.write_all(ANSWER).unwrap();
    });
    assert_eq!(ask(&url).await.unwrap(), (201, b"hello".to_vec()));
}

#[actix_rt::test]
async fn heads_that_do_not_end_are_given_up_at_the_bound() {
    let endless: [&[u8]; 3] = [
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        b"\r\n",
    ];
    for part in endless {
        let (tell, told) = channel();
        let url = server(move |stream| {
            let mut sent = 0_usize;
            while stream.write_all(part).is_ok() {
                sent += part.len();
            }
            tell.send(sent).ok();
        });
        match ask(&url).await {
            Err(SendRequestError::Response(_)) => {}
            other => panic!("{other:?}"),
        }
        // Beyond the bound lies what the kernel's buffers hold.
        let sent = told.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(sent >= HEADS_BYTES_MAX, "{sent}");
    }
}

#[actix_rt::test]
async fn a_body_ends_where_the_head_says_and_else_with_the_connection() {
    for (head, body) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            "hello and more",
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", "hello"),
        ("HTTP/1.0 200 OK\r\n\r\n", "hello"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
        ),
    ] {
        let url = server(move |stream| {
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        });
        assert_eq!(
            ask(&url).await.unwrap(),
            (200, b"hello".to_vec()),
            "{head:?}"
        );
    }
    let many = "X-Header: value\r\n".repeat(3_000);
    let url = server(move |stream| {
        let answer = format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 5\r\n\r\nhello");
        stream.write_all(answer.as_bytes()).unwrap();
    });
    assert_eq!(ask(&url).await.unwrap(), (200, b"hello".to_vec()));
}

#[actix_rt::test]
async fn a_head_that_contradicts_itself_is_refused() {
    let url = server(|stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello";
        stream.write_all(head).unwrap();
    });
    assert!(matches!(
        ask(&url).await,
        Err(SendRequestError::Response(_))
    ));
}

/// The request goes to `https`, and no other protocol is offered than HTTP/1.1.
#[actix_rt::test]
async fn tls_offers_http_1_1_only_and_names_the_host() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let hello = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut acceptor = Acceptor::default();
        loop {
            acceptor.read_tls(&mut stream).unwrap();
            if let Some(accepted) = acceptor.accept().map_err(|(error, _)| error).unwrap() {
                let hello = accepted.client_hello();
                let offered = hello.alpn().unwrap().map(<[u8]>::to_vec);
                let offered: Vec<_> = offered.collect();
                return (hello.server_name().map(str::to_owned), offered);
            }
        }
    });
    let uri: Uri = format!("https://localhost:{port}/x").parse().unwrap();
    let sent = client().post(&uri).unwrap().send_body("ping").await;
    assert!(
        matches!(sent, Err(SendRequestError::Connect(_))),
        "{sent:?}"
    );
    let expected = (Some("localhost".to_owned()), vec![b"http/1.1".to_vec()]);
    assert_eq!(hello.join().unwrap(), expected);
}

#[actix_rt::test]
async fn the_host_header_is_the_urls() {
    let (tell, told) = channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut space = [0; 1024];
        let count = stream.read(&mut space).unwrap();
        tell.send(String::from_utf8_lossy(&space[..count]).into_owned())
            .unwrap();
        stream.write_all(ANSWER).unwrap();
    });
    ask(&format!("http://{address}/a%20b?c=d")).await.unwrap();
    let request = told.recv().unwrap().to_ascii_lowercase();
    assert!(
        request.starts_with("post /a%20b?c=d http/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("\r\nhost: {address}\r\n")),
        "{request}"
    );
    assert!(request.contains("\r\nconnection: close\r\n"), "{request}");
}

#[test]
fn only_absolute_http_urls_can_be_sent_to() {
    for text in [
        "/path",
        "localhost:80",
        "ftp://localhost/",
        "ws://localhost/",
    ] {
        assert_eq!(
            client().post(&text.parse().unwrap()).err(),
            Some(UnusableUrl),
            "{text}"
        );
    }
}
