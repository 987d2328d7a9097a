//! W3C trace context on the wire: `traceparent` and `tracestate`. A malformed one counts as
//! absent: a caller's mistake there fails no request.

use opentelemetry::{
    SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceState},
};

/// The name of the header and of the stored text.
pub(crate) const TRACE_PARENT: &str = "traceparent";
pub(crate) const TRACE_STATE: &str = "tracestate";
/// The longest `tracestate` that is carried on (the recommendation's least).
const STATE_BYTES_MAX: usize = 512;

/// Parses the caller's span: `version-trace-parent-flags` in lower hex, followed by nothing except
/// what a later version may append.
pub(crate) fn parse(parent: &str, state: Option<&str>) -> Option<SpanContext> {
    let mut parts = parent.split('-');
    let version = hex(parts.next()?, 2)?;
    let trace = TraceId::from(hex(parts.next()?, 32)?);
    let span = SpanId::from(u64::try_from(hex(parts.next()?, 16)?).ok()?);
    let flags = u8::try_from(hex(parts.next()?, 2)?).ok()?;
    let is_known = version != 0xff && (version != 0 || parts.next().is_none());
    let state = state
        .filter(|state| state.len() <= STATE_BYTES_MAX)
        .and_then(|state| state.parse::<TraceState>().ok())
        .unwrap_or_default();
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    let context = SpanContext::new(trace, span, flags, true, state);
    (is_known && context.is_valid()).then_some(context)
}

/// Writes the `traceparent` that names this span.
pub(crate) fn written(context: &SpanContext) -> Option<String> {
    context.is_valid().then(|| {
        let flags = u8::from(context.is_sampled());
        format!(
            "00-{}-{}-{flags:02x}",
            context.trace_id(),
            context.span_id()
        )
    })
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = text.len() == digits && text.bytes().all(is_lower_hex);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_well_formed_parent_is_read_and_written_again() {
        for flags in ["00", "01"] {
            let text = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
            let context = parse(&text, Some("vendor=1,other=2")).unwrap();
            assert_eq!(written(&context).unwrap(), text);
            assert_eq!(context.trace_state().get("other"), Some("2"));
        }
        let later = format!("01-{TRACE}-00f067aa0ba902b7-09-more");
        assert!(parse(&later, None).unwrap().is_sampled());
    }

    #[test]
    fn what_is_malformed_is_as_good_as_absent() {
        for text in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("00-{TRACE}-00f067aa0ba902b7-1"),
            format!("00-{TRACE}-00f067aa0ba902b-01"),
            format!("00-{TRACE}0-00f067aa0ba902b7-01"),
            format!("00-+{}-00f067aa0ba902b7-01", TRACE.get(1..).unwrap()),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!(" 00-{TRACE}-00f067aa0ba902b7-01"),
        ] {
            assert!(parse(&text, None).is_none(), "{text}");
        }
    }

    #[test]
    fn a_state_that_is_malformed_or_too_long_is_left_out_and_the_parent_kept() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let long = format!("a={}", "x".repeat(600));
        for state in ["no pairs", "Upper=1", long.as_str()] {
            let context = parse(&parent, Some(state)).unwrap();
            assert_eq!(context.trace_state().header(), "", "{state}");
        }
    }
}
