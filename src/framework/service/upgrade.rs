//! Stored states and identities brought to the schema of today.

use super::Service;
use super::offer::Shape;
use crate::framework::decode_json::{Attributes, decode_json};
use crate::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::framework::provider::Provider;
use crate::framework::resource::UpgradeRequest;
use crate::proto::tfplugin6::{
    DynamicValue, RawState, ResourceIdentityData, upgrade_resource_identity, upgrade_resource_state,
};

impl<P: Provider> Service<P> {
    pub(super) async fn upgrade_state(
        &self,
        request: &upgrade_resource_state::Request,
    ) -> Result<DynamicValue, Diagnostics> {
        let offer = self.offer.resource(&request.type_name)?;
        let stored = stored(request.raw_state.as_ref())?;
        // A state of today's version is read as it is; no digit of its numbers is lost on the way.
        if request.version == offer.shape.schema.version {
            return read(&offer.shape, stored);
        }
        let state = serde_json::from_slice(stored).map_err(|error| unreadable(&error.to_string()))?;
        let upgraded = offer
            .resource
            .upgrade_state(UpgradeRequest {
                version: request.version,
                state,
            })
            .await?;
        read(&offer.shape, upgraded.to_string().as_bytes())
    }

    pub(super) fn upgrade_identity(
        &self,
        request: &upgrade_resource_identity::Request,
    ) -> Result<ResourceIdentityData, Diagnostics> {
        let offer = self.offer.resource(&request.type_name)?;
        let Some(identity) = &offer.identity else {
            return Err(unreadable(&format!("{} has no identity", request.type_name)));
        };
        if request.version != identity.schema.version {
            return Err(unreadable(&format!(
                "its identity has version {}, this provider knows version {}",
                request.version, identity.schema.version
            )));
        }
        let identity_data = Some(read(identity, stored(request.raw_identity.as_ref())?)?);
        Ok(ResourceIdentityData { identity_data })
    }
}

/// What core stored, as JSON. Before Terraform 0.12 it was something else.
fn stored(raw: Option<&RawState>) -> Result<&[u8], Diagnostics> {
    match raw {
        Some(raw) if !raw.json.is_empty() => Ok(&raw.json),
        _ => Err(unreadable("it is not stored as JSON")),
    }
}

fn read(shape: &Shape, json: &[u8]) -> Result<DynamicValue, Diagnostics> {
    let value = decode_json(json, &shape.kind, Attributes::Lenient)
        .map_err(|error| unreadable(&error.to_string()))?;
    shape.encode(value)
}

fn unreadable(why: &str) -> Diagnostics {
    Diagnostic::error(
        "Stored state cannot be read",
        format!("This version of the provider cannot read the stored state: {why}. Use the version that wrote it, or a newer one."),
    )
    .into()
}
