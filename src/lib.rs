//! Terraform provider that turns a tag into AWS VPC Traffic Mirroring sessions, one for every network interface.
//!
//! The rooms and the direction of their arrows are described in `docs/design.md`; [`planner`] is where to start reading.

#![forbid(unsafe_code)]

pub mod actions;
pub mod audit;
pub mod coverage;
pub mod ec2;
pub mod framework;
pub mod functions;
pub mod go_plugin;
pub mod interfaces;
pub mod planner;
pub mod proto;
pub mod provider;
pub mod report;
pub mod selection;
