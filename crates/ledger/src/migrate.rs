//! Migrations: the schema, the partitions of each month, the rights of the services' role, and what a restored
//! database needs. `gatewayctl migrate` calls it, and the worker's upkeep through `ledger`; it calls the database
//! alone. Invariant: services never change the schema, and a migration gives its locks up rather than hold them up.

pub(crate) mod after_restore;
pub(crate) mod grants;
pub(crate) mod migrations;
pub(crate) mod migrator;
pub(crate) mod partitions;
