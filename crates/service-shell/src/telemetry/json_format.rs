//! One JSON object a line: when, how bad, where in the program, what, the fields of the event, and to
//! which request and trace it belongs. Fields of spans are not in it, so that nothing gets into a line
//! but what the line itself names.

use std::fmt;

use opentelemetry::{SpanId, TraceId, trace::SpanContext};
use serde::{
    Serialize,
    ser::{SerializeMap, Serializer as _},
};
use tracing::{
    Event, Span, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Registry,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// The data that each line under a span shows beside its own fields.
#[derive(Debug, Clone)]
pub(super) struct LineContext {
    pub(super) request_id: Option<String>,
    pub(super) trace: Option<(TraceId, SpanId)>,
}

impl LineContext {
    pub(super) fn new(request_id: Option<&str>, context: &SpanContext) -> Self {
        let ids = (context.trace_id(), context.span_id());
        Self {
            request_id: request_id.map(str::to_owned),
            trace: context.is_valid().then_some(ids),
        }
    }

    /// Makes lines under this span show this context from now on.
    pub(super) fn remember(self, span: &Span) {
        span.with_subscriber(|(id, subscriber)| {
            let registry = subscriber.downcast_ref::<Registry>();
            if let Some(span) = registry.and_then(|registry| registry.span(id)) {
                span.extensions_mut().replace(self);
            }
        });
    }
}

/// The formatter that writes events as JSON lines.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let context = ctx.event_scope().and_then(|mut scope| {
            scope.find_map(|span| span.extensions().get::<LineContext>().cloned())
        });
        let line = line(event, context.as_ref()).map_err(|_unwritable| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

fn line(event: &Event<'_>, context: Option<&LineContext>) -> serde_json::Result<String> {
    let mut timestamp = String::new();
    // Without a clock the line is still worth having.
    SystemTime
        .format_time(&mut Writer::new(&mut timestamp))
        .ok();
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    let mut map = serializer.serialize_map(None)?;
    let metadata = event.metadata();
    map.serialize_entry("timestamp", &timestamp)?;
    map.serialize_entry("level", metadata.level().as_str())?;
    map.serialize_entry("target", metadata.target())?;
    let mut fields = Fields {
        map: &mut map,
        outcome: Ok(()),
    };
    event.record(&mut fields);
    fields.outcome?;
    if let Some(request_id) = context.and_then(|context| context.request_id.as_ref()) {
        map.serialize_entry("request_id", request_id)?;
    }
    if let Some((trace, span)) = context.and_then(|context| context.trace) {
        map.serialize_entry("trace_id", &trace.to_string())?;
        map.serialize_entry("span_id", &span.to_string())?;
    }
    map.end()?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The fields of an event, as entries of the line's object.
struct Fields<'map, M: SerializeMap> {
    map: &'map mut M,
    outcome: Result<(), M::Error>,
}

impl<M: SerializeMap> Fields<'_, M> {
    fn add(&mut self, field: &Field, value: &(impl Serialize + ?Sized)) {
        if self.outcome.is_ok() {
            self.outcome = self.map.serialize_entry(field.name(), value);
        }
    }
}

impl<M: SerializeMap> Visit for Fields<'_, M> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(field, &value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, &value);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::{Layer, fmt::format::debug_fn, layer::SubscriberExt};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let out = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .event_format(JsonLines)
            .fmt_fields(debug_fn(|_, _, _| Ok(())))
            .with_writer(move || out.clone())
            .boxed();
        tracing::subscriber::with_default(Registry::default().with(layer), log);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn whatever_is_logged_one_event_is_one_line_of_json() {
        let nasty = "a\nb\r\u{1b}[31mred\u{0}\u{2028}\"}{\"level\":\"ERROR\"";
        let lines = logged(|| {
            tracing::info!(order.id = nasty, count = 3_u64, is_new = true, detail = ?nasty, "{nasty}");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["message"], nasty);
        assert_eq!(lines[0]["order.id"], nasty);
        assert_eq!(lines[0]["count"], 3);
        assert_eq!(lines[0]["is_new"], true);
    }

    #[test]
    fn a_line_names_its_request_and_trace_and_no_field_of_a_span() {
        let lines = logged(|| {
            let span = tracing::info_span!("request", url = "https://secret.example");
            LineContext {
                request_id: Some("req-1".to_owned()),
                trace: Some((TraceId::from(7), SpanId::from(9))),
            }
            .remember(&span);
            span.in_scope(|| {
                tracing::info_span!("inner").in_scope(|| tracing::warn!("something"));
            });
            tracing::info!("outside");
        });
        assert_eq!(lines[0]["request_id"], "req-1");
        assert_eq!(lines[0]["trace_id"], format!("{:032x}", 7));
        assert_eq!(lines[0]["span_id"], format!("{:016x}", 9));
        assert!(!lines[0].to_string().contains("secret.example"));
        assert!(lines[1].get("trace_id").is_none(), "{}", lines[1]);
    }
}
