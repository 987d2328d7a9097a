//! The addresses at which the provider and payers reach us: the settings, and who answers there.

use std::time::Duration;

use awc::http::Uri;
use ayolinx_core::channels::Environment;
use ayolinx_core::messages::paths;
use http_client::{HttpClient, public_roots};
use settings::{Env, Origin};
use tokio::time::timeout;

use super::Findings;

const URLS: &str = "public URLs";
const PATIENCE: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 64 * 1024;
const SET_IT: &str = "Set it to an https origin without a path, such as https://pay.example.co.id";
const LOOK_OUTSIDE: &str = "Fine if the services are not started yet, or if this machine cannot reach them by their \
                            public names: then ask from elsewhere. Else check DNS, ingress and certificate";

/// One public address of ours.
struct Public {
    variable: &'static str,
    /// The visitors of the address, as the beginning of a sentence's end.
    whom: &'static str,
    /// The path that is asked by GET, which changes nothing.
    path: &'static str,
    is_ours: fn(u16, &[u8]) -> bool,
}

const ALL: [Public; 2] = [
    Public {
        variable: "CALLBACK_PUBLIC_URL",
        whom: "the provider reaches the worker",
        path: paths::NOTIFY_QRIS,
        is_ours: is_worker,
    },
    Public {
        variable: "CHECKOUT_PUBLIC_URL",
        whom: "payers reach the checkout pages",
        path: "/pay/static/icon.svg",
        is_ours: is_checkout,
    },
];

pub(super) async fn public_urls(findings: &mut Findings) {
    let env = Env::from_process();
    let reader = env.reader();
    let base = reader.parsed_with("AYOLINX_BASE_URL", "", Origin::parse);
    let production = base.is_some_and(|url| url.environment() == Environment::Production);
    for public in &ALL {
        let (name, whom) = (public.variable, public.whom);
        let given = reader.parsed_with(name, "", Origin::parse);
        match given {
            None if reader.is_set(name) => {
                findings.fail(URLS, format!("{name} is not an origin"), SET_IT);
            }
            None if production => {
                let text = format!("{name} is not set, and this is production");
                findings.fail(URLS, text, SET_IT);
            }
            None => {
                let text = format!("{name} is not set: {whom} only on this machine");
                findings.warn(URLS, text, SET_IT);
            }
            Some(url) if production && !url.is_https() => {
                let text = format!("{name} is not https, and this is production");
                findings.fail(URLS, text, SET_IT);
            }
            Some(url) if url.is_loopback() => {
                let text = format!("{name} is {url}: {whom} only on this machine");
                findings.warn(URLS, text, SET_IT);
            }
            Some(url) => match answers(&url, public).await {
                Ok(()) => findings.ok(URLS, format!("{name} is {url}: there {whom}")),
                Err(why) => {
                    let text = format!("{name} is {url}; whether {whom} there is not known: {why}");
                    findings.warn(URLS, text, LOOK_OUTSIDE);
                }
            },
        }
    }
}

async fn answers(origin: &Origin, public: &Public) -> Result<(), String> {
    let url = format!("{}{}", origin.as_str().trim_end_matches('/'), public.path);
    let (status, body) = timeout(PATIENCE, ask(&url))
        .await
        .unwrap_or_else(|_elapsed| Err("nobody answers in time".to_owned()))?;
    if (public.is_ours)(status, &body) {
        Ok(())
    } else {
        Err(format!("what answers with HTTP {status} is not ours"))
    }
}

async fn ask(url: &str) -> Result<(u16, Vec<u8>), String> {
    let tls = public_roots().map_err(|error| error.to_string())?;
    let uri: Uri = url.parse().map_err(|_| "it is no URL".to_owned())?;
    let client = HttpClient::to_anywhere(tls, PATIENCE);
    let request = client.get(&uri).map_err(|error| error.to_string())?;
    let mut reply = request.send().await.map_err(|error| error.to_string())?;
    let body = reply.body().limit(BODY_BYTES_MAX).await;
    Ok((
        reply.status().as_u16(),
        body.map_err(|error| error.to_string())?.to_vec(),
    ))
}

/// Returns whether the worker answered: it takes POST only and says so in the provider's JSON.
fn is_worker(status: u16, body: &[u8]) -> bool {
    let says = serde_json::from_slice::<serde_json::Value>(body);
    status == 405 && says.is_ok_and(|says| says.get("responseCode").is_some())
}

fn is_checkout(status: u16, body: &[u8]) -> bool {
    status == 200 && body.starts_with(b"<svg")
}
