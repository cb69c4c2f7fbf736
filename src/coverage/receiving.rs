//! What keeps mirrored packets from the sensors behind targets that a plan sends sessions to, as the audit judges it: warnings, since it may
//! be put right in the same run.

use std::collections::{BTreeMap, BTreeSet};

use super::preflight::Places;
use crate::ec2::{Account, Action, Ec2Error};
use crate::framework::{AttributePath, Diagnostic, Diagnostics};
use crate::planner::{self, MirrorTarget, Reason, Sender, VXLAN_PORT};

/// Calls of which no other warning says that they are refused.
const ASKED_HERE: [Action; 2] = [Action::DescribeSecurityGroups, Action::DescribeListeners];

/// What was found of some targets.
#[derive(Debug, Default)]
struct Found {
    /// Why packets are dropped, by target, and what is to be done.
    closed: BTreeMap<String, String>,
    /// Targets of which something is not visible, by why.
    unseen: BTreeMap<String, BTreeSet<String>>,
}

/// Targets that let in no mirrored packet of anybody, or of which these credentials do not see that. `is_final`: the plan is made while
/// core applies.
pub async fn warn(
    account: &Account,
    targets: &[MirrorTarget],
    places: &Places,
    is_final: bool,
    diagnostics: &mut Diagnostics,
) {
    let mut found = Found::default();
    let looked = async {
        found.interfaces(account, targets, places).await?;
        match is_final {
            true => Ok(()),
            false => found.balancers(account, targets).await,
        }
    };
    if let Err(error) = looked.await {
        tracing::warn!(%error, "what keeps packets from traffic mirror targets could not be read");
    }
    for (why, targets) in &found.unseen {
        diagnostics.push(cannot_be_seen(why, targets));
    }
    for (target, detail) in found.closed {
        let title = "A traffic mirror target lets no mirrored packet in";
        let mut diagnostic = Diagnostic::warning(title, detail);
        if let Some(path) = places.get(&target) {
            diagnostic = diagnostic.at(path.clone());
        }
        diagnostics.push(diagnostic);
    }
}

impl Found {
    /// Targets that are network interfaces.
    async fn interfaces(
        &mut self,
        account: &Account,
        targets: &[MirrorTarget],
        places: &Places,
    ) -> Result<(), Ec2Error> {
        if !targets.iter().any(|target| target.network_interface_id.is_some()) {
            return Ok(());
        }
        let visible = account.all_targets().await?;
        let ids = places.keys().cloned().collect();
        let ingress = account.target_ingress(&visible, &ids).await?;
        for unseen in &ingress.unseen {
            for target in &unseen.target_ids {
                self.note_unseen(target, unseen.why().as_deref());
            }
        }
        for (target, ingress) in ingress.targets {
            if planner::accepts_vxlan(&ingress.rules, Sender::default()) {
                continue;
            }
            let detail = format!(
                "{target} delivers to {}, and its security groups ({}) let no UDP in on port {VXLAN_PORT}: mirrored packets are dropped \
                 there, without any sign. Allow ingress of protocol udp, port {VXLAN_PORT}, from the mirrored network interfaces, for \
                 example with aws_vpc_security_group_ingress_rule.",
                ingress.network_interface_id,
                ingress.security_group_ids.join(", "),
            );
            self.closed.insert(target, detail);
        }
        Ok(())
    }

    /// Targets that a load balancer is behind.
    async fn balancers(&mut self, account: &Account, targets: &[MirrorTarget]) -> Result<(), Ec2Error> {
        for (target, receiver) in account.balancing_receivers(targets).await? {
            for why in receiver.whys() {
                self.note_unseen(&target, Some(why));
            }
            let Some((reason, why)) = receiver.drops(&target) else {
                continue;
            };
            let advice = match reason {
                Reason::TargetPortClosed => {
                    "Allow ingress of protocol udp on that port from the addresses of the mirrored network interfaces, for example with \
                     aws_vpc_security_group_ingress_rule: behind a load balancer a rule that names their security groups lets nothing in."
                }
                reason => reason.advice(),
            };
            let detail = format!("Mirrored packets are dropped, without any sign: {why}. {advice}");
            self.closed.insert(target, detail);
        }
        Ok(())
    }

    /// What the calls before these do not tell has a warning of its own.
    fn note_unseen(&mut self, target: &str, why: Option<&str>) {
        let Some(why) = why.filter(|why| ASKED_HERE.iter().any(|action| why.contains(&action.iam_name())))
        else {
            return;
        };
        let targets = self.unseen.entry(why.to_owned()).or_default();
        targets.insert(target.to_owned());
    }
}

/// One warning for all targets.
fn cannot_be_seen(why: &str, targets: &BTreeSet<String>) -> Diagnostic {
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let detail = format!(
        "Whether {} let UDP in on port {VXLAN_PORT} cannot be seen {why}. Where one does not, mirrored packets are dropped there, without \
         any sign. Allow these credentials to see it, or look at the security groups and the listeners yourself.",
        targets.join(", "),
    );
    let title = "Whether traffic mirror targets let packets in cannot be seen";
    Diagnostic::warning(title, detail).at(AttributePath::root("traffic_mirror_target_ids"))
}
