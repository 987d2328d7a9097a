//! `devstack`: brings up the gateway's stack on one machine.

use std::{ffi::OsString, process::ExitCode};

use devstack::{Trouble, demo, hold, run, with_services};

const USAGE: &str =
    "usage: devstack run | demo | stack [NAME=VALUE ...] | with-services -- COMMAND [ARGUMENTS]";

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match dispatch(&arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(trouble) => {
            complain(&trouble);
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(arguments: &[OsString]) -> Result<u8, Trouble> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    match words.as_slice() {
        ["run"] => run().await.map(|()| 0),
        ["demo"] => demo().await.map(|()| 0),
        ["stack", settings @ ..] => hold(settings).await.map(|()| 0),
        ["with-services", "--", ..] => with_services(arguments.get(2..).unwrap_or_default()).await,
        _ => Err(Trouble::new(USAGE)),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a command line tool says what is wrong"
)]
fn complain(trouble: &Trouble) {
    eprintln!("devstack: {trouble}");
}
