//! `ec2-sandbox`: a strict stand-in for the EC2 Query API on loopback.
//!
//! A request passes through the rooms in this order: [`http`] (the socket) →
//! [`sandbox`] (who calls, churn, throttling, faults, ledger) → [`wire`]
//! (parameters by botocore's model) → [`actions`] (the rules) → [`state`]
//! (what exists) → [`wire`] again (XML). [`fleet`] makes what exists at the
//! start; [`control`] is for what EC2 has no call for.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod actions;
pub mod churn;
pub mod clock;
pub mod control;
pub mod failure;
pub mod faults;
pub mod filters;
pub mod fleet;
pub mod http;
pub mod identity;
pub mod ledger;
pub mod paging;
pub mod policy;
pub mod sandbox;
pub mod settings;
pub mod sigv4;
pub mod state;
pub mod throttle;
pub mod wire;
