//! Indexes of tables with partitions, made beside writers: PostgreSQL makes none concurrently on such a
//! table, only on each partition. A migration says `CREATE INDEX … ON ONLY`, which reads no row; here the
//! index of each partition that was there before is made, and joined to that of the table.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Migrator;
use crate::error::LedgerError;

/// A partition without its part of an index of the whole table.
#[derive(QueryableByName)]
struct Missing {
    /// The index of the whole table.
    #[diesel(sql_type = Text)]
    whole: String,
    /// The name that the partition's part gets.
    #[diesel(sql_type = Text)]
    part: String,
    /// The partition.
    #[diesel(sql_type = Text)]
    partition: String,
    /// The columns, as PostgreSQL writes them.
    #[diesel(sql_type = Text)]
    columns: String,
}

impl Migrator<'_> {
    /// Makes the missing parts of the indexes of tables with partitions. What a try before this one made
    /// is kept, what it left half made is made anew.
    pub(crate) fn complete_partitioned_indexes(&mut self) -> Result<(), LedgerError> {
        for missing in self.missing_parts()? {
            (self.told)(&format!("index {} of {}", missing.whole, missing.partition));
            self.with_patience(&missing.part, |migrator| migrator.complete(&missing))?;
        }
        Ok(())
    }

    fn complete(&mut self, missing: &Missing) -> Result<(), LedgerError> {
        let Missing {
            whole,
            part,
            partition,
            columns,
        } = missing;
        self.drop_half_made_indexes()?;
        self.connection.batch_execute(&format!(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS {part} ON {partition} {columns}"
        ))?;
        self.connection
            .batch_execute(&format!("ALTER INDEX {whole} ATTACH PARTITION {part}"))?;
        Ok(())
    }

    fn missing_parts(&mut self) -> Result<Vec<Missing>, LedgerError> {
        Ok(diesel::sql_query(
            "SELECT i.indexrelid::regclass::text AS whole, \
                 quote_ident(part.name) AS part, \
                 t.inhrelid::regclass::text AS partition, \
                 substring(pg_get_indexdef(i.indexrelid) FROM ' (USING .*)$') AS columns \
             FROM pg_index i \
             JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'I' \
             JOIN pg_inherits t ON t.inhparent = i.indrelid \
             JOIN pg_class p ON p.oid = t.inhrelid \
             CROSS JOIN LATERAL (SELECT left(p.relname || '_' || c.relname, 63) AS name) part \
             WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace \
               AND NOT EXISTS (SELECT FROM pg_inherits a JOIN pg_index own ON own.indexrelid = a.inhrelid \
                               WHERE a.inhparent = i.indexrelid AND own.indrelid = t.inhrelid) \
             ORDER BY c.relname, p.relname",
        )
        .load(self.connection)?)
    }
}
