//! Answers to what the provider does not offer: ephemeral resources, state stores, moves from other types, generated
//! configuration. Core asks for none of it, for no schema names it; who asks all the same reads why there is no answer, instead
//! of a missing method.

use tonic::{Response, Status};

use super::convert;
use super::offer::unknown;
use super::provider::not_offered;
use crate::framework::diagnostics::Diagnostics;
use crate::proto::tfplugin6 as proto;

/// A stream of a single message.
pub(super) type Once<T> = tokio_stream::Once<Result<T, Status>>;

type Unary<T> = Result<Response<T>, Status>;

/// A response that is nothing but diagnostics.
macro_rules! only_diagnostics {
    ($($name:ident)*) => {$(
        impl From<Diagnostics> for proto::$name::Response {
            // Some responses have other fields, some have none.
            #[allow(clippy::needless_update)]
            fn from(diagnostics: Diagnostics) -> Self {
                Self { diagnostics: convert::diagnostics(diagnostics), ..Self::default() }
            }
        }
    )*};
}

only_diagnostics! {
    validate_provider_config configure_provider
    validate_resource_config upgrade_resource_state import_resource_state generate_resource_config
    move_resource_state upgrade_resource_identity
    validate_data_resource_config read_data_source
    validate_list_resource_config validate_action_config plan_action
    validate_ephemeral_resource_config open_ephemeral_resource renew_ephemeral_resource close_ephemeral_resource
    validate_state_store configure_state_store read_state_bytes write_state_bytes lock_state unlock_state get_states
    delete_state
}

/// There is no `what` of the type `type_name`.
pub(super) fn no<T: From<Diagnostics>>(what: &str, type_name: &str) -> Unary<T> {
    Ok(Response::new(unknown(what, type_name).into()))
}

/// There is no `what` at all.
pub(super) fn none<T: From<Diagnostics>>(what: &str) -> Unary<T> {
    Ok(Response::new(not_offered(what).into()))
}

fn once<T>(message: T) -> Unary<Once<T>> {
    Ok(Response::new(tokio_stream::once(Ok(message))))
}

pub(super) fn read_state_bytes(
    request: &proto::read_state_bytes::Request,
) -> Unary<Once<proto::read_state_bytes::Response>> {
    once(unknown("state store", &request.type_name).into())
}
