//! The build that runs, as a metric that is always 1.

use prometheus::{IntGaugeVec, Opts, Registry};

/// The commit of the build, if the builder named it.
const REVISION: &str = match option_env!("BUILD_REVISION") {
    Some(revision) if !revision.is_empty() => revision,
    _ => "unknown",
};

/// Registers `gateway_build_info{service,version,revision}`.
///
/// # Errors
/// Returns an error when the registry has it already.
pub fn register(
    registry: &Registry,
    service: &str,
    version: &str,
) -> Result<(), prometheus::Error> {
    let info = IntGaugeVec::new(
        Opts::new("gateway_build_info", "Which build runs; always 1."),
        &["service", "version", "revision"],
    )?;
    info.with_label_values(&[service, version, REVISION]).set(1);
    registry.register(Box::new(info))
}
