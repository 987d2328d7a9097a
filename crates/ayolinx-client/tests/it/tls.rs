//! TLS: a failed handshake is not sent, what breaks after it is unknown, and h2 is never offered (T13).

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel as pipe};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ayolinx_client::{Alarm, AyolinxClient, CreateOutcome, NotSentReason, Outcome, TokenCache};
use rustls::server::Acceptor;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::bodies::{channel, request};
use crate::stub::{answer, read_request, settings, token_body};

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("../tls/cert.pem")).unwrap()
}

fn server_config() -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../tls/key.pem")).unwrap();
    let builder = ServerConfig::builder().with_no_client_auth();
    let mut config = builder.with_single_cert(vec![certificate()], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

fn trusting() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Serves connections one after the other; its address over `localhost`.
fn serve(mut handler: impl FnMut(TcpStream) + Send + 'static) -> String {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            handler(stream.unwrap());
        }
    });
    format!("https://localhost:{port}")
}

async fn create(url: &str, tls: Option<ClientConfig>) -> CreateOutcome {
    let (settings, tokens) = (settings(url), TokenCache::in_process());
    let client = match tls {
        Some(tls) => AyolinxClient::with_tls(settings, tokens, tls),
        None => AyolinxClient::new(settings, tokens).unwrap(),
    };
    let channel = channel("BNC_QRIS");
    client.create(&request(&channel)).await
}

fn tls_failed<T>() -> Outcome<T> {
    Outcome::NotSent {
        reason: NotSentReason::Tls,
        alarm: Alarm::Quiet,
    }
}

#[actix_rt::test]
async fn a_handshake_that_fails_is_not_sent() {
    let plain = serve(|mut stream| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")));
    assert_eq!(create(&plain, None).await, tls_failed());
    let closing = serve(drop);
    assert_eq!(create(&closing, None).await, tls_failed());
    let resetting = serve(|stream| {
        socket2::SockRef::from(&stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    });
    assert_eq!(create(&resetting, None).await, tls_failed());
}

#[actix_rt::test]
async fn a_certificate_nobody_vouches_for_is_not_sent_to() {
    let url = serve(|stream| {
        let connection = ServerConnection::new(server_config()).unwrap();
        drop(read_request(StreamOwned::new(connection, stream)));
    });
    assert_eq!(create(&url, None).await, tls_failed());
}

#[actix_rt::test]
async fn what_breaks_after_the_handshake_is_unknown_and_h2_is_never_offered() {
    let (offers, offered): (_, Receiver<Vec<Vec<u8>>>) = pipe();
    let calls = Arc::new(Mutex::new(0_u32));
    let counted = Arc::clone(&calls);
    let url = serve(move |stream| {
        let mut acceptor = Acceptor::default();
        let mut raw = stream.try_clone().unwrap();
        let accepted = loop {
            acceptor.read_tls(&mut raw).unwrap();
            if let Some(accepted) = acceptor.accept().map_err(|(error, _)| error).unwrap() {
                break accepted;
            }
        };
        let alpn = accepted.client_hello().alpn();
        let alpn = alpn
            .map(|names| names.map(<[u8]>::to_vec).collect())
            .unwrap_or_default();
        offers.send(alpn).unwrap();
        let connection = accepted
            .into_connection(server_config())
            .map_err(|(e, _)| e)
            .unwrap();
        let mut tls = StreamOwned::new(connection, stream);
        let asked = read_request(&mut tls).unwrap();
        if asked.path.ends_with("access-token/b2b") {
            tls.write_all(&answer(200, "", &token_body(1))).unwrap();
            tls.conn.send_close_notify();
            tls.flush().unwrap();
        } else {
            *counted.lock().unwrap() += 1;
            socket2::SockRef::from(&tls.sock)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
    });
    assert_eq!(create(&url, Some(trusting())).await.name(), "unknown");
    assert_eq!(*calls.lock().unwrap(), 1);
    let offers: Vec<_> = offered.try_iter().collect();
    assert_eq!(offers, vec![vec![b"http/1.1".to_vec()]; 2]);
}
