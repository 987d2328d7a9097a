//! Settings of a provider account, a provider that is not there, and one of a few lines.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;

use crate::rig::{Ctl, TestKey};

/// A provider account whose provider does not answer.
pub(crate) fn away(ctl: Ctl) -> Ctl {
    at(ctl, "http://127.0.0.1:1")
}

/// A provider account at an address.
pub(crate) fn at(ctl: Ctl, base_url: &str) -> Ctl {
    let private: PathBuf = TestKey::shared().private.clone();
    ctl.with("AYOLINX_BASE_URL", base_url)
        .with("AYOLINX_CLIENT_ID", "CK-1")
        .with("AYOLINX_CLIENT_SECRET", "SK-1")
        .with("AYOLINX_PRIVATE_KEY_FILE", private.to_str().unwrap())
}

/// A provider that answers each request by its path; returns its address.
pub(crate) fn saying(reply: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let path = path_asked(&mut stream);
            stream.write_all(reply(&path).as_bytes()).unwrap();
        }
    });
    url
}

/// Reads one request to its end, which is the end of a JSON object.
fn path_asked(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.ends_with(b"}") {
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "the request broke off");
        request.extend_from_slice(&buffer[..read]);
    }
    let text = String::from_utf8(request).unwrap();
    text.split(' ').nth(1).unwrap().to_owned()
}

/// An HTTP reply with a body and the provider's time.
pub(crate) fn reply(status: &str, date: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
