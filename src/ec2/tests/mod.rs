//! The room against small servers on loopback that answer what a test tells them to.

mod account;
mod answers;
mod by_id;
mod classes;
mod environment;
mod interfaces;
mod lookup;
mod pacing;
mod receivers;
mod roles;
mod security_groups;
mod sensors;
mod server;
mod sessions;
mod sharing;
mod sites;
mod tagging;
mod tls;
mod transport;
