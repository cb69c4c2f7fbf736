//! Traffic mirror sessions: create, modify, delete; `session_list` lists them.

use aws_sdk_ec2::operation::create_traffic_mirror_session::builders::CreateTrafficMirrorSessionFluentBuilder;
use aws_sdk_ec2::types::{ResourceType, TagSpecification, TrafficMirrorSession, TrafficMirrorSessionField};

use super::error::ErrorKind;
use super::filters::granted;
use super::tags::{from_sdk, to_sdk};
use super::{Account, Action, Ec2Error, ErrorClass, What};
use crate::planner::{FieldChange, MirrorSession, Tags};

/// A session to be created.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewSession {
    /// The source.
    pub network_interface_id: String,
    pub traffic_mirror_target_id: String,
    pub traffic_mirror_filter_id: String,
    /// 1 to 32766.
    pub session_number: i64,
    /// 24 bits; none: AWS draws one.
    pub virtual_network_id: Option<i64>,
    /// Bytes; none: the whole packet.
    pub packet_length: Option<i64>,
    pub description: Option<String>,
    /// Set in the create call itself: if tagging fails, nothing is created.
    pub tags: Tags,
    /// Up to 64 ASCII characters. EC2 answers the same token and parameters with the same session, even with one that
    /// was deleted since: draw a new one for each attempt of your own.
    pub client_token: String,
}

/// What to change of a session; everything else stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionChange {
    /// The session's id.
    pub id: String,
    pub traffic_mirror_target_id: Option<String>,
    pub traffic_mirror_filter_id: Option<String>,
    pub session_number: Option<i64>,
    pub virtual_network_id: FieldChange<i64>,
    pub packet_length: FieldChange<i64>,
    pub description: FieldChange<String>,
}

/// The outcome of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// EC2 deleted it.
    Gone,
    /// There was nothing to delete.
    AlreadyGone,
}

impl Account {
    /// Creates a session and returns it as EC2 made it.
    pub async fn create_session(&self, new: &NewSession) -> Result<MirrorSession, Ec2Error> {
        let action = Action::CreateTrafficMirrorSession;
        let request = self.creation(new)?;
        let send = |probe| request.clone().customize().interceptor(probe).send();
        let created = self.paced(action, send).await?;
        self.session(action, created.traffic_mirror_session())
    }

    /// Asks whether EC2 would create the session, without creating it. It judges permissions, and little else.
    pub async fn would_create_session(&self, new: &NewSession) -> Result<(), Ec2Error> {
        let call = self.call(Action::CreateTrafficMirrorSession);
        let request = self.creation(new)?.dry_run(true);
        granted(
            call.end(request.customize().interceptor(call.probe()).send().await)
                .map(drop),
        )
    }

    fn creation(&self, new: &NewSession) -> Result<CreateTrafficMirrorSessionFluentBuilder, Ec2Error> {
        let action = Action::CreateTrafficMirrorSession;
        let tags = (!new.tags.is_empty()).then(|| {
            let resource = ResourceType::TrafficMirrorSession;
            vec![
                TagSpecification::builder()
                    .resource_type(resource)
                    .set_tags(Some(to_sdk(&new.tags)))
                    .build(),
            ]
        });
        let request = self
            .client()
            .create_traffic_mirror_session()
            .network_interface_id(&new.network_interface_id)
            .traffic_mirror_target_id(&new.traffic_mirror_target_id)
            .traffic_mirror_filter_id(&new.traffic_mirror_filter_id)
            .session_number(self.int(action, "SessionNumber", new.session_number)?)
            .set_virtual_network_id(self.optional_int(
                action,
                "VirtualNetworkId",
                new.virtual_network_id.as_ref(),
            )?)
            .set_packet_length(self.optional_int(action, "PacketLength", new.packet_length.as_ref())?)
            .set_description(new.description.clone())
            .set_tag_specifications(tags)
            .client_token(&new.client_token);
        Ok(request)
    }

