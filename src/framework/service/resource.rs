//! Managed resources: validate, read, plan, apply, import.
//!
//! Core keeps only what a response repeats. So private data and identity of the request stand in each response, and
//! so does the state where a read, an update or a delete failed.

use super::offer::Shape;
use super::{Service, convert};
use crate::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::framework::provider::Provider;
use crate::framework::resource::{ApplyRequest, ImportRequest, PlanRequest, ReadRequest};
use crate::proto::tfplugin6::{
    apply_resource_change, import_resource_state, plan_resource_change, read_resource,
    validate_resource_config,
};

impl<P: Provider> Service<P> {
    pub(super) async fn validate_resource(
        &self,
        request: &validate_resource_config::Request,
    ) -> Result<Diagnostics, Diagnostics> {
        let offer = self.offer.resource(&request.type_name)?;
        offer
            .resource
            .validate_config(offer.shape.decode(request.config.as_ref())?)
            .await
    }

    pub(super) async fn read(
        &self,
        request: &read_resource::Request,
    ) -> Result<read_resource::Response, Diagnostics> {
        let offer = self.offer.resource(&request.type_name)?;
        let identity = offer.identity.as_ref();
        let Some(state) = offer.shape.decode_some(request.current_state.as_ref())? else {
            // There is nothing to look at.
            return Ok(read_failed(request, Diagnostics::new()));
        };
        let answer = offer
            .resource
            .read(ReadRequest {
                state,
                private: request.private.clone(),
                identity: Shape::decode_identity(identity, request.current_identity.as_ref())?,
                cancel: self.stop.token(),
                client_capabilities: convert::client_capabilities(request.client_capabilities.as_ref()),
            })
            .await?;
        let (state, mut diagnostics) = (answer.state, answer.diagnostics);
        let new_state = if state.is_none() && diagnostics.has_errors() {
            request.current_state.clone()
        } else {
            Some(offer.shape.encode_known(state, &mut diagnostics)?)
        };
        Ok(read_resource::Response {
            new_state,
            diagnostics: convert::diagnostics(diagnostics),
            private: answer.private.unwrap_or_else(|| request.private.clone()),
            deferred: None,
            new_identity: Shape::encode_identity(
                identity,
                answer.identity,
                request.current_identity.clone(),
            )?,
        })
    }

    pub(super) async fn plan(
        &self,
        request: &plan_resource_change::Request,
    ) -> Result<plan_resource_change::Response, Diagnostics> {
        let offer = self.offer.resource(&request.type_name)?;
        let identity = offer.identity.as_ref();
        let destroy = offer.shape.is_null(request.proposed_new_state.as_ref())?;
        let answer = offer
            .resource
            .plan(PlanRequest {
                prior: offer.shape.decode_some(request.prior_state.as_ref())?,
                destroy,
                config: offer.shape.decode_some(request.config.as_ref())?,
                prior_private: request.prior_private.clone(),
                planned_private: request.planned_private.clone(),
                prior_identity: Shape::decode_identity(identity, request.prior_identity.as_ref())?,
                cancel: self.stop.token(),
                client_capabilities: convert::client_capabilities(request.client_capabilities.as_ref()),
            })
            .await?;
        let mut diagnostics = answer.diagnostics;
        if answer.planned.is_none() && !destroy && !diagnostics.has_errors() {
            diagnostics.push(bug(
                &request.type_name,
                "planned nothing for an object that is to exist",
            ));
        }
        Ok(plan_resource_change::Response {
            planned_state: Some(offer.shape.encode_some(answer.planned.filter(|_| !destroy))?),
            requires_replace: answer
                .requires_replace
                .iter()
                .map(convert::attribute_path)
                .collect(),
            planned_private: answer.private.unwrap_or_else(|| request.prior_private.clone()),
            diagnostics: convert::diagnostics(diagnostics),
            legacy_type_system: false,
            deferred: None,
            planned_identity: Shape::encode_identity(
                identity,
                answer.identity,
                request.prior_identity.clone(),
            )?,
        })
    }

