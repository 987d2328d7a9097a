//! Adds, lists and disables operators of the console. Only the hash of a password is stored.

use std::io::{self, BufRead as _, IsTerminal as _};

use ayolinx_core::order_view::jakarta_millis;
use ayolinx_core::password::{PASSWORD_CHARS_MIN, PasswordHash};
use ayolinx_core::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{LedgerError, NewOperator, OperatorLine, Urgency};
use serde_json::json;

use super::keys::random;
use crate::cli::operators::{AddOperator, Operators};
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, fields, table};

const NAME_CHARS_MAX: usize = 200;
const EMAIL_BYTES_MAX: usize = 254;
/// Length of a password that is made: 144 bits, 24 characters.
const MADE_BYTES: usize = 18;

pub(crate) async fn run(what: Operators) -> Result<Output, Failure> {
    match what {
        Operators::Add(new) => add(new).await,
        Operators::List => list().await,
        Operators::Disable { email } => disable(email).await,
    }
}

async fn add(new: AddOperator) -> Result<Output, Failure> {
    let email = new.email.trim().to_lowercase();
    check(&email, &new.name)?;
    let settings = connect::settings()?;
    let (password, is_made) = password(&new)?;
    let salt = random()?.first_chunk().copied();
    let salt: [u8; 16] = salt.ok_or_else(|| Failure::new("no random bytes"))?;
    let hash = PasswordHash::new(&password, salt).map_err(|why| Failure::usage(why.to_string()))?;
    let operator = NewOperator {
        email: email.clone(),
        name: new.name,
        role: new.role,
        password_hash: hash.as_str().to_owned(),
    };
    let id = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| tx.add_operator(&operator))
        .await
        .map_err(|error| match error {
            LedgerError::Conflict(_) => Failure::new(format!(
                "there is an operator {email}; to set another password, disable them first"
            )),
            other => other.into(),
        })?;
    let mut rows = vec![
        ("id", id.to_string()),
        ("email", email.clone()),
        ("role", new.role.to_string()),
    ];
    let mut json = json!({"id": id, "email": email, "role": new.role.as_str()});
    if is_made {
        rows.push(("password", password.expose().to_owned()));
        if let Some(fields) = json.as_object_mut() {
            fields.insert("password".to_owned(), password.expose().into());
        }
    }
    Ok(Output::new(fields(&rows), json))
}

fn check(email: &str, name: &str) -> Result<(), Failure> {
    let plain = |text: &str| !text.chars().any(|c| c.is_control());
    let named = email.split_once('@');
    let is_address = named.is_some_and(|(who, place)| !who.is_empty() && !place.is_empty());
    let fits = is_address && email.len() <= EMAIL_BYTES_MAX;
    if !fits || !plain(email) || email.contains(char::is_whitespace) {
        return Err(Failure::usage("--email needs an e-mail address"));
    }
    let length = name.trim().chars().count();
    if length == 0 || length > NAME_CHARS_MAX || !plain(name) {
        return Err(Failure::usage(format!(
            "--name needs 1 to {NAME_CHARS_MAX} characters, none of them a control character"
        )));
    }
    Ok(())
}

/// Returns the password, and whether it was made here.
fn password(new: &AddOperator) -> Result<(Secret, bool), Failure> {
    if new.password_stdin {
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| Failure::new(format!("stdin: {error}")))?;
        let password = line.trim_end_matches(['\n', '\r']);
        return Ok((Secret::new(password), false));
    }
    if new.make_password || !io::stdin().is_terminal() {
        let random = random()?;
        let bytes = random.first_chunk::<MADE_BYTES>();
        let bytes = bytes.ok_or_else(|| Failure::new("no random bytes"))?;
        return Ok((Secret::new(URL_SAFE_NO_PAD.encode(bytes)), true));
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map(Secret::new)
            .map_err(|error| Failure::new(format!("the terminal: {error}")))
    };
    let first = ask(&format!(
        "Password ({PASSWORD_CHARS_MIN} characters at least): "
    ))?;
    let again = ask("The same again: ")?;
    if first.expose() != again.expose() {
        return Err(Failure::usage("the two passwords are not the same"));
    }
    Ok((first, false))
}

async fn list() -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let operators = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(|tx| tx.list_operators())
        .await?;
    let state = |one: &OperatorLine| match one.disabled_at {
        Some(at) => format!("disabled {}", jakarta_millis(at)),
        None => "active".to_owned(),
    };
    let rows: Vec<Vec<String>> = operators
        .iter()
        .map(|one| {
            vec![
                one.email.clone(),
                one.name.clone(),
                one.role.to_string(),
                state(one),
                one.signed_in_at
                    .map_or_else(|| "never".to_owned(), jakarta_millis),
            ]
        })
        .collect();
    let data: Vec<_> = operators
        .iter()
        .map(|one| {
            json!({
                "id": one.id,
                "email": one.email,
                "name": one.name,
                "role": one.role.as_str(),
                "created_at": jakarta_millis(one.created_at),
                "signed_in_at": one.signed_in_at.map(jakarta_millis),
                "disabled_at": one.disabled_at.map(jakarta_millis),
            })
        })
        .collect();
    Ok(Output::new(
        table(&["EMAIL", "NAME", "ROLE", "STATE", "LAST SIGN-IN"], &rows),
        json!({"data": data}),
    ))
}

async fn disable(email: String) -> Result<Output, Failure> {
    let email = email.trim().to_lowercase();
    let wanted = email.clone();
    let settings = connect::settings()?;
    let id = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| tx.disable_operator(&wanted))
        .await
        .map_err(|error| match error {
            LedgerError::NotFound => Failure::new(format!(
                "there is no active operator {email}; `gatewayctl operators list` shows all"
            )),
            other => other.into(),
        })?;
    Ok(Output::new(
        format!("{email} is disabled; every session of theirs has ended"),
        json!({"id": id, "email": email, "disabled": true}),
    ))
}
