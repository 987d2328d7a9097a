//! The times of pages that are read one after the other, with the slowest.

use std::{net::SocketAddr, time::Instant};

use chaos::{measure::table::quantile, wire::Call};
use devstack::Trouble;

use crate::{
    harness::shop::Shop,
    tools::{
        errors::Wrong,
        figures::{Row, micros, milliseconds},
        http::{Line, quoted_after},
    },
};

/// The longest time of a page, in microseconds (contract 4.3).
const MUST: u64 = 50_000;
const AIM: u64 = 20_000;

/// Pages that were read.
#[derive(Default)]
pub(crate) struct PageTimes {
    micros: Vec<u64>,
    wrong: Wrong,
    slowest: (u64, String),
}

impl PageTimes {
    /// Reads the first pages of a list. The path ends so that the next page's cursor can follow.
    ///
    /// # Errors
    /// Fails when the API is away.
    pub(crate) async fn read(
        &mut self,
        shop: &Shop,
        to: SocketAddr,
        (path, cursor_is): (&str, &str),
        most: usize,
    ) -> Result<(), Trouble> {
        let mut line = Line::to(to);
        let mut next = Some(String::new());
        let mut pages = 0;
        while let Some(cursor) = next.filter(|_| pages < most) {
            let request = shop.look(to, &format!("{path}{cursor}"));
            let began = Instant::now();
            let reply = line.ask(&request).await;
            let reply = reply.map_err(|error| Trouble::new(format!("no page: {error}")))?;
            self.note(path, began, reply.status, 200);
            let cursor = quoted_after(reply.body, b"\"next_cursor\":\"");
            next = cursor.map(|cursor| format!("{cursor_is}{cursor}"));
            pages = pages.saturating_add(1);
        }
        Ok(())
    }

    /// Reads a whole export of the orders that match.
    ///
    /// # Errors
    /// Fails when the API is away.
    pub(crate) async fn export(
        &mut self,
        shop: &Shop,
        to: SocketAddr,
        query: &str,
    ) -> Result<(), Trouble> {
        let call = Call::new(to, "GET", format!("/v1/orders/export?{query}"));
        let call = call.header("Authorization", shop.authorization());
        self.ask(query, &call, 200).await
    }

    /// Sends a request and reads the whole reply, which must have this status.
    ///
    /// # Errors
    /// Fails when nobody answers.
    pub(crate) async fn ask(
        &mut self,
        name: &str,
        call: &Call,
        status: u16,
    ) -> Result<(), Trouble> {
        let began = Instant::now();
        let reply = call.send().await;
        let reply = reply.map_err(|error| Trouble::new(format!("no page {name}: {error}")))?;
        self.note(name, began, reply.status, status);
        Ok(())
    }

    fn note(&mut self, name: &str, began: Instant, status: u16, wanted: u16) {
        let took = micros(began.elapsed());
        if status != wanted {
            self.wrong.add(status);
        }
        if took > self.slowest.0 {
            self.slowest = (took, name.to_owned());
        }
        self.micros.push(took);
    }

    /// Returns the row of these pages.
    pub(crate) fn row(self, name: &str) -> Row {
        self.row_within(name, MUST)
    }

    /// Returns the row of pages that have a bound of their own, in microseconds.
    pub(crate) fn row_within(mut self, name: &str, must: u64) -> Row {
        self.micros.sort_unstable();
        let at = |thousandths| quantile(&self.micros, thousandths).unwrap_or(0);
        Row::at_most(name, at(990), must, AIM)
            .in_milliseconds()
            .measured(format!(
                "{} pages, p50 {}, slowest {} by {:?}",
                self.micros.len(),
                milliseconds(at(500)),
                milliseconds(self.slowest.0),
                self.slowest.1
            ))
            .unless(&self.wrong)
    }
}
