//! Outages: the database, one of its sessions, Redis or a replica is away, and what is promised meanwhile.

mod commit_is_late;
mod database_is_away;
mod process_dies_in_the_call;
mod readiness;
mod redis_is_away;
mod restart_drains;
mod sessions_are_stopped;
