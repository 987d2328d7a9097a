//! The HTTP client of the exporter. The exporter runs on a plain thread, the client belongs to an
//! actix runtime; a queue lies between them.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use awc::{Client, Connector, http::Method};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// The longest time for one batch to be accepted.
pub(super) const EXPORT_WITHIN: Duration = Duration::from_secs(5);
const REPLY_MAX: usize = 64 * 1024;
const QUEUED_MAX: usize = 16;

type Answer = Result<Response<Bytes>, String>;

struct Job {
    request: Request<Bytes>,
    answer: oneshot::Sender<Answer>,
}

pub(super) struct CollectorClient {
    jobs: mpsc::Sender<Job>,
}

impl fmt::Debug for CollectorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CollectorClient")
    }
}

impl CollectorClient {
    /// Starts the client's thread, which ends with this value.
    pub(super) fn start() -> Self {
        let (jobs, queue) = mpsc::channel(QUEUED_MAX);
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(work_off(queue));
        });
        Self { jobs }
    }
}

impl HttpClient for CollectorClient {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let queued = self.jobs.try_send(Job { request, answer });
            queued.map_err(|_full| "the collector is too slow")?;
            Ok(answered.await??)
        })
    }
}

async fn work_off(mut queue: mpsc::Receiver<Job>) {
    let client = match client() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "traces cannot be sent"),
    };
    while let Some(Job { request, answer }) = queue.recv().await {
        let exchanged = timeout(EXPORT_WITHIN, exchange(&client, request)).await;
        let outcome = exchanged.unwrap_or_else(|_elapsed| Err("no answer in time".to_owned()));
        // Nobody waits any more when the exporter has given up.
        answer.send(outcome).ok();
    }
}

/// Creates the client without h2, which awc brings in a version that is no longer maintained.
fn client() -> Result<Client, rustls::Error> {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let mut tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connector = Connector::new().rustls_0_23(Arc::new(tls));
    Ok(Client::builder()
        .connector(connector)
        .disable_redirects()
        .finish())
}

async fn exchange(client: &Client, request: Request<Bytes>) -> Answer {
    let (head, body) = request.into_parts();
    let mut sending = client.request(Method::POST, head.uri.to_string());
    for (name, value) in &head.headers {
        sending = sending.append_header((name.as_str(), value.as_bytes()));
    }
    let mut reply = sending
        .send_body(body)
        .await
        .map_err(|error| error.to_string())?;
    let status = reply.status().as_u16();
    let body = reply.body().limit(REPLY_MAX).await;
    Response::builder()
        .status(status)
        .body(body.unwrap_or_default())
        .map_err(|error| error.to_string())
}
