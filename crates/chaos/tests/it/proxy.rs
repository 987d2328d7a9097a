//! One echo server, one proxy before it, one fault a test.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use chaos::proxy::{Accept, Flow, Proxy, Rules};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_millis(300);

async fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await.ok();
                to.shutdown().await.ok();
            });
        }
    });
    address
}

async fn proxied() -> Proxy {
    let proxy = Proxy::start(&Handle::current()).unwrap();
    proxy.forward_to(vec![echo_server().await]);
    proxy
}

async fn say(stream: &mut TcpStream, text: &[u8]) -> Result<Vec<u8>, ErrorKind> {
    let exchange = async {
        stream.write_all(text).await?;
        let mut buffer = vec![0_u8; text.len()];
        stream.read_exact(&mut buffer).await?;
        std::io::Result::Ok(buffer)
    };
    match timeout(SOON, exchange).await {
        Ok(result) => result.map_err(|error| error.kind()),
        Err(_) => Err(ErrorKind::TimedOut),
    }
}

async fn connected(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

async fn until_it_passes(proxy: &Proxy) {
    let deadline = Instant::now() + SOON;
    loop {
        if let Ok(mut stream) = TcpStream::connect(proxy.address()).await
            && say(&mut stream, b"ping").await == Ok(b"ping".to_vec())
        {
            return;
        }
        assert!(Instant::now() < deadline, "it never passed again");
    }
}

#[tokio::test]
async fn without_rules_bytes_and_ends_pass() {
    let proxy = proxied().await;
    let mut stream = connected(&proxy).await;
    let text = vec![7_u8; 100_000];
    let (mut from, mut to) = stream.split();
    let sent = async {
        to.write_all(&text).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut got = Vec::new();
    let (_, read) = tokio::join!(sent, from.read_to_end(&mut got));
    assert_eq!((read.unwrap(), got), (text.len(), text));
    assert_eq!(proxy.counters().bites(), 0);
}

#[tokio::test]
async fn refused_is_refused_by_the_kernel_and_the_port_comes_back() {
    let proxy = proxied().await;
    let mut open = connected(&proxy).await;
    say(&mut open, b"x").await.unwrap();
    proxy.set(Rules::accept(Accept::Refuse));
    let deadline = Instant::now() + SOON;
    while TcpStream::connect(proxy.address()).await.is_ok() {
        assert!(Instant::now() < deadline, "somebody still listens");
    }
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(say(&mut open, b"y").await, Err(ErrorKind::ConnectionReset));
    proxy.heal();
    until_it_passes(&proxy).await;
}

#[tokio::test]
async fn reset_ends_old_and_new_connections_by_rst() {
    let proxy = proxied().await;
    let mut open = connected(&proxy).await;
    say(&mut open, b"x").await.unwrap();
    proxy.set(Rules::accept(Accept::Reset));
    let mut new = connected(&proxy).await;
    assert!(say(&mut new, b"y").await.is_err());
    assert_eq!(say(&mut open, b"y").await, Err(ErrorKind::ConnectionReset));
    assert!(proxy.counters().reset.load(Ordering::Relaxed) >= 2);
    proxy.heal();
    until_it_passes(&proxy).await;
}

#[tokio::test]
async fn a_black_hole_says_nothing_and_gives_back_what_it_kept() {
    let proxy = proxied().await;
    let mut stream = connected(&proxy).await;
    proxy.set(Rules::both(Flow::BlackHole));
    stream.write_all(b"late").await.unwrap();
    let mut buffer = [0_u8; 4];
    assert!(timeout(SILENCE, stream.read(&mut buffer)).await.is_err());
    assert!(proxy.counters().black_holed.load(Ordering::Relaxed) > 0);
    proxy.heal();
    timeout(SOON, stream.read_exact(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&buffer, b"late");
}

#[tokio::test]
async fn delay_and_drip_slow_replies_only() {
    let proxy = proxied().await;
    let mut stream = connected(&proxy).await;
    proxy.set(Rules::replies(Flow::Delay(SILENCE)));
    let began = Instant::now();
    say(&mut stream, b"slow").await.unwrap();
    assert!(began.elapsed() >= SILENCE);
    proxy.set(Rules::replies(Flow::Drip(50)));
    let began = Instant::now();
    say(&mut stream, b"twenty five bytes of talk")
        .await
        .unwrap();
    assert!(began.elapsed() >= SILENCE);
    let counters = proxy.counters();
    assert!(counters.delayed.load(Ordering::Relaxed) > 0);
    assert!(counters.dripped.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn a_cut_forwards_exactly_so_many_bytes() {
    let proxy = proxied().await;
    proxy.set(Rules::replies(Flow::CutAt(3)));
    let mut stream = connected(&proxy).await;
    stream.write_all(b"abcdef").await.unwrap();
    let mut got = Vec::new();
    let mut buffer = [0_u8; 16];
    while let Ok(Ok(count)) = timeout(SOON, stream.read(&mut buffer)).await {
        if count == 0 {
            break;
        }
        got.extend_from_slice(&buffer[..count]);
    }
    assert!(b"abc".starts_with(&got[..]), "{got:?}");
    assert_eq!(proxy.counters().cut.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_word_reaches_the_server_and_its_answer_does_not_come_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(&Handle::current()).unwrap();
    proxy.forward_to(vec![listener.local_addr().unwrap()]);
    proxy.set(Rules::requests(Flow::CutAfter(b"COMMIT")));
    let mut client = connected(&proxy).await;
    let (mut server, _) = listener.accept().await.unwrap();
    client.write_all(b"BEGIN").await.unwrap();
    let mut buffer = [0_u8; 6];
    server.read_exact(&mut buffer[..5]).await.unwrap();
    server.write_all(b"ok").await.unwrap();
    client.read_exact(&mut buffer[..2]).await.unwrap();
    client.write_all(b"COMMIT").await.unwrap();
    server.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"COMMIT");
    let answer = timeout(SOON, client.read(&mut buffer)).await.unwrap();
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn connections_go_to_the_next_upstream_when_one_refuses() {
    let proxy = Proxy::start(&Handle::current()).unwrap();
    // No other test is given that port.
    let gone = "127.0.0.1:1".parse().unwrap();
    proxy.forward_to(vec![gone, echo_server().await]);
    for _turn in 0..4 {
        let mut stream = connected(&proxy).await;
        assert_eq!(say(&mut stream, b"hello").await, Ok(b"hello".to_vec()));
    }
}
