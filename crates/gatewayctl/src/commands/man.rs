//! The manual, made from the command line: one page for the program and one for each command.

use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use serde_json::json;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(folder: Option<&Path>) -> Result<Output, Failure> {
    let pages = pages()?;
    let names: Vec<String> = pages.iter().map(|(name, _)| format!("{name}.1")).collect();
    let Some(folder) = folder else {
        let all: String = pages.into_iter().map(|(_, page)| page).collect();
        let json = json!({"pages": names, "roff": all});
        return Ok(Output::new(all, json));
    };
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    for ((_, page), name) in pages.iter().zip(&names) {
        std::fs::write(folder.join(name), page).map_err(failed)?;
    }
    let human = format!("{} pages in {}", names.len(), folder.display());
    Ok(Output::new(human, json!({"pages": names})))
}

fn pages() -> Result<Vec<(String, String)>, Failure> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut pages = Vec::new();
    add(&root, "gatewayctl", &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, name: &str, pages: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let mut page = Vec::new();
    let titled = command.clone().display_name(name.to_owned());
    Man::new(titled)
        .title(name.to_owned())
        .render(&mut page)
        .map_err(|error| Failure::new(error.to_string()))?;
    pages.push((name.to_owned(), String::from_utf8_lossy(&page).into_owned()));
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
    {
        add(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}
