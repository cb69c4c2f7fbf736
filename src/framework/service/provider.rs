//! The provider itself: names, schemas, configuration, stop.

use super::{Service, convert};
use crate::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::framework::erased::typed;
use crate::framework::provider::{ConfigureRequest, Provider, ValidateConfigRequest};
use crate::proto::tfplugin6::{
    ActionSchema, ServerCapabilities, configure_provider, get_metadata, get_provider_schema,
    get_resource_identity_schemas, validate_provider_config,
};

/// `get_provider_schema_optional`: a core that has the schemas already need not ask again before other calls.
fn server_capabilities() -> ServerCapabilities {
    ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: false,
        generate_resource_config: false,
    }
}

impl<P: Provider> Service<P> {
    pub(super) fn metadata(&self) -> get_metadata::Response {
        let resource = |name: &&str| get_metadata::ResourceMetadata {
            type_name: (*name).to_owned(),
        };
        let data_source = |name: &&str| get_metadata::DataSourceMetadata {
            type_name: (*name).to_owned(),
        };
        let function = |name: &&str| get_metadata::FunctionMetadata {
            name: (*name).to_owned(),
        };
        let list = |name: &&str| get_metadata::ListResourceMetadata {
            type_name: (*name).to_owned(),
        };
        let action = |name: &&str| get_metadata::ActionMetadata {
            type_name: (*name).to_owned(),
        };
        get_metadata::Response {
            server_capabilities: Some(server_capabilities()),
            resources: self.offer.resources.keys().map(resource).collect(),
            data_sources: self.offer.data_sources.keys().map(data_source).collect(),
            functions: self.offer.functions.keys().map(function).collect(),
            list_resources: self.offer.list_resources.keys().map(list).collect(),
            actions: self.offer.actions.keys().map(action).collect(),
            ..get_metadata::Response::default()
        }
    }

    pub(super) fn schemas(&self) -> get_provider_schema::Response {
        let resources = self.offer.resources.iter();
        let data_sources = self.offer.data_sources.iter();
        let list_resources = self.offer.list_resources.iter();
        let actions = self.offer.actions.iter();
        get_provider_schema::Response {
            provider: Some(convert::schema(&self.offer.provider.schema)),
            resource_schemas: resources
                .map(|(name, offer)| ((*name).to_owned(), convert::schema(&offer.shape.schema)))
                .collect(),
            data_source_schemas: data_sources
                .map(|(name, offer)| ((*name).to_owned(), convert::schema(&offer.shape.schema)))
                .collect(),
            functions: self.functions().into_iter().collect(),
            list_resource_schemas: list_resources
                .map(|(name, offer)| ((*name).to_owned(), convert::schema(&offer.shape.schema)))
                .collect(),
            action_schemas: actions
                .map(|(name, offer)| {
                    let schema = Some(convert::schema(&offer.shape.schema));
                    ((*name).to_owned(), ActionSchema { schema })
                })
                .collect(),
            diagnostics: convert::diagnostics(self.offer.broken.clone()),
            server_capabilities: Some(server_capabilities()),
            ..get_provider_schema::Response::default()
        }
    }

    pub(super) fn identity_schemas(&self) -> get_resource_identity_schemas::Response {
        let schema = |(name, offer): (&&str, &super::offer::ResourceOffer)| {
            let identity = offer.identity.as_ref()?;
            Some(((*name).to_owned(), convert::identity_schema(&identity.schema)))
        };
        get_resource_identity_schemas::Response {
            identity_schemas: self.offer.resources.iter().filter_map(schema).collect(),
            diagnostics: Vec::new(),
        }
    }

    pub(super) async fn validate_provider(
        &self,
        request: &validate_provider_config::Request,
    ) -> Result<Diagnostics, Diagnostics> {
        let config = typed(self.offer.provider.decode(request.config.as_ref())?)?;
        Ok(self
            .provider
            .validate_config(ValidateConfigRequest { config })
            .await)
    }

    pub(super) async fn configure(
        &self,
        request: &configure_provider::Request,
    ) -> Result<Diagnostics, Diagnostics> {
        if !self.offer.broken.is_empty() {
            return Err(self.offer.broken.clone());
        }
        let config = typed(self.offer.provider.decode(request.config.as_ref())?)?;
        let request = ConfigureRequest {
            config,
            terraform_version: request.terraform_version.clone(),
            cancel: self.stop.token(),
            client_capabilities: convert::client_capabilities(request.client_capabilities.as_ref()),
        };
        Ok(self.provider.configure(request).await)
    }
}

/// Answer to what this provider does not offer.
pub(super) fn not_offered(what: &str) -> Diagnostics {
    Diagnostic::error(
        format!("This provider has no {what}"),
        format!("It was asked for {what}, which it does not offer. Check the configuration and the provider's version."),
    )
    .into()
}
