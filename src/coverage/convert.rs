//! Between the model's attributes and the planner's values.

use std::collections::BTreeMap;

use super::model::{CoverageIdentity, CoverageModel, FailureModel, SessionModel, SkipModel, SummaryModel};
use crate::ec2::Account;
use crate::framework::Attr;
use crate::planner::{Plan, Row, Skip, Summary, Tags};

/// Rows by interface id.
pub type Rows = BTreeMap<String, Row>;
/// The `sessions` attribute.
pub type Sessions = Attr<BTreeMap<String, Attr<SessionModel>>>;

/// The rows of a state or of a planned state; unknown and null are both none.
pub fn rows(sessions: &Sessions) -> Rows {
    let row = |session: &SessionModel| Row {
        id: session.id.known().cloned(),
        instance_id: session.instance_id.known().cloned(),
        traffic_mirror_target_id: session.traffic_mirror_target_id.known().cloned(),
        session_number: session.session_number.known().copied(),
        virtual_network_id: session.virtual_network_id.known().copied(),
        traffic_mirror_filter_id: session.traffic_mirror_filter_id.known().cloned(),
    };
    let known = sessions.known().into_iter().flatten();
    known
        .filter_map(|(id, session)| Some((id.clone(), row(session.known()?))))
        .collect()
}

/// The `sessions` attribute of these rows. In a plan, what a row does not know is known after apply; in a state it is null.
pub fn sessions(rows: &Rows, planning: bool) -> Sessions {
    fn leaf<T: Clone>(value: &Option<T>, planning: bool) -> Attr<T> {
        match value {
            Some(value) => Attr::Known(value.clone()),
            None if planning => Attr::Unknown,
            None => Attr::Null,
        }
    }
    let session = |row: &Row| SessionModel {
        id: leaf(&row.id, planning),
        instance_id: Attr::from_option(row.instance_id.clone()),
        traffic_mirror_target_id: leaf(&row.traffic_mirror_target_id, planning),
        session_number: leaf(&row.session_number, planning),
        // A session that exists without one never gets one.
        virtual_network_id: leaf(&row.virtual_network_id, planning && row.id.is_none()),
        traffic_mirror_filter_id: Attr::from_option(row.traffic_mirror_filter_id.clone()),
    };
    Attr::Known(
        rows.iter()
            .map(|(id, row)| (id.clone(), Attr::Known(session(row))))
            .collect(),
    )
}

/// The `skipped` attribute.
pub fn skipped(skips: &BTreeMap<String, Skip>) -> Attr<BTreeMap<String, Attr<SkipModel>>> {
    let model = |skip: &Skip| SkipModel {
        instance_id: Attr::from_option(skip.instance_id.clone()),
        reason: Attr::Known(skip.reason.to_string()),
        detail: Attr::Known(skip.detail.clone()),
    };
    Attr::Known(
        skips
            .iter()
            .map(|(id, skip)| (id.clone(), Attr::Known(model(skip))))
            .collect(),
    )
}

/// The skips of a state.
pub fn skips(skipped: &Attr<BTreeMap<String, Attr<SkipModel>>>) -> BTreeMap<String, Skip> {
    let skip = |skip: &SkipModel| {
        Some(Skip {
            instance_id: skip.instance_id.known().cloned(),
            reason: skip.reason.as_str()?.parse().ok()?,
            detail: skip.detail.as_str().unwrap_or_default().to_owned(),
        })
    };
    let known = skipped.known().into_iter().flatten();
    known
        .filter_map(|(id, model)| Some((id.clone(), skip(model.known()?)?)))
        .collect()
}

/// The `summary` attribute.
pub fn summary(summary: Summary) -> Attr<SummaryModel> {
    let count = |n: usize| Attr::Known(i64::try_from(n).unwrap_or(i64::MAX));
    Attr::Known(SummaryModel {
        matched: count(summary.matched),
        eligible: count(summary.eligible),
        skipped: count(summary.skipped),
    })
}

/// A map of known strings as an attribute.
pub fn strings(map: BTreeMap<String, String>) -> Attr<BTreeMap<String, Attr<String>>> {
    Attr::Known(
        map.into_iter()
            .map(|(key, value)| (key, Attr::Known(value)))
            .collect(),
    )
}

/// The known strings of a map attribute.
pub fn known_strings(map: &Attr<BTreeMap<String, Attr<String>>>) -> Tags {
    let entries = map.known().into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((key.clone(), value.known()?.clone())))
        .collect()
}

/// One failed session.
pub fn failure(code: &str, message: &str) -> FailureModel {
    FailureModel {
        code: code.into(),
        message: message.into(),
    }
}

impl CoverageModel {
    /// Writes what the planner decided.
    pub fn set_plan(&mut self, plan: &Plan) {
        self.sessions = sessions(&plan.sessions, true);
        self.skipped = skipped(&plan.skipped);
        self.summary = summary(plan.summary);
    }

    /// Takes over what only the provider computes.
    pub fn keep_computed_of(&mut self, other: &Self) {
        self.id = other.id.clone();
        self.sessions = other.sessions.clone();
        self.deviations = other.deviations.clone();
        self.failures = other.failures.clone();
        self.skipped = other.skipped.clone();
        self.summary = other.summary.clone();
    }

    /// Makes everything that only the provider computes unknown.
    pub fn forget_computed(&mut self) {
        self.id = Attr::Unknown;
        self.sessions = Attr::Unknown;
        self.deviations = Attr::Unknown;
        self.failures = Attr::Unknown;
        self.skipped = Attr::Unknown;
        self.summary = Attr::Unknown;
    }

    /// The identity of this coverage; none while its name or region is unknown. It has no account where the provider block
    /// skips asking for it.
    pub fn identity(&self, account: &Account) -> Option<CoverageIdentity> {
        let name = self.name.known()?.clone();
        let region = self.region.known()?.clone();
        Some(CoverageIdentity {
            account_id: Attr::from_option(Some(account.account_id().to_owned()).filter(|id| !id.is_empty())),
            region: Attr::Known(region),
            name: Attr::Known(name),
        })
    }
}