    /// Changes a session in place and returns it as it is now.
    pub async fn modify_session(&self, change: &SessionChange) -> Result<MirrorSession, Ec2Error> {
        let action = Action::ModifyTrafficMirrorSession;
        let removals = [
            (
                change.virtual_network_id == FieldChange::Remove,
                TrafficMirrorSessionField::VirtualNetworkId,
            ),
            (
                change.packet_length == FieldChange::Remove,
                TrafficMirrorSessionField::PacketLength,
            ),
            (
                change.description == FieldChange::Remove,
                TrafficMirrorSessionField::Description,
            ),
        ];
        let removals: Vec<_> = removals
            .into_iter()
            .filter_map(|(removed, field)| removed.then_some(field))
            .collect();
        let request = self
            .client()
            .modify_traffic_mirror_session()
            .traffic_mirror_session_id(&change.id)
            .set_traffic_mirror_target_id(change.traffic_mirror_target_id.clone())
            .set_traffic_mirror_filter_id(change.traffic_mirror_filter_id.clone())
            .set_session_number(self.optional_int(action, "SessionNumber", change.session_number.as_ref())?)
            .set_virtual_network_id(self.optional_int(
                action,
                "VirtualNetworkId",
                change.virtual_network_id.set(),
            )?)
            .set_packet_length(self.optional_int(action, "PacketLength", change.packet_length.set())?)
            .set_description(change.description.set().cloned())
            .set_remove_fields(Some(removals).filter(|fields| !fields.is_empty()));
        let send = |probe| request.clone().customize().interceptor(probe).send();
        let modified = self.paced(action, send).await?;
        self.session(action, modified.traffic_mirror_session())
    }

    /// Deletes a session; one that does not exist is no error.
    pub async fn delete_session(&self, id: &str) -> Result<Deleted, Ec2Error> {
        let request = self
            .client()
            .delete_traffic_mirror_session()
            .traffic_mirror_session_id(id);
        let send = |probe| request.clone().customize().interceptor(probe).send();
        match self.paced(Action::DeleteTrafficMirrorSession, send).await {
            Ok(_) => Ok(Deleted::Gone),
            Err(error) if error.class() == ErrorClass::NotFound(What::Session) => Ok(Deleted::AlreadyGone),
            Err(error) => Err(error),
        }
    }

    pub(super) fn session(
        &self,
        action: Action,
        session: Option<&TrafficMirrorSession>,
    ) -> Result<MirrorSession, Ec2Error> {
        let session = session.ok_or_else(|| self.incomplete(action, "trafficMirrorSession"))?;
        let lacks = |what: &str| self.incomplete(action, what);
        Ok(MirrorSession {
            id: session
                .traffic_mirror_session_id()
                .ok_or_else(|| lacks("trafficMirrorSessionId"))?
                .to_owned(),
            network_interface_id: session
                .network_interface_id()
                .ok_or_else(|| lacks("networkInterfaceId"))?
                .to_owned(),
            traffic_mirror_target_id: session
                .traffic_mirror_target_id()
                .ok_or_else(|| lacks("trafficMirrorTargetId"))?
                .to_owned(),
            traffic_mirror_filter_id: session
                .traffic_mirror_filter_id()
                .ok_or_else(|| lacks("trafficMirrorFilterId"))?
                .to_owned(),
            session_number: session
                .session_number()
                .ok_or_else(|| lacks("sessionNumber"))?
                .into(),
            virtual_network_id: session.virtual_network_id().map(i64::from),
            packet_length: session.packet_length().map(i64::from),
            // An empty element and none are the same.
            description: session
                .description()
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            owner_id: session.owner_id().map(str::to_owned),
            tags: from_sdk(session.tags()),
        })
    }

    fn optional_int(&self, action: Action, name: &str, value: Option<&i64>) -> Result<Option<i32>, Ec2Error> {
        value.map(|value| self.int(action, name, *value)).transpose()
    }

    /// The API's integers have 32 bits; every narrower range is the API's to judge.
    pub(super) fn int(&self, action: Action, name: &str, value: i64) -> Result<i32, Ec2Error> {
        i32::try_from(value).map_err(|_| {
            let message = format!("{name} {value} does not fit into 32 bits");
            self.error(action, ErrorKind::Argument(name.to_owned()), message)
        })
    }
}
