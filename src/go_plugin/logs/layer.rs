use std::io::Write;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::LogConfig;
use super::fields::Fields;
use super::line::{Line, MAX_LINE};

/// Writes each event as one hclog line, with the fields of the spans around it.
#[derive(Debug)]
pub struct HclogLayer<W> {
    config: LogConfig,
    writer: W,
}

impl<W> HclogLayer<W> {
    /// A layer that writes to what `writer` makes.
    pub fn new(config: LogConfig, writer: W) -> Self {
        HclogLayer { config, writer }
    }

    /// `own_crate::ec2::paging` is `module.ec2.paging`.
    fn module(&self, target: &str) -> String {
        let own = target.strip_prefix(self.config.crate_name);
        match own.filter(|rest| rest.is_empty() || rest.starts_with("::")) {
            Some(rest) => format!("{}{}", self.config.module, rest.replace("::", ".")),
            None => target.replace("::", "."),
        }
    }
}

impl<S, W> Layer<S> for HclogLayer<W>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        // From the outermost span inwards, so that the nearest value of a name stays.
        let mut fields = Fields::default();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.0.extend(outer.0.clone());
            }
        }
        // A span has no text; one with a field of that name must not become the event's.
        fields.take_message();
        event.record(&mut fields);

        let metadata = event.metadata();
        let line = Line {
            level: match *metadata.level() {
                Level::TRACE => "trace",
                Level::DEBUG => "debug",
                Level::INFO => "info",
                Level::WARN => "warn",
                Level::ERROR => "error",
            },
            module: self.module(metadata.target()),
            timestamp: now(),
            message: fields.take_message(),
            fields: fields.0,
        };
        // One write a line: lines of several threads never mix. A host that no longer reads is
        // no reason to fail.
        let _ = self
            .writer
            .make_writer_for(metadata)
            .write_all(line.render(MAX_LINE).as_bytes());
    }
}

/// UTC with microseconds, which hclog's `2006-01-02T15:04:05.000000Z07:00` reads.
fn now() -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines of what `events` logs.
    fn logged(events: impl FnOnce()) -> Vec<Value> {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let crate_name = module_path!().split("::").next().expect("a crate");
        let config = LogConfig {
            level_variables: &[],
            crate_name,
            module: "demo",
        };
        let layer = HclogLayer::new(config, move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), events);
        let text = String::from_utf8(buffer.0.lock().expect("no panic").clone()).expect("UTF-8");
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
            .collect()
    }

    #[test]
    fn fields_are_flat_and_the_nearest_value_stays() {
        let lines = logged(|| {
            let outer = tracing::info_span!(
                "outer",
                tf_rpc = "Plan",
                tf_req_id = 1,
                late = tracing::field::Empty
            );
            let _outer = outer.enter();
            outer.record("late", true);
            let _inner = tracing::info_span!("inner", tf_req_id = 2, message = "not this").entered();
            tracing::warn!(
                tf_req_duration_ms = 12u64,
                ratio = f64::NAN,
                "two\nlines \"and\" quotes"
            );
        });
        let mut line = lines.into_iter().next().expect("one line");
        let timestamp = line["@timestamp"].take();
        assert_eq!(
            line,
            json!({
                "@level": "warn", "@message": "two\nlines \"and\" quotes", "@timestamp": null,
                "@module": "demo.go_plugin.logs.layer.tests", "tf_rpc": "Plan", "tf_req_id": 2, "late": true,
                "tf_req_duration_ms": 12, "ratio": "NaN",
            })
        );
        let timestamp = timestamp.as_str().expect("a string").to_owned();
        let shape: String = timestamp
            .chars()
            .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
            .collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
    }

    #[test]
    fn errors_tell_their_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("the outer failed")]
        struct Outer(#[source] io::Error);
        let error = Outer(io::Error::other("the inner too"));
        let lines = logged(|| tracing::error!(error = &error as &dyn std::error::Error, "failed"));
        assert_eq!(lines[0]["error"], "the outer failed: the inner too");
    }

    #[test]
    fn modules_are_named_for_the_reader() {
        let lines = logged(|| {
            tracing::info!(target: "h2::server", "a");
            tracing::info!("b");
        });
        assert_eq!(lines[0]["@module"], "h2.server");
        let config = LogConfig {
            level_variables: &[],
            crate_name: "own",
            module: "demo",
        };
        let layer = HclogLayer::new(config, io::stderr);
        assert_eq!(layer.module("own"), "demo");
        assert_eq!(layer.module("owner::x"), "owner.x");
    }
}
