//! Tests of the framework as a whole; what one file can test alone is tested there.

mod any;
mod bytes;
mod client;
mod cty_interop;
mod late;
mod newer;
mod newer_cores;
mod numbers;
mod offer;
mod round_trip;
mod sample;
mod schema;
mod service;
mod stored;
mod toy;