    pub(super) async fn apply(
        &self,
        request: &apply_resource_change::Request,
    ) -> Result<apply_resource_change::Response, Diagnostics> {
        let offer = self.offer.resource(&request.type_name)?;
        let identity = offer.identity.as_ref();
        let answer = offer
            .resource
            .apply(ApplyRequest {
                prior: offer.shape.decode_some(request.prior_state.as_ref())?,
                planned: offer.shape.decode_some(request.planned_state.as_ref())?,
                config: offer.shape.decode_some(request.config.as_ref())?,
                private: request.planned_private.clone(),
                identity: Shape::decode_identity(identity, request.planned_identity.as_ref())?,
                cancel: self.stop.token(),
            })
            .await?;
        let (state, mut diagnostics) = (answer.state, answer.diagnostics);
        let new_state = if state.is_none() && diagnostics.has_errors() {
            request.prior_state.clone()
        } else {
            Some(offer.shape.encode_known(state, &mut diagnostics)?)
        };
        Ok(apply_resource_change::Response {
            new_state,
            private: answer.private.unwrap_or_else(|| request.planned_private.clone()),
            diagnostics: convert::diagnostics(diagnostics),
            legacy_type_system: false,
            new_identity: Shape::encode_identity(
                identity,
                answer.identity,
                request.planned_identity.clone(),
            )?,
        })
    }

    pub(super) async fn import(
        &self,
        request: &import_resource_state::Request,
    ) -> Result<import_resource_state::Response, Diagnostics> {
        let offer = self.offer.resource(&request.type_name)?;
        let identity = offer.identity.as_ref();
        let answer = offer
            .resource
            .import_state(ImportRequest {
                id: request.id.clone(),
                identity: Shape::decode_identity(identity, request.identity.as_ref())?,
                cancel: self.stop.token(),
                client_capabilities: convert::client_capabilities(request.client_capabilities.as_ref()),
            })
            .await?;
        let (state, mut diagnostics) = (answer.state, answer.diagnostics);
        let mut imported = Vec::new();
        if let Some(state) = state.filter(|_| !diagnostics.has_errors()) {
            let state = offer.shape.encode_known(Some(state), &mut diagnostics)?;
            imported.push(import_resource_state::ImportedResource {
                type_name: request.type_name.clone(),
                state: Some(state),
                private: answer.private.unwrap_or_default(),
                identity: Shape::encode_identity(identity, answer.identity, request.identity.clone())?,
            });
        }
        if diagnostics.has_errors() {
            imported.clear();
        }
        Ok(import_resource_state::Response {
            imported_resources: imported,
            diagnostics: convert::diagnostics(diagnostics),
            deferred: None,
        })
    }
}

fn bug(type_name: &str, what: &str) -> Diagnostic {
    Diagnostic::error(
        "The provider has a bug",
        format!("{type_name} {what}. Please report it; running Terraform again is safe."),
    )
}

/// Answer to a read that failed before or inside its handler: everything as it was.
pub(super) fn read_failed(
    request: &read_resource::Request,
    diagnostics: Diagnostics,
) -> read_resource::Response {
    read_resource::Response {
        new_state: request.current_state.clone(),
        diagnostics: convert::diagnostics(diagnostics),
        private: request.private.clone(),
        deferred: None,
        new_identity: request.current_identity.clone(),
    }
}

/// Answer to a plan that failed before or inside its handler.
pub(super) fn plan_failed(
    request: &plan_resource_change::Request,
    diagnostics: Diagnostics,
) -> plan_resource_change::Response {
    plan_resource_change::Response {
        planned_state: request.prior_state.clone(),
        planned_private: request.prior_private.clone(),
        diagnostics: convert::diagnostics(diagnostics),
        planned_identity: request.prior_identity.clone(),
        ..plan_resource_change::Response::default()
    }
}

/// Answer to an apply that failed before or inside its handler: everything as it was.
pub(super) fn apply_failed(
    request: &apply_resource_change::Request,
    diagnostics: Diagnostics,
) -> apply_resource_change::Response {
    apply_resource_change::Response {
        new_state: request.prior_state.clone(),
        private: request.planned_private.clone(),
        diagnostics: convert::diagnostics(diagnostics),
        legacy_type_system: false,
        new_identity: request.planned_identity.clone(),
    }
}
