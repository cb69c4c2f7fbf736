//! Traffic mirror targets, filters and sessions of a fleet.

use super::{Loader, put};
use crate::actions::session_rules::draw_virtual_network_id;
use crate::fleet::{FleetError, file};
use crate::state::{
    Destination, Tags, TrafficMirrorFilter, TrafficMirrorFilterRule, TrafficMirrorSession,
    TrafficMirrorTarget,
};

impl Loader<'_> {
    pub(super) fn mirroring(&mut self, resources: &file::Resources) -> Result<(), FleetError> {
        for target in &resources.traffic_mirror_targets {
            let id = self.id(&target.id, "tmt");
            let balancer = target.network_load_balancer.as_ref().map(|wanted| {
                let mut all = self.region.load_balancers.iter();
                let found = all.find(|(arn, balancer)| *arn == wanted || balancer.name == *wanted);
                found.map_or(wanted.clone(), |(arn, _)| arn.clone())
            });
            let interface = target
                .network_interface_id
                .clone()
                .map(Destination::NetworkInterface);
            let endpoint = target.gateway_load_balancer_endpoint_id.clone();
            let destination = interface
                .or(balancer.map(Destination::NetworkLoadBalancer))
                .or(endpoint.map(Destination::GatewayLoadBalancerEndpoint))
                .ok_or_else(|| FleetError::Inconsistent(format!("{id} leads nowhere")))?;
            let row = TrafficMirrorTarget {
                id: id.clone(),
                owner: self.owner(&target.owner),
                destination,
                description: target.description.clone(),
                shared_with: target.shared_with.clone(),
                tags: target.tags.clone(),
            };
            put(&mut self.region.targets, &id, row)?;
        }
        for filter in &resources.traffic_mirror_filters {
            self.filter(filter)?;
        }
        for session in &resources.traffic_mirror_sessions {
            let owner = self.owner(&session.owner);
            let row = TrafficMirrorSession {
                id: self.id(&session.id, "tms"),
                network_interface_id: session.network_interface_id.clone(),
                target_id: session.traffic_mirror_target_id.clone(),
                filter_id: session.traffic_mirror_filter_id.clone(),
                number: session.session_number,
                packet_length: session.packet_length,
                virtual_network_id: match session.virtual_network_id {
                    Some(id) => id,
                    None => draw_virtual_network_id(&self.region, self.ids, &owner),
                },
                description: session.description.clone(),
                owner,
                tags: session.tags.clone(),
            };
            if self.region.sessions.get(&row.id).is_some() {
                return Err(FleetError::Inconsistent(format!(
                    "{} stands twice in the file",
                    row.id
                )));
            }
            self.region.put_session(row);
        }
        Ok(())
    }

    fn filter(&mut self, filter: &file::Filter) -> Result<(), FleetError> {
        let (id, owner) = (self.id(&filter.id, "tmf"), self.owner(&filter.owner));
        let mut rules = filter.rules.clone();
        let mut network_services = filter.network_services.clone();
        if filter.accept_all {
            network_services = vec!["amazon-dns".to_owned()];
            for direction in ["ingress", "egress"] {
                for (number, block) in [(1, "0.0.0.0/0"), (2, "::/0")] {
                    rules.push(file::Rule {
                        direction: direction.to_owned(),
                        number,
                        source_cidr_block: Some(block.to_owned()),
                        destination_cidr_block: Some(block.to_owned()),
                        ..file::Rule::default()
                    });
                }
            }
        }
        for rule in rules {
            let anywhere = |block: Option<String>| block.unwrap_or_else(|| "0.0.0.0/0".to_owned());
            let row = TrafficMirrorFilterRule {
                id: self.id(&rule.id, "tmfr"),
                owner: owner.clone(),
                filter_id: id.clone(),
                direction: rule.direction,
                number: rule.number,
                action: rule.action.unwrap_or_else(|| "accept".to_owned()),
                protocol: rule.protocol,
                destination_cidr_block: anywhere(rule.destination_cidr_block),
                source_cidr_block: anywhere(rule.source_cidr_block),
                destination_ports: rule.destination_ports,
                source_ports: rule.source_ports,
                description: rule.description,
                tags: Tags::new(),
            };
            put(&mut self.region.filter_rules, &row.id.clone(), row)?;
        }
        let row = TrafficMirrorFilter {
            id: id.clone(),
            owner,
            description: filter.description.clone(),
            network_services,
            tags: filter.tags.clone(),
        };
        put(&mut self.region.filters, &id, row)
    }
}
