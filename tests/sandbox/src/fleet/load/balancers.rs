//! Load balancers and target groups of a fleet.

use super::{Loader, missing, put};
use crate::fleet::{FleetError, file};
use crate::state::{Listener, LoadBalancer, Member, TargetGroup};

impl Loader<'_> {
    fn arn(&mut self, owner: &str, kind: &str, name: &str) -> String {
        format!(
            "arn:aws:elasticloadbalancing:{}:{owner}:{kind}/{name}/{:016x}",
            self.name,
            self.ids.number()
        )
    }

    pub(super) fn balancers(&mut self, resources: &file::Resources) -> Result<(), FleetError> {
        for group in &resources.target_groups {
            let owner = self.owner(&group.owner);
            let arn = match &group.arn {
                Some(arn) => arn.clone(),
                None => self.arn(&owner, "targetgroup", &group.name),
            };
            let port = group.port.unwrap_or(4789);
            let member = |r: &file::Registered| Member {
                id: r.id.clone(),
                port: r.port.unwrap_or(port),
                health: r.health.clone(),
            };
            let row = TargetGroup {
                arn: arn.clone(),
                owner,
                name: group.name.clone(),
                protocol: group.protocol.clone().unwrap_or_else(|| "UDP".to_owned()),
                port,
                vpc_id: group.vpc_id.clone(),
                target_type: group.target_type.clone().unwrap_or_else(|| "instance".to_owned()),
                members: group.targets.iter().map(member).collect(),
                attributes: group.attributes.clone(),
            };
            put(&mut self.region.target_groups, &arn, row)?;
        }
        for balancer in &resources.load_balancers {
            self.balancer(balancer)?;
        }
        Ok(())
    }

    fn balancer(&mut self, balancer: &file::LoadBalancer) -> Result<(), FleetError> {
        let owner = self.owner(&balancer.owner);
        let kind = balancer.kind.clone().unwrap_or_else(|| "network".to_owned());
        let short = match kind.as_str() {
            "network" => "net",
            "gateway" => "gwy",
            _ => "app",
        };
        let arn = match &balancer.arn {
            Some(arn) => arn.clone(),
            None => self.arn(&owner, &format!("loadbalancer/{short}"), &balancer.name),
        };
        let first = balancer
            .subnet_ids
            .first()
            .and_then(|id| self.region.subnets.get(id));
        let Some(vpc_id) = first.map(|subnet| subnet.vpc_id.clone()) else {
            return Err(FleetError::Inconsistent(format!(
                "the load balancer {} is in no subnet",
                balancer.name
            )));
        };
        for listener in &balancer.listeners {
            let mut groups = self.region.target_groups.iter();
            let group = groups
                .find(|(_, g)| g.name == listener.target_group)
                .map(|(arn, _)| arn.clone());
            let target_group_arn = group.ok_or_else(|| missing(&listener.target_group))?;
            let listener_arn = format!(
                "{}/{:016x}",
                arn.replacen(":loadbalancer/", ":listener/", 1),
                self.ids.number()
            );
            let gateway = kind == "gateway";
            let row = Listener {
                arn: listener_arn.clone(),
                owner: owner.clone(),
                load_balancer_arn: arn.clone(),
                protocol: (!gateway).then(|| listener.protocol.clone().unwrap_or_else(|| "UDP".to_owned())),
                port: (!gateway).then(|| listener.port.unwrap_or(4789)),
                target_group_arn,
            };
            put(&mut self.region.listeners, &listener_arn, row)?;
        }
        let row = LoadBalancer {
            arn: arn.clone(),
            owner,
            name: balancer.name.clone(),
            kind,
            scheme: balancer.scheme.clone().unwrap_or_else(|| "internal".to_owned()),
            vpc_id,
            subnet_ids: balancer.subnet_ids.clone(),
            security_groups: balancer.security_groups.clone(),
            created: self.now,
            attributes: balancer.attributes.clone(),
            tags: balancer.tags.clone(),
        };
        put(&mut self.region.load_balancers, &arn, row)
    }
}
