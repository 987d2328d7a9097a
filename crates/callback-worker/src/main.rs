//! The process `callback-worker`: settings, wiring, run; nothing else.

use callback_worker::app;
use service_shell::leave::leave;
use service_shell::telemetry;
use settings::{Env, WorkerSettings};

#[actix_web::main]
async fn main() {
    let code = run().await;
    leave(code)
}

async fn run() -> u8 {
    // An error means that a provider is installed already, which serves as well.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let settings = match WorkerSettings::from_env(&Env::from_process()) {
        Ok(settings) => settings,
        Err(problems) => return fail(&problems),
    };
    let _flush = telemetry::start(&settings.shared.telemetry);
    settings.warnings.log();
    match app::run(settings).await {
        Ok(()) => 0,
        Err(error) => fail(&error),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the last words of a process that cannot run"
)]
fn fail(why: &dyn std::fmt::Display) -> u8 {
    eprintln!("callback-worker cannot start:\n{why}");
    1
}
