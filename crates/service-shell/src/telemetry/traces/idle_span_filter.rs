//! Keeps the steps of loops that found nothing to do out of the traces: there are many of them every
//! second, and they say nothing. The spans of a step are buffered until its end decides.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::{Context, SpanId, TraceId, Value, trace::TraceContextExt};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use crate::telemetry::span_names::{IS_IDLE, STEP};

/// Maximum number of spans buffered of one step; any further ones are exported in every case.
const HELD_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct WithoutIdle<P> {
    next: P,
    steps: Mutex<HashMap<TraceId, Vec<SpanData>>>,
}

impl<P> WithoutIdle<P> {
    pub(super) fn new(next: P) -> Self {
        Self {
            next,
            steps: Mutex::default(),
        }
    }

    fn with_steps<T>(&self, use_it: impl FnOnce(&mut HashMap<TraceId, Vec<SpanData>>) -> T) -> T {
        use_it(&mut self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the spans that can be exported now that this span has ended.
    fn released(&self, span: SpanData) -> Vec<SpanData> {
        let trace = span.span_context.trace_id();
        self.with_steps(|steps| {
            let Some(held) = steps.get_mut(&trace) else {
                return vec![span];
            };
            if span.parent_span_id != SpanId::INVALID {
                if held.len() >= HELD_MAX {
                    return vec![span];
                }
                held.push(span);
                return Vec::new();
            }
            let mut all = steps.remove(&trace).unwrap_or_default();
            if is_idle(&span) {
                return Vec::new();
            }
            all.push(span);
            all
        })
    }
}

fn is_idle(span: &SpanData) -> bool {
    let mut attributes = span.attributes.iter();
    attributes.any(|one| one.key.as_str() == IS_IDLE && one.value == Value::Bool(true))
}

impl<P: SpanProcessor> SpanProcessor for WithoutIdle<P> {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        let is_root = !cx.span().span_context().is_valid();
        if is_root
            && let Some(begun) = span.exported_data()
            && begun.name.starts_with(STEP)
        {
            let trace = begun.span_context.trace_id();
            self.with_steps(|steps| steps.insert(trace, Vec::new()));
        }
        self.next.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        for one in self.released(span) {
            self.next.on_end(one);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl SpanProcessor for Kept {
        fn on_start(&self, _span: &mut Span, _cx: &Context) {}
        fn on_end(&self, span: SpanData) {
            self.0.lock().unwrap().push(span.name.into_owned());
        }
        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }
        fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
            Ok(())
        }
    }

    #[test]
    fn a_step_that_found_nothing_leaves_nothing_and_others_all() {
        let kept = Kept::default();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(WithoutIdle::new(kept.clone()))
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            for found in ["nothing", "something"] {
                let step = tracing::info_span!("step", step.is_idle = tracing::field::Empty);
                step.in_scope(|| drop(tracing::info_span!("look").entered()));
                if found == "nothing" {
                    step.record(IS_IDLE, true);
                }
            }
            drop(tracing::info_span!("request").entered());
        });
        assert_eq!(*kept.0.lock().unwrap(), ["look", "step", "request"]);
    }
}
