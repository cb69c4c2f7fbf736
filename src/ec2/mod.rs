//! One AWS account and region: the only room that knows the AWS SDKs.
//!
//! [`Account`] reads the fleet and the sessions and changes sessions and tags; what it returns are the plain types of
//! [`crate::planner`]. Every call is an [`Action`], every failure an [`Ec2Error`] whose [`ErrorClass`] tells the caller
//! what to do about it. Nothing here decides which session an interface gets.

mod account;
mod action;
mod advice;
mod assume_role;
mod balancers;
mod by_id;
mod call;
mod class;
mod config;
mod connect;
mod credentials;
mod error;
mod filters;
mod insecure;
mod interfaces;
mod listeners;
mod lookup;
mod metadata;
mod network;
mod network_interfaces;
mod pace;
mod pacer;
mod page;
mod policy;
mod profile_roles;
mod receivers;
mod retry;
mod sdk_error;
mod security_groups;
mod sensors;
mod session_list;
mod sessions;
mod shared_files;
mod sites;
mod snapshot;
mod tags;
mod transport;
mod unseen;

pub use account::Account;
pub use action::Action;
pub use class::{ErrorClass, Limit, What};
pub use config::{
    AccountConfig, AssumeRole, Endpoints, Metadata, RetryMode, Secret, Transport, UserAgent, WebIdentity,
};
pub use error::{Ec2Error, ErrorKind};
pub use lookup::{Lookup, Missing};
pub use pace::MOST_IN_FLIGHT;
pub use policy::{Purpose, policy};
pub use security_groups::{Ingress, TargetIngress};
pub use sensors::Sensors;
pub use sessions::{Deleted, NewSession, SessionChange};
pub use sites::Sites;
pub use tags::Tagged;
pub use unseen::{Unseen, seen};

#[cfg(test)]
mod tests;
