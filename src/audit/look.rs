//! One look at one region, and its judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ec2::{Account, Ec2Error, Unseen, seen};
use crate::framework::Diagnostic;
use crate::planner::{
    self, Assessment, Delivery, EligibilityRules, Fact, Filter, Fleet, Interface, Member, MirrorSession,
    MirrorTarget, NAME_TAG, Origin, Reason, Requirement, Selector, Skip, View, Wish,
};
use crate::report::Timestamp;
use crate::selection;

/// What is asked of every region.
pub struct Question {
    pub selectors: Vec<Selector>,
    pub excludes: Vec<Selector>,
    pub require: Requirement,
    /// What can be mirrored.
    pub eligibility: EligibilityRules,
    pub check_delivery: bool,
}

/// What was found in one region.
pub struct Region {
    pub name: String,
    /// The selected interfaces, excluded ones too.
    pub interfaces: BTreeMap<String, Member>,
    /// Those that are not excluded, and what is around them.
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
    let sensors_unseen = match &targets {
        Fact::Known(targets) => {
            let sensors = account.sensors(targets).await?;
            fleet.note_sensors(targets, sensors.instance_ids);
            selection::note_unseen(&mut fleet, &sensors.unseen);
            let why = sensors.unseen.iter().find_map(Unseen::why);
            why.filter(|_| !question.eligibility.include_sensors)
        }
        Fact::Unseen(why) => Some(why.clone()),
    };
    let delivery = match question.check_delivery {
        true => Some(delivery(account, &fleet, &found, &sessions, &targets).await?),
        false => None,
    };
    let interfaces = Fleet::select(selectors, &[], &found, &[NAME_TAG.to_owned()]);
    let skips = skips(question, &fleet, &interfaces);
    let assessment = planner::assess(&View {
        interfaces: &interfaces,
        skips: &skips,
        sessions: &sessions,
        require: &question.require,
        delivery: delivery.as_ref(),
        sensors_unseen: sensors_unseen.as_deref(),
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
        interfaces,
        fleet,
        sessions,
        assessment,
    })
}

/// The interfaces that are excluded, and those that can never have a session.
fn skips(
    question: &Question,
    fleet: &Fleet,
    interfaces: &BTreeMap<String, Member>,
) -> BTreeMap<String, Skip> {
    let wish = Wish {
        eligibility: question.eligibility.clone(),
        ..Wish::default()
    };
    let mut skips = planner::skips(&wish, fleet, &BTreeMap::new());
    let excluded = interfaces
        .iter()
        .filter(|(id, _)| !fleet.interfaces.contains_key(*id));
    skips.extend(excluded.map(|(id, member)| {
        let skip = Skip {
            instance_id: member.instance_id.clone(),
            reason: Reason::Excluded,
            detail: "an exclude block means it".to_owned(),
        };
        (id.clone(), skip)
    }));
    skips
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
            origins: Default::default(),
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
        origins: found
            .iter()
            .filter(|interface| fleet.interfaces.contains_key(&interface.id))
            .map(|interface| (interface.id.clone(), origin(interface)))
            .collect(),
    })
}

fn origin(interface: &Interface) -> Origin {
    Origin {
        addresses: interface.addresses.clone(),
        security_group_ids: interface.security_group_ids.clone(),
    }
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
        Fact::Known(targets) => targets,
        Fact::Unseen(why) => return Ok(Fact::Unseen(why.clone())),
    };
    let used = sessions
        .iter()
        .map(|session| session.traffic_mirror_target_id.clone());
    let gone = match account.vanished(targets, &used.collect()).await? {
        Fact::Known(gone) => gone,
        Fact::Unseen(why) => return Ok(Fact::Unseen(why)),
    };
    let targets = Fact::Known(targets.iter().map(|target| target.id.clone()).collect());
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
        &gone,
        &unattached,
    )))
}
