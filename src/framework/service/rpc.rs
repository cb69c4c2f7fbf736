//! The protocol's methods, each handed on to its place.

use prost::Message;
use tonic::{Request, Response, Status, Streaming};

use super::absent::{self, Once};
use super::call::call;
use super::list_resource::Stream;
use super::{Shared, body, function, resource};
use crate::framework::diagnostics::Diagnostics;
use crate::framework::provider::Provider;
use crate::proto::tfplugin6 as proto;
use crate::proto::tfplugin6::provider_server::Provider as Protocol;

type Answer<T> = Result<Response<T>, Status>;

/// An answer that is a message, or diagnostics in one.
fn answer<T: From<Diagnostics>>(result: Result<T, Diagnostics>) -> Answer<T> {
    Ok(Response::new(result.unwrap_or_else(T::from)))
}

/// An answer that is diagnostics alone.
fn judged<T: From<Diagnostics>>(result: Result<Diagnostics, Diagnostics>) -> Answer<T> {
    Ok(Response::new(
        result.unwrap_or_else(|diagnostics| diagnostics).into(),
    ))
}

#[tonic::async_trait]
impl<P: Provider> Protocol for Shared<P> {
    // The provider

    async fn get_metadata(
        &self,
        _: Request<proto::get_metadata::Request>,
    ) -> Answer<proto::get_metadata::Response> {
        let metadata = async { Ok(self.metadata()) };
        Ok(Response::new(
            call("GetMetadata", "", metadata).await.unwrap_or_default(),
        ))
    }

    async fn get_provider_schema(
        &self,
        _: Request<proto::get_provider_schema::Request>,
    ) -> Answer<proto::get_provider_schema::Response> {
        let schemas = async { Ok(self.schemas()) };
        Ok(Response::new(
            call("GetProviderSchema", "", schemas).await.unwrap_or_default(),
        ))
    }

    async fn validate_provider_config(
        &self,
        request: Request<proto::validate_provider_config::Request>,
    ) -> Answer<proto::validate_provider_config::Response> {
        judged(
            call(
                "ValidateProviderConfig",
                "",
                self.validate_provider(request.get_ref()),
            )
            .await,
        )
    }

    async fn configure_provider(
        &self,
        request: Request<proto::configure_provider::Request>,
    ) -> Answer<proto::configure_provider::Response> {
        judged(call("ConfigureProvider", "", self.configure(request.get_ref())).await)
    }

    async fn stop_provider(
        &self,
        _: Request<proto::stop_provider::Request>,
    ) -> Answer<proto::stop_provider::Response> {
        tracing::debug!(tf_rpc = "StopProvider", "cancelling the requests in flight");
        self.stop.cancel();
        Ok(Response::new(proto::stop_provider::Response::default()))
    }

    // Managed resources

    async fn validate_resource_config(
        &self,
        request: Request<proto::validate_resource_config::Request>,
    ) -> Answer<proto::validate_resource_config::Response> {
        let request = request.into_inner();
        judged(
            call(
                "ValidateResourceConfig",
                &request.type_name,
                self.validate_resource(&request),
            )
            .await,
        )
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<proto::upgrade_resource_state::Request>,
    ) -> Answer<proto::upgrade_resource_state::Response> {
        let request = request.into_inner();
        let upgraded = call(
            "UpgradeResourceState",
            &request.type_name,
            self.upgrade_state(&request),
        )
        .await;
        answer(upgraded.map(|state| proto::upgrade_resource_state::Response {
            upgraded_state: Some(state),
            diagnostics: Vec::new(),
        }))
    }

    async fn read_resource(
        &self,
        request: Request<proto::read_resource::Request>,
    ) -> Answer<proto::read_resource::Response> {
        let request = request.into_inner();
        let result = call("ReadResource", &request.type_name, self.read(&request)).await;
        Ok(Response::new(result.unwrap_or_else(|diagnostics| {
            resource::read_failed(&request, diagnostics)
        })))
    }

