//! Migrations: the schema, the partitions of each month, the rights of the services' role, and what a restored database
//! needs. `gatewayctl migrate` and the worker's upkeep call it; services never change the schema.

pub(crate) mod after_restore;
pub(crate) mod grants;
pub(crate) mod migrations;
pub(crate) mod migrator;
pub(crate) mod partitions;
