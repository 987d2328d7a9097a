//! A collector of traces (OTLP over HTTP) that keeps what it gets: the very bytes, and the spans in them.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle};

/// One exported span.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exported {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty where it begins a trace.
    pub(crate) parent: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// The traces that its links lead to.
    pub(crate) links: Vec<String>,
}

impl Exported {
    pub(crate) fn attribute(&self, key: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }
}

type Batches = Mutex<Vec<Vec<u8>>>;

/// The collector. Dropping it closes it.
pub(crate) struct Collector {
    batches: Arc<Batches>,
    port: u16,
    server: ServerHandle,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let batches = Arc::<Batches>::default();
        let shared = Data::from(Arc::clone(&batches));
        let (started, starting) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(shared.clone())
                        .app_data(web::PayloadConfig::new(16 << 20))
                        .route("/v1/traces", web::post().to(keep))
                })
                .workers(1)
                .disable_signals()
                .shutdown_timeout(1)
                .bind((Ipv4Addr::LOCALHOST, 0))
                .unwrap();
                let port = server.addrs()[0].port();
                let running = server.run();
                started.send((port, running.handle())).unwrap();
                running.await.unwrap();
            });
        });
        let (port, server) = starting.recv().unwrap();
        Self {
            batches,
            port,
            server,
        }
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All that came, as it came.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.batches.lock().unwrap().concat()
    }

    pub(crate) fn spans(&self) -> Vec<Exported> {
        let batches = self.batches.lock().unwrap();
        batches.iter().flat_map(|batch| spans_of(batch)).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn keep(body: Bytes, batches: Data<Batches>) -> HttpResponse {
    batches.lock().unwrap().push(body.to_vec());
    HttpResponse::Ok().finish()
}

/// A field of a protobuf message: its number, and its bytes where it has a length.
type Part<'a> = (u64, &'a [u8], u64);

fn parts(mut bytes: &[u8]) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let (content, number): (&[u8], u64) = match key & 7 {
            0 => (&[], varint(&mut bytes)),
            1 => (take(&mut bytes, 8), 0),
            2 => {
                let length = varint(&mut bytes);
                (take(&mut bytes, usize::try_from(length).unwrap()), 0)
            }
            5 => (take(&mut bytes, 4), 0),
            other => panic!("wire type {other}"),
        };
        found.push((key >> 3, content, number));
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

fn each(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    let all = parts(message).into_iter();
    all.filter(move |part| part.0 == number).map(|part| part.1)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn spans_of(batch: &[u8]) -> Vec<Exported> {
    let mut found = Vec::new();
    for of_resource in each(batch, 1) {
        let named = each(of_resource, 1).flat_map(|resource| each(resource, 1));
        let named = named.map(attribute).find(|(key, _)| key == "service.name");
        let service = named.map(|(_, value)| value).unwrap_or_default();
        for span in each(of_resource, 2).flat_map(|scope| each(scope, 2)) {
            found.push(Exported {
                service: service.clone(),
                ..span_of(span)
            });
        }
    }
    found
}

fn span_of(message: &[u8]) -> Exported {
    let mut span = Exported::default();
    for (number, content, _) in parts(message) {
        match number {
            1 => span.trace = hex(content),
            2 => span.id = hex(content),
            4 => span.parent = hex(content),
            5 => span.name = text(content),
            9 => span.attributes.push(attribute(content)),
            13 => span.links.extend(each(content, 1).map(hex)),
            _ => {}
        }
    }
    span
}

fn attribute(message: &[u8]) -> (String, String) {
    let key = each(message, 1).map(text).next().unwrap_or_default();
    let value = each(message, 2).flat_map(parts).next();
    let value = value.map(|(kind, content, number)| match kind {
        1 => text(content),
        _ => number.to_string(),
    });
    (key, value.unwrap_or_default())
}
