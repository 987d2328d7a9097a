//! The first live tests of the provider's contradictions (protocol 10), as a guided run: the question, the
//! observation, the reading that holds, the setting to change. Exit codes: 0 all decided and right, 1 something
//! must change, 2 something is not decided.
//! `commands` calls it; each chapter is a file, adds its findings to the report of the `run`, and calls `provider_http`.
//! Invariant: each transaction is opened once, small, and cancelled or left to expire.

mod callback_bodies;
mod callback_follower;
mod callback_listener;
mod callback_signature;
mod callbacks;
mod calls;
mod cleanup;
mod inquiry;
mod opened_transaction;
mod provider_behaviour;
mod provider_http;
mod redelivery_checks;
mod report;
mod response_checks;
mod run;
mod sandbox_control;
mod tokens;
mod transactions;

use std::net::SocketAddr;

use ayolinx_core::channels::Environment;
use settings::{CtlSettings, Env, Origin};

use self::callback_listener::{Inbox, Listening};
use self::provider_http::{Provider, now};
use self::report::{Report, on};
use self::run::Run;
use crate::cli::live_check::LiveCheck;
use crate::connect;
use crate::failure::Failure;
use crate::output::Output;
use crate::signatures::{KeySource, read_keys};
use crate::terminal::say;

pub(crate) async fn run(asked: LiveCheck) -> Result<Output, Failure> {
    let mut run = begin(&asked)?;
    let inbox = Inbox::default();
    let listening = match asked.listen {
        Some(address) => Some(listen(
            &mut run,
            &inbox,
            address,
            asked.public_url.as_deref(),
        )?),
        None => None,
    };
    let following = match asked.stored {
        true => Some(follow(&mut run, &inbox)?),
        false => None,
    };
    let checked = check(&mut run, &inbox, &asked).await;
    if let Some(listening) = listening {
        listening.stop().await;
    }
    if let Some(following) = following {
        following.abort();
    }
    if let Err(failure) = checked {
        if run.report.findings.is_empty() {
            return Err(failure);
        }
        say(&format!("it ends early: {failure}"));
        run.report.add(
            on("0", "the run", "everything else")
                .seen(failure.to_string())
                .open("it could not go on"),
        );
    }
    finish(&run, &asked)
}

fn begin(asked: &LiveCheck) -> Result<Run, Failure> {
    let settings = connect::settings()?;
    let account = settings.provider()?;
    let is_production = account.base_url.environment() == Environment::Production;
    if is_production && !asked.i_know_this_is_production {
        return Err(Failure::usage(
            "AYOLINX_BASE_URL is production. Run this against the provider's sandbox first; against \
             production only with --i-know-this-is-production: it opens real transactions",
        ));
    }
    let source = KeySource::default();
    Ok(Run {
        provider: Provider::new(account)?,
        keys: read_keys(&source, false)?,
        channels: settings.shared.channels.clone(),
        report: Report {
            provider: account.base_url.as_str().to_owned(),
            at: now(),
            findings: Vec::new(),
        },
        public: None,
        style: account.json_style,
        is_strict: false,
        first_code: String::new(),
        made: Vec::new(),
        is_stored: false,
    })
}

/// Reads the callbacks that the running worker receives and stores.
fn follow(run: &mut Run, inbox: &Inbox) -> Result<actix_rt::task::JoinHandle<()>, Failure> {
    let env = Env::from_process();
    let given = env.reader().optional("CALLBACK_PUBLIC_URL");
    let origin = given.as_deref().and_then(Origin::parse).ok_or_else(|| {
        Failure::usage("--stored needs CALLBACK_PUBLIC_URL, the origin of the running worker")
    })?;
    let settings = CtlSettings::from_env(&env)?;
    let books = connect::books(&settings)?;
    run.step(&format!(
        "reads the callbacks that the worker at {origin} stores"
    ));
    run.public = Some(origin);
    run.is_stored = true;
    Ok(callback_follower::follow(books, inbox.clone()))
}

fn listen(
    run: &mut Run,
    inbox: &Inbox,
    address: SocketAddr,
    public_url: Option<&str>,
) -> Result<Listening, Failure> {
    let listening = inbox.listen(address)?;
    let env = Env::from_process();
    let own = format!("http://{}", listening.address);
    let is_near = listening.address.ip().is_loopback() && sandbox_control::is_stand_in(run);
    let given = public_url
        .map(str::to_owned)
        .or_else(|| env.reader().optional("CALLBACK_PUBLIC_URL"))
        .or_else(|| is_near.then_some(own));
    let given = given.ok_or_else(|| {
        Failure::usage("--listen needs --public-url, or CALLBACK_PUBLIC_URL, that leads to it")
    })?;
    run.public = Some(Origin::parse(&given).ok_or_else(|| {
        Failure::usage(format!(
            "{given}: not an origin such as https://pay.example.co.id"
        ))
    })?);
    run.step(&format!(
        "listens on {} for callbacks to {given}",
        listening.address
    ));
    Ok(listening)
}

async fn check(run: &mut Run, inbox: &Inbox, asked: &LiveCheck) -> Result<(), Failure> {
    let first = tokens::first(run).await?;
    calls::baseline(run).await?;
    calls::body_spelling(run).await;
    calls::timestamps(run).await;
    calls::external_ids(run).await;
    calls::headers(run).await;
    provider_behaviour::blanks_in_strings(run).await;
    provider_behaviour::channel_id(run).await;
    provider_behaviour::unknown_account(run).await;
    tokens::second(run, &first).await;
    transactions::open_all(run, asked.expire_after).await;
    response_checks::inquiries(run).await;
    if run.public.is_some() {
        callbacks::check(run, inbox, (asked.wait, asked.repeat_wait)).await;
    } else {
        run.report.add(
            on(
                "1, 2, 4 to 8, 14, 19 to 23, 31, 32, 38, 42",
                "callbacks",
                "nothing",
            )
            .open(
                "nothing listens: run it with --listen ADDR, with the public URL leading there, or \
                 with --stored beside a running worker",
            ),
        );
    }
    tokens::renew(run).await;
    cleanup::expired(run).await;
    cleanup::cancel_all(run).await;
    cleanup::duplicate(run).await;
    tokens::end(run, &first).await;
    run.report
        .add(on("40", "refunds", "nothing").not_asked("the provider has no such call"));
    Ok(())
}

fn finish(run: &Run, asked: &LiveCheck) -> Result<Output, Failure> {
    if let Some(path) = &asked.report {
        std::fs::write(path, run.report.markdown())
            .map_err(|error| Failure::new(format!("--report {}: {error}", path.display())))?;
        say(&format!("the report is in {}", path.display()));
    }
    let output = Output::new(run.report.text(), run.report.json());
    Ok(output.with_code(run.report.exit_code()))
}
