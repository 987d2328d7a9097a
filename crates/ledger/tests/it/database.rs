//! The database: its schema and migrations, partitions, query plans, what the services' role may do, and what happens
//! when it or one of its sessions is away.

mod migration_rules;
mod migrations;
mod partitions;
mod query_plans;
mod standby_away;
mod statement_rules;
mod storage_away;
mod stuck_sessions;
mod tenant_isolation;
mod triggers;