    async fn plan_resource_change(
        &self,
        request: Request<proto::plan_resource_change::Request>,
    ) -> Answer<proto::plan_resource_change::Response> {
        let request = request.into_inner();
        let result = call("PlanResourceChange", &request.type_name, self.plan(&request)).await;
        Ok(Response::new(result.unwrap_or_else(|diagnostics| {
            resource::plan_failed(&request, diagnostics)
        })))
    }

    async fn apply_resource_change(
        &self,
        request: Request<proto::apply_resource_change::Request>,
    ) -> Answer<proto::apply_resource_change::Response> {
        let request = request.into_inner();
        let result = call("ApplyResourceChange", &request.type_name, self.apply(&request)).await;
        Ok(Response::new(result.unwrap_or_else(|diagnostics| {
            resource::apply_failed(&request, diagnostics)
        })))
    }

    async fn import_resource_state(
        &self,
        request: Request<proto::import_resource_state::Request>,
    ) -> Answer<proto::import_resource_state::Response> {
        let request = request.into_inner();
        answer(call("ImportResourceState", &request.type_name, self.import(&request)).await)
    }

    async fn generate_resource_config(
        &self,
        _: Request<proto::generate_resource_config::Request>,
    ) -> Answer<proto::generate_resource_config::Response> {
        absent::none("generated configuration")
    }

    async fn move_resource_state(
        &self,
        _: Request<proto::move_resource_state::Request>,
    ) -> Answer<proto::move_resource_state::Response> {
        absent::none("way to move the state of another resource type here")
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<proto::get_resource_identity_schemas::Request>,
    ) -> Answer<proto::get_resource_identity_schemas::Response> {
        let schemas = async { Ok(self.identity_schemas()) };
        Ok(Response::new(
            call("GetResourceIdentitySchemas", "", schemas)
                .await
                .unwrap_or_default(),
        ))
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<proto::upgrade_resource_identity::Request>,
    ) -> Answer<proto::upgrade_resource_identity::Response> {
        let request = request.into_inner();
        let upgrade = async { self.upgrade_identity(&request) };
        let upgraded = call("UpgradeResourceIdentity", &request.type_name, upgrade).await;
        answer(
            upgraded.map(|identity| proto::upgrade_resource_identity::Response {
                upgraded_identity: Some(identity),
                diagnostics: Vec::new(),
            }),
        )
    }

    // Data sources

    async fn validate_data_resource_config(
        &self,
        request: Request<proto::validate_data_resource_config::Request>,
    ) -> Answer<proto::validate_data_resource_config::Response> {
        let request = request.into_inner();
        judged(
            call(
                "ValidateDataResourceConfig",
                &request.type_name,
                self.validate_data_source(&request),
            )
            .await,
        )
    }

    async fn read_data_source(
        &self,
        request: Request<proto::read_data_source::Request>,
    ) -> Answer<proto::read_data_source::Response> {
        let request = request.into_inner();
        match call("ReadDataSource", &request.type_name, self.read_data(&request)).await {
            Ok((others, state)) => {
                let length = others.encoded_len();
                let mut response = Response::new(others);
                body::attach(state, length, response.extensions_mut())?;
                Ok(response)
            }
            Err(diagnostics) => answer(Err(diagnostics)),
        }
    }

    // Functions

    async fn get_functions(
        &self,
        _: Request<proto::get_functions::Request>,
    ) -> Answer<proto::get_functions::Response> {
        Ok(Response::new(self.0.get_functions()))
    }

    async fn call_function(
        &self,
        request: Request<proto::call_function::Request>,
    ) -> Answer<proto::call_function::Response> {
        let request = request.into_inner();
        let work = async { Ok(self.0.call_function(&request)) };
        let result = call("CallFunction", &request.name, work).await;
        Ok(Response::new(result.unwrap_or_else(function::broken)))
    }

    // Queries

    async fn validate_list_resource_config(
        &self,
        request: Request<proto::validate_list_resource_config::Request>,
    ) -> Answer<proto::validate_list_resource_config::Response> {
        let request = request.into_inner();
        let judgement = self.validate_list(&request);
        judged(call("ValidateListResourceConfig", &request.type_name, judgement).await)
    }

