//! Logs as hosts read them: one JSON object a line on stderr, in the form of
//! HashiCorp's hclog, made from `tracing` events.
//!
//! The plugin's own events pass at the level the user chose. Libraries pass at
//! WARN: their lower levels are about their own insides, and an HTTP client's
//! include request headers, where credentials travel. At TRACE the libraries
//! that carry the plugin protocol itself pass at DEBUG too; any other never does.

mod fields;
mod layer;
mod line;

use std::ffi::OsString;
use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};

pub use layer::HclogLayer;

/// The libraries that tell of the host's connection and not of headers. h2 is not
/// among them: it has a line for every frame, and a plan may be thousands of those.
const PROTOCOL_LIBRARIES: [&str; 5] = ["hyper", "hyper_util", "rustls", "tonic", "tower"];

/// Where the level stands and how the plugin's own events are told from others'.
#[derive(Debug, Clone, Copy)]
pub struct LogConfig {
    /// Environment variables that may hold the level, the first that is set wins:
    /// TRACE, DEBUG, INFO, WARN, ERROR, OFF, or JSON (as TRACE), in any case.
    pub level_variables: &'static [&'static str],
    /// The plugin's crate, whose events these are.
    pub crate_name: &'static str,
    /// What `@module` calls that crate.
    pub module: &'static str,
}

/// Sends the process's events, and its panics, to stderr from now on.
///
/// Without a level WARN holds: a host whose own log is off drops the lines, and
/// in debug mode a person wants to see them.
pub fn init(config: LogConfig) {
    let level = level(config.level_variables, |name| std::env::var_os(name));
    let layer = HclogLayer::new(config, io::stderr).with_filter(targets(config.crate_name, level));
    let subscriber = tracing_subscriber::registry().with(layer);
    // Fails only when there is one already, which then has every event.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, panic = panic.payload_as_str(), "the plugin panicked");
    }));
}

fn level(variables: &[&str], lookup: impl Fn(&str) -> Option<OsString>) -> LevelFilter {
    let value = variables
        .iter()
        .filter_map(|name| lookup(name))
        .find(|value| !value.is_empty());
    let value = value.map(|value| value.to_string_lossy().trim().to_ascii_uppercase());
    match value.as_deref() {
        Some("TRACE" | "JSON") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("INFO") => LevelFilter::INFO,
        Some("ERROR") => LevelFilter::ERROR,
        Some("OFF") => LevelFilter::OFF,
        None | Some("WARN") => LevelFilter::WARN,
        // As hosts do: whoever asked for something unknown asked for logs.
        Some(_) => LevelFilter::TRACE,
    }
}

fn targets(crate_name: &str, level: LevelFilter) -> Targets {
    let libraries = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(crate_name, level);
    if level < LevelFilter::TRACE {
        return libraries;
    }
    libraries.with_targets(PROTOCOL_LIBRARIES.map(|name| (name, LevelFilter::DEBUG)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let at = |values: [&'static str; 3]| {
            level(&["A", "B", "C"], |name| {
                let index = ["A", "B", "C"].iter().position(|variable| *variable == name)?;
                Some(OsString::from(values[index]))
            })
        };
        assert_eq!(at(["", "", ""]), LevelFilter::WARN);
        assert_eq!(at(["", "", "debug"]), LevelFilter::DEBUG);
        assert_eq!(at(["", "Info", "TRACE"]), LevelFilter::INFO);
        assert_eq!(at(["off", "info", "TRACE"]), LevelFilter::OFF);
        assert_eq!(at(["json", "", ""]), LevelFilter::TRACE);
        assert_eq!(at(["verbose", "", ""]), LevelFilter::TRACE);
        assert_eq!(at(["error", "", ""]), LevelFilter::ERROR);
    }

    #[test]
    fn no_level_opens_the_libraries_that_see_credentials() {
        for level in [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::WARN] {
            let targets = targets("own", level);
            for library in ["aws_smithy_runtime::client", "aws_sigv4::http_request", "reqwest"] {
                assert!(
                    !targets.would_enable(library, &Level::INFO),
                    "{library} at {level}"
                );
                assert!(
                    targets.would_enable(library, &Level::WARN),
                    "{library} at {level}"
                );
            }
        }
        assert!(!targets("own", LevelFilter::ERROR).would_enable("h2", &Level::WARN));
        assert!(!targets("own", LevelFilter::DEBUG).would_enable("tonic::transport", &Level::INFO));
        assert!(targets("own", LevelFilter::TRACE).would_enable("tonic::transport", &Level::DEBUG));
        assert!(!targets("own", LevelFilter::TRACE).would_enable("h2::hpack", &Level::DEBUG));
        assert!(!targets("own", LevelFilter::TRACE).would_enable("hyper::proto", &Level::TRACE));
        assert!(targets("own", LevelFilter::TRACE).would_enable("own::ec2", &Level::TRACE));
        assert!(!targets("own", LevelFilter::OFF).would_enable("own", &Level::ERROR));
    }
}
