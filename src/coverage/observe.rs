//! The look at the account: which interfaces the arguments select, which sessions there are and whose.

use std::collections::BTreeMap;

use super::convert::Rows;
use super::model::CoverageModel;
use crate::ec2::{Account, Ec2Error};
use crate::framework::Attr;
use crate::planner::{CoverageId, Fleet, FleetError, Member, MirrorSession, Owner, Ownership, Selector};
use crate::selection;

/// What went wrong while looking.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error(transparent)]
    Ec2(#[from] Ec2Error),
    #[error("the selection cannot be read")]
    Fleet(#[from] FleetError),
}

/// The arguments that select interfaces, wholly known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selecting {
    selectors: Vec<Selector>,
    excludes: Vec<Selector>,
    selection: Option<String>,
}

impl Selecting {
    /// The selecting arguments; none while any of them is unknown.
    pub fn of(model: &CoverageModel) -> Option<Self> {
        let selection = match &model.selection {
            Attr::Unknown => return None,
            selection => selection.known().cloned(),
        };
        Some(Self {
            selectors: selection::selectors(&model.selector)?,
            excludes: selection::selectors(&model.exclude)?,
            selection,
        })
    }

    /// Digest of the arguments.
    pub fn digest(&self) -> Result<String, FleetError> {
        Fleet::selecting(&self.selectors, &self.excludes, self.selection.as_deref())
    }

    async fn members(&self, account: &Account) -> Result<BTreeMap<String, Member>, ObserveError> {
        Ok(match &self.selection {
            Some(selection) => Fleet::decode(selection)?.interfaces,
            None => selection::members(account, &self.selectors, &self.excludes, &[]).await?,
        })
    }
}

/// Reads the fleet and all sessions of the account in the region.
///
/// `name` and `id` are the coverage's; the fleet's `intended` is left empty.
pub async fn observe(
    account: &Account,
    selecting: &Selecting,
    name: &str,
    id: Option<&CoverageId>,
) -> Result<(Fleet, Vec<MirrorSession>), ObserveError> {
    let sessions = async { account.sessions().await.map_err(ObserveError::from) };
    let (interfaces, sessions) = tokio::try_join!(selecting.members(account), sessions)?;
    let namesakes = sessions
        .iter()
        .filter_map(Owner::of)
        .filter(|owner| owner.name == name && !owner.pending && Some(&owner.id) != id)
        .map(|owner| owner.id.to_string())
        .collect();
    let fleet = Fleet {
        account_id: account.account_id().to_owned(),
        region: account.region().to_owned(),
        selecting: selecting.digest()?,
        interfaces,
        namesakes,
        ..Fleet::default()
    };
    Ok((fleet, sessions))
}

/// The sessions that the coverage with this id may change, given the sessions of its state.
pub fn own<'a>(
    sessions: &'a [MirrorSession],
    id: Option<&CoverageId>,
    recorded: &Rows,
) -> Vec<&'a MirrorSession> {
    let ownership = Ownership { id, recorded };
    sessions
        .iter()
        .filter(|session| ownership.owns(session))
        .collect()
}

/// The coverage's id as its state has it.
pub fn id_of(model: &CoverageModel) -> Option<CoverageId> {
    model.id.as_str().and_then(|id| id.parse().ok())
}