    type ListResourceStream = Stream<proto::list_resource::Event>;

    async fn list_resource(
        &self,
        request: Request<proto::list_resource::Request>,
    ) -> Answer<Self::ListResourceStream> {
        let cancel = self.stop.token();
        Ok(Response::new(
            self.0.clone().begin_list(request.into_inner(), cancel),
        ))
    }

    // Actions

    async fn validate_action_config(
        &self,
        request: Request<proto::validate_action_config::Request>,
    ) -> Answer<proto::validate_action_config::Response> {
        let request = request.into_inner();
        let judgement = self.validate_action(&request);
        judged(call("ValidateActionConfig", &request.type_name, judgement).await)
    }

    async fn plan_action(
        &self,
        request: Request<proto::plan_action::Request>,
    ) -> Answer<proto::plan_action::Response> {
        let request = request.into_inner();
        let judgement = self.announce_action(&request);
        judged(call("PlanAction", &request.action_type, judgement).await)
    }

    type InvokeActionStream = Stream<proto::invoke_action::Event>;

    async fn invoke_action(
        &self,
        request: Request<proto::invoke_action::Request>,
    ) -> Answer<Self::InvokeActionStream> {
        let cancel = self.stop.token();
        Ok(Response::new(
            self.0.clone().begin_action(request.into_inner(), cancel),
        ))
    }

    // What is not offered

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<proto::validate_ephemeral_resource_config::Request>,
    ) -> Answer<proto::validate_ephemeral_resource_config::Response> {
        absent::no("ephemeral resource", &request.get_ref().type_name)
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<proto::open_ephemeral_resource::Request>,
    ) -> Answer<proto::open_ephemeral_resource::Response> {
        absent::no("ephemeral resource", &request.get_ref().type_name)
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<proto::renew_ephemeral_resource::Request>,
    ) -> Answer<proto::renew_ephemeral_resource::Response> {
        absent::no("ephemeral resource", &request.get_ref().type_name)
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<proto::close_ephemeral_resource::Request>,
    ) -> Answer<proto::close_ephemeral_resource::Response> {
        absent::no("ephemeral resource", &request.get_ref().type_name)
    }

    async fn validate_state_store_config(
        &self,
        request: Request<proto::validate_state_store::Request>,
    ) -> Answer<proto::validate_state_store::Response> {
        absent::no("state store", &request.get_ref().type_name)
    }

    async fn configure_state_store(
        &self,
        request: Request<proto::configure_state_store::Request>,
    ) -> Answer<proto::configure_state_store::Response> {
        absent::no("state store", &request.get_ref().type_name)
    }

    type ReadStateBytesStream = Once<proto::read_state_bytes::Response>;

    async fn read_state_bytes(
        &self,
        request: Request<proto::read_state_bytes::Request>,
    ) -> Answer<Self::ReadStateBytesStream> {
        absent::read_state_bytes(request.get_ref())
    }

    async fn write_state_bytes(
        &self,
        _: Request<Streaming<proto::write_state_bytes::RequestChunk>>,
    ) -> Answer<proto::write_state_bytes::Response> {
        absent::none("state stores")
    }

    async fn lock_state(
        &self,
        request: Request<proto::lock_state::Request>,
    ) -> Answer<proto::lock_state::Response> {
        absent::no("state store", &request.get_ref().type_name)
    }

    async fn unlock_state(
        &self,
        request: Request<proto::unlock_state::Request>,
    ) -> Answer<proto::unlock_state::Response> {
        absent::no("state store", &request.get_ref().type_name)
    }

    async fn get_states(
        &self,
        request: Request<proto::get_states::Request>,
    ) -> Answer<proto::get_states::Response> {
        absent::no("state store", &request.get_ref().type_name)
    }

    async fn delete_state(
        &self,
        request: Request<proto::delete_state::Request>,
    ) -> Answer<proto::delete_state::Response> {
        absent::no("state store", &request.get_ref().type_name)
    }
}
