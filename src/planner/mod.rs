//! The pure core: it decides which interface gets which session, from values alone.
//!
//! A reader follows one path. The account is observed as [`Interface`]s and [`MirrorSession`]s. [`Selector`]s pick
//! interfaces, the result is a [`Fleet`]: everything that a plan needs to know of the cloud. [`plan`] turns a [`Wish`]
//! (the configuration), the fleet and the sessions of the state into the [`Row`]s of the planned state. At apply,
//! [`reconcile`] compares those rows with the sessions that EC2 reports and lists the calls to make. [`deviations`] says in
//! words where a session differs from what was asked for, and [`assess`] judges an interface for the audit.
//!
//! Nothing here performs I/O, reads a clock or knows the AWS SDK, so that the same input gives the same plan twice.

mod assess;
mod deviation;
mod fleet;
mod interface;
mod ownership;
mod placement;
mod plan;
mod reason;
mod reconcile;
mod selector;
mod session;
mod wildcard;

pub use assess::{Assessment, Counts, Finding, OverallStatus, assess};
pub use deviation::{SessionSpec, by_interface, deviations};
pub use fleet::{Fleet, FleetError, Member};
pub use interface::{Interface, Tags};
pub use ownership::{COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId, NAME_TAG, Owner, Ownership};
pub use placement::place;
pub use plan::{Plan, Row, Skip, Summary, Wanted, Wish, plan, skips};
pub use reason::{Reason, Verdict};
pub use reconcile::{Actions, Create, DescriptionChange, Modify, Retag, reconcile};
pub use selector::{EC2_DEFAULT_STATES, Filter, Selector, is_selected, scans};
pub use session::{
    MAX_SESSION_NUMBER, MirrorFilter, MirrorSession, MirrorTarget, TargetKind, next_session_number,
};
