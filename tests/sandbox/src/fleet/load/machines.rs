//! Instances, interfaces and VPC endpoints of a fleet.

use super::{DEFAULT_IMAGE, Loader, exists, missing, put};
use crate::actions::interfaces::{address, mac};
use crate::fleet::{FleetError, file};
use crate::state::{Attachment, Instance, InstanceState, NetworkInterface, VpcEndpoint};

impl Loader<'_> {
    pub(super) fn machines(&mut self, resources: &file::Resources) -> Result<(), FleetError> {
        for instance in &resources.instances {
            for _ in 0..instance.count.unwrap_or(1) {
                self.instance(instance)?;
            }
        }
        for interface in &resources.network_interfaces {
            let subnet = interface.subnet_id.clone().unwrap_or_default();
            let owner = self.owner(&interface.owner);
            let row = self.interface(interface, &subnet, owner)?;
            put(&mut self.region.interfaces, &row.id.clone(), row)?;
        }
        for endpoint in &resources.vpc_endpoints {
            exists(&self.region.vpcs, &endpoint.vpc_id)?;
            let row = VpcEndpoint {
                id: endpoint.id.clone(),
                owner: self.owner(&endpoint.owner),
                vpc_id: endpoint.vpc_id.clone(),
                endpoint_type: endpoint
                    .endpoint_type
                    .clone()
                    .unwrap_or_else(|| "Interface".to_owned()),
                service_name: endpoint.service_name.clone(),
                subnet_ids: endpoint.subnet_ids.clone(),
                network_interface_ids: endpoint.network_interface_ids.clone(),
                tags: endpoint.tags.clone(),
            };
            put(&mut self.region.endpoints, &endpoint.id, row)?;
        }
        Ok(())
    }

    fn instance(&mut self, instance: &file::Instance) -> Result<(), FleetError> {
        let id = self.id(&instance.id, "i");
        let owner = self.owner(&instance.owner);
        let alone = [file::NetworkInterface::default()];
        let listed = if instance.network_interfaces.is_empty() {
            &alone[..]
        } else {
            &instance.network_interfaces
        };
        let mut attached = Vec::new();
        for (n, interface) in listed.iter().enumerate() {
            let mut row = self.interface(interface, &instance.subnet_id, owner.clone())?;
            if row.groups.is_empty() {
                row.groups.clone_from(&instance.security_groups);
            }
            row.operator = row.operator.or_else(|| instance.operator.clone());
            row.attachment = Some(Attachment {
                id: self.ids.resource("eni-attach"),
                instance_id: id.clone(),
                device_index: interface.device_index.unwrap_or(n as i64),
                network_card_index: interface.network_card_index,
                delete_on_termination: interface.delete_on_termination.unwrap_or(n == 0),
                attach_time: self.now,
            });
            attached.push(row);
        }
        let Some(primary) = attached.first() else {
            return Err(FleetError::Inconsistent(format!("{id} has no interface")));
        };
        let row = Instance {
            id: id.clone(),
            owner,
            reservation_id: self.ids.resource("r"),
            launch_index: 0,
            image_id: instance
                .image_id
                .clone()
                .unwrap_or_else(|| DEFAULT_IMAGE.to_owned()),
            instance_type: instance
                .instance_type
                .clone()
                .unwrap_or_else(|| "m5.large".to_owned()),
            state: instance.state,
            subnet_id: primary.subnet_id.clone(),
            vpc_id: primary.vpc_id.clone(),
            availability_zone: primary.availability_zone.clone(),
            launch_time: self.now,
            terminated_at: (instance.state == InstanceState::Terminated).then_some(self.now),
            interfaces: attached.iter().map(|i| i.id.clone()).collect(),
            operator: instance.operator.clone(),
            tags: instance.tags.clone(),
        };
        for interface in attached {
            put(&mut self.region.interfaces, &interface.id.clone(), interface)?;
        }
        put(&mut self.region.instances, &id, row)
    }

    fn interface(
        &mut self,
        interface: &file::NetworkInterface,
        default_subnet: &str,
        owner: String,
    ) -> Result<NetworkInterface, FleetError> {
        let id = self.id(&interface.id, "eni");
        let subnet_id = interface.subnet_id.as_deref().unwrap_or(default_subnet);
        exists(&self.region.subnets, subnet_id)?;
        let Some(subnet) = self.region.subnets.get(subnet_id) else {
            return Err(missing(subnet_id));
        };
        let number = self.ids.number();
        Ok(NetworkInterface {
            id,
            owner: interface.owner.clone().unwrap_or(owner),
            subnet_id: subnet.id.clone(),
            vpc_id: subnet.vpc_id.clone(),
            availability_zone: subnet.availability_zone.clone(),
            interface_type: interface
                .interface_type
                .clone()
                .unwrap_or_else(|| "interface".to_owned()),
            description: interface.description.clone(),
            private_ip: interface
                .private_ip
                .clone()
                .unwrap_or_else(|| address(&subnet.cidr_block, number)),
            mac: mac(number),
            groups: interface.security_groups.clone(),
            requester_id: interface.requester_id.clone(),
            requester_managed: interface.requester_managed || interface.requester_id.is_some(),
            operator: interface.operator.clone(),
            attachment: None,
            tags: interface.tags.clone(),
        })
    }
}
