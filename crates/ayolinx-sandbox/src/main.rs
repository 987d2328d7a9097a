//! The `ayolinx-sandbox` program: settings from the environment, serve until SIGINT or SIGTERM.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use ayolinx_sandbox::{SandboxSettings, start};
use tokio::signal::unix::{SignalKind, signal};

#[actix_web::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error
                .source()
                .map_or_else(String::new, |cause| format!(": {cause}"));
            // Nowhere is left to report a closed stderr.
            writeln!(io::stderr(), "ayolinx-sandbox: {error}{cause}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_unset| "info,actix_http=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let settings = SandboxSettings::from_env()?;
    if settings.has_development_credentials() {
        tracing::warn!(client_id = %settings.client_id, "built-in development credentials are in use");
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let sandbox = start(settings)?;
    writeln!(
        io::stdout(),
        "ayolinx-sandbox listening on {}",
        sandbox.base_url()
    )?;
    tokio::select! {
        _received = terminate.recv() => {}
        _received = interrupt.recv() => {}
    }
    sandbox.stop();
    Ok(())
}
