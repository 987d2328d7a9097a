//! The monthly tables: shows them, and makes and drops them when asked to.

use ledger::{PartitionLine, Retention, Upkeep, Urgency};
use serde_json::{Value, json};
use settings::CtlSettings;

use crate::cli::Partitions;
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, table};

pub(crate) async fn run(asked: &Partitions) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let books = connect::patient_books(&settings)?;
    let mut done = None;
    if asked.apply {
        done = Some(books.keep_partitions(retention(&settings)).await?);
    }
    let lines = books
        .at(Urgency::Write)
        .transact(|tx| tx.partitions())
        .await?;
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    let mut human = done.as_ref().map(told).unwrap_or_default();
    human.push_str(&table(&["PARTITION", "MONTH", "ROWS", "SIZE"], &rows));
    let mut json = json!({"data": lines.iter().map(as_json).collect::<Vec<_>>()});
    if let (Some(done), Some(members)) = (&done, json.as_object_mut()) {
        members.insert("made".to_owned(), json!(done.made));
        members.insert("dropped".to_owned(), json!(done.dropped));
        let held = done.held.iter();
        let held: Vec<_> = held
            .map(|one| json!({"partition": one.name, "due": one.due}))
            .collect();
        members.insert("held".to_owned(), json!(held));
    }
    Ok(Output::new(human, json))
}

fn retention(settings: &CtlSettings) -> Retention {
    let kept = settings.retention;
    Retention {
        history: kept.history_months,
        inbox: kept.inbox_months,
        outbox: kept.outbox_months,
        payers: kept.payer_months,
        creation_days: kept.creation_days,
    }
}

fn told(done: &Upkeep) -> String {
    let made = done.made.iter().map(|name| format!("made {name}\n"));
    let dropped = done.dropped.iter().map(|name| format!("dropped {name}\n"));
    let held = done.held.iter().map(|one| {
        let (name, due) = (&one.name, one.due);
        format!("kept {name} beyond its time: deliveries of its month that are still to be made: {due}\n")
    });
    let all: String = made.chain(dropped).chain(held).collect();
    if all.is_empty() {
        return "nothing to make or drop\n\n".to_owned();
    }
    format!("{all}\n")
}

fn row(line: &PartitionLine) -> Vec<String> {
    let month = line.month.map(|month| month.format("%Y-%m").to_string());
    let rows = line.row_count.map(|rows| rows.to_string());
    vec![
        line.name.clone(),
        month.unwrap_or_else(|| "any other".to_owned()),
        rows.unwrap_or_else(|| "?".to_owned()),
        size(line.bytes),
    ]
}

fn size(bytes: i64) -> String {
    const STEP: i64 = 1024;
    let units = ["B", "KiB", "MiB", "GiB"];
    let (mut left, mut unit) = (bytes, "B");
    for next in units {
        unit = next;
        if left < 10 * STEP {
            break;
        }
        left = if next == "GiB" { left } else { left / STEP };
    }
    format!("{left} {unit}")
}

fn as_json(line: &PartitionLine) -> Value {
    json!({
        "family": line.family,
        "table": line.parent,
        "name": line.name,
        "month": line.month.map(|month| month.format("%Y-%m").to_string()),
        "rows": line.row_count,
        "bytes": line.bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(81_920), "80 KiB");
        assert_eq!(size(50 * 1024 * 1024), "50 MiB");
        assert_eq!(size(5000 * 1024 * 1024 * 1024), "5000 GiB");
    }
}
