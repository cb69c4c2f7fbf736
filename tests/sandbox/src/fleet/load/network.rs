//! VPCs, subnets and security groups of a fleet.

use super::{Loader, exists, put};
use crate::fleet::{FleetError, file};
use crate::state::{Permission, SecurityGroup, Subnet, Vpc};

impl Loader<'_> {
    pub(super) fn network(&mut self, resources: &file::Resources) -> Result<(), FleetError> {
        for vpc in &resources.vpcs {
            let row = Vpc {
                id: vpc.id.clone(),
                owner: self.owner(&vpc.owner),
                cidr_block: vpc.cidr_block.clone().unwrap_or_else(|| "10.0.0.0/16".to_owned()),
                tags: vpc.tags.clone(),
            };
            put(&mut self.region.vpcs, &vpc.id, row)?;
        }
        for subnet in &resources.subnets {
            exists(&self.region.vpcs, &subnet.vpc_id)?;
            if !subnet.availability_zone.starts_with(self.name) {
                let text = format!(
                    "{} names the zone '{}' in {}",
                    subnet.id, subnet.availability_zone, self.name
                );
                return Err(FleetError::Inconsistent(text));
            }
            let row = Subnet {
                id: subnet.id.clone(),
                owner: self.owner(&subnet.owner),
                vpc_id: subnet.vpc_id.clone(),
                availability_zone: subnet.availability_zone.clone(),
                cidr_block: match subnet.ipv6_native {
                    true => String::new(),
                    false => subnet
                        .cidr_block
                        .clone()
                        .unwrap_or_else(|| "10.0.0.0/20".to_owned()),
                },
                ipv6_native: subnet.ipv6_native,
                shared_with: subnet.shared_with.clone(),
                tags: subnet.tags.clone(),
            };
            put(&mut self.region.subnets, &subnet.id, row)?;
        }
        for group in &resources.security_groups {
            exists(&self.region.vpcs, &group.vpc_id)?;
            let everything = || {
                vec![Permission {
                    protocol: "-1".to_owned(),
                    from_port: None,
                    to_port: None,
                    cidr_blocks: vec!["0.0.0.0/0".to_owned()],
                    ipv6_cidr_blocks: Vec::new(),
                    security_groups: Vec::new(),
                    prefix_list_ids: Vec::new(),
                }]
            };
            let row = SecurityGroup {
                id: group.id.clone(),
                owner: self.owner(&group.owner),
                vpc_id: group.vpc_id.clone(),
                name: group.name.clone().unwrap_or_else(|| group.id.clone()),
                ingress: group.ingress.clone(),
                egress: group.egress.clone().unwrap_or_else(everything),
                tags: group.tags.clone(),
            };
            put(&mut self.region.security_groups, &group.id, row)?;
        }
        Ok(())
    }
}
