//! One look at one region, and its judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ec2::{Account, Ec2Error, seen};
use crate::framework::Diagnostic;
use crate::planner::{
    self, Assessment, Delivery, Fact, Filter, Fleet, Interface, MirrorSession, MirrorTarget, NAME_TAG,
    Requirement, Selector, View, Wish,
};
use crate::report::Timestamp;
use crate::selection;

/// What is asked of every region.
pub struct Question {
    pub selectors: Vec<Selector>,
    pub excludes: Vec<Selector>,
    pub require: Requirement,
    pub check_delivery: bool,
}

/// What was found in one region.
pub struct Region {
    pub name: String,
    pub fleet: Fleet,
    pub sessions: Arc<Vec<MirrorSession>>,
    pub assessment: Assessment,
    /// What is wrong with orphaned sessions, by id; none when a permission is missing to tell.
    pub orphans: Option<BTreeMap<String, String>>,
    /// The newest time in the data.
    pub newest: Option<Timestamp>,
    /// Why something that decides is not seen, in the words of [`Fact::Unseen`].
    pub unseen: BTreeSet<String>,
}

impl Region {
    /// What these credentials do not see.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = selection::unseen_warning(&self.fleet).into_iter().collect();
        if self.fleet.tags_are_of_instances {
            found.push(selection::tags_are_of_instances_warning());
        }
        if !self.unseen.is_empty() {
            let whys: Vec<&str> = self.unseen.iter().map(String::as_str).collect();
            let detail = format!(
                "In {} something that decides whether sessions deliver, or are orphaned, cannot be seen {}. What depends on it is UNKNOWN, \
                 and so not compliant; the details of the interfaces say what. Allow these credentials to see it, or set check_delivery = \
                 false to judge only that sessions exist.",
                self.name,
                whys.join(", and ")
            );
            found.push(Diagnostic::warning("The audit does not see everything", detail));
        }
        found
    }
}

/// Looks at the account's region. Only what decides whether sessions deliver may be hidden by a missing permission.
pub async fn look(account: &Account, question: &Question) -> Result<Region, Ec2Error> {
    let Question {
        selectors, excludes, ..
    } = question;
    let scan = selection::scan(account, selectors, excludes);
    let targets = async { seen(account.all_targets().await) };
    let (found, sessions, targets) = tokio::try_join!(scan, account.sessions(), targets)?;
    let mut fleet = Fleet {
        interfaces: Fleet::select(selectors, excludes, &found, &[NAME_TAG.to_owned()]),
        tags_are_of_instances: selection::tags_are_of_instances(account, selectors, &found).await?,
        ..Fleet::default()
    };
    if let Fact::Known(targets) = &targets {
        let sensors = account.sensors(targets).await?;
        fleet.note_sensors(targets, sensors.instance_ids);
        selection::note_unseen(&mut fleet, &sensors.unseen);
    }
    let delivery = match question.check_delivery {
        true => Some(delivery(account, &fleet, &found, &sessions, &targets).await?),
        false => None,
    };
    let skips = planner::skips(&Wish::default(), &fleet, &BTreeMap::new());
    let assessment = planner::assess(&View {
        interfaces: &fleet.interfaces,
        skips: &skips,
        sessions: &sessions,
        require: &question.require,
        delivery: delivery.as_ref(),
    });
    let attached = found
        .iter()
        .filter(|interface| fleet.interfaces.contains_key(&interface.id))
        .filter_map(|interface| Timestamp::from_seconds(interface.attached_at?).ok());
    let orphans = orphans(account, question, &fleet, &found, &sessions, &targets).await?;
    let mut unseen: BTreeSet<String> = delivery.iter().flat_map(Delivery::unseen).collect();
    if let Fact::Unseen(why) = &orphans {
        unseen.insert(why.clone());
    }
    Ok(Region {
        name: account.region().to_owned(),
        newest: attached.max(),
        orphans: match orphans {
            Fact::Known(orphans) => Some(orphans),
            Fact::Unseen(_) => None,
        },
        unseen,
        fleet,
        sessions,
        assessment,
    })
}

type Targets = Fact<Arc<Vec<MirrorTarget>>>;

/// What stands between the sessions of selected interfaces and their sensors.
async fn delivery(
    account: &Account,
    fleet: &Fleet,
    found: &[Interface],
    sessions: &[MirrorSession],
    targets: &Targets,
) -> Result<Delivery, Ec2Error> {
    let audited = || {
        sessions
            .iter()
            .filter(|session| fleet.interfaces.contains_key(&session.network_interface_id))
    };
    let used: BTreeSet<String> = audited()
        .map(|session| session.traffic_mirror_target_id.clone())
        .collect();
    if used.is_empty() {
        return Ok(Delivery {
            targets: Fact::Known(BTreeMap::new()),
            filters: Fact::Known(BTreeMap::new()),
            source_security_groups: Default::default(),
        });
    }
    let receivers = async {
        Ok(match targets {
            Fact::Known(targets) => Fact::Known(account.receivers(targets, &used).await?),
            Fact::Unseen(why) => Fact::Unseen(why.clone()),
        })
    };
    let filters = async { seen(account.filters_to_read().await) };
    let (targets, filters) = tokio::try_join!(receivers, filters)?;
    Ok(Delivery {
        targets,
        filters: match filters {
            Fact::Known(filters) => Fact::Known(
                filters
                    .iter()
                    .map(|filter| (filter.id.clone(), filter.clone()))
                    .collect(),
            ),
            Fact::Unseen(why) => Fact::Unseen(why),
        },
        source_security_groups: found
            .iter()
            .filter(|interface| fleet.interfaces.contains_key(&interface.id))
            .map(|interface| (interface.id.clone(), interface.security_group_ids.clone()))
            .collect(),
    })
}

/// The orphaned sessions.
async fn orphans(
    account: &Account,
    question: &Question,
    fleet: &Fleet,
    found: &[Interface],
    sessions: &[MirrorSession],
    targets: &Targets,
) -> Result<Fact<BTreeMap<String, String>>, Ec2Error> {
    let targets = match targets {
        Fact::Known(targets) => Fact::Known(targets.iter().map(|target| target.id.clone()).collect()),
        Fact::Unseen(why) => return Ok(Fact::Unseen(why.clone())),
    };
    let known: BTreeSet<&str> = found.iter().map(|interface| interface.id.as_str()).collect();
    let mut unattached: BTreeSet<String> = found
        .iter()
        .filter(|interface| interface.unattached)
        .map(|interface| interface.id.clone())
        .collect();
    let elsewhere = |session: &MirrorSession| !known.contains(session.network_interface_id.as_str());
    if sessions.iter().any(elsewhere) {
        // Few interfaces are attached to nothing, and one call tells them.
        let available = Filter {
            name: "status".to_owned(),
            values: vec!["available".to_owned()],
        };
        match seen(account.network_interfaces(&[available]).await)? {
            Fact::Known(these) => unattached.extend(
                these
                    .iter()
                    .filter(|interface| interface.unattached)
                    .map(|interface| interface.id.clone()),
            ),
            Fact::Unseen(why) => return Ok(Fact::Unseen(why)),
        }
    }
    Ok(Fact::Known(planner::orphans(
        &fleet.interfaces,
        sessions,
        &question.require,
        &targets,
        &unattached,
    )))
}
