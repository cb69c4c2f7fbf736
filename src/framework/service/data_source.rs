//! Data sources.

use super::{Service, convert};
use crate::framework::data_source::ReadDataRequest;
use crate::framework::diagnostics::Diagnostics;
use crate::framework::parts::Parts;
use crate::framework::provider::Provider;
use crate::proto::tfplugin6::{read_data_source, validate_data_resource_config};

impl<P: Provider> Service<P> {
    pub(super) async fn validate_data_source(
        &self,
        request: &validate_data_resource_config::Request,
    ) -> Result<Diagnostics, Diagnostics> {
        let offer = self.offer.data_source(&request.type_name)?;
        offer
            .data_source
            .validate_config(offer.shape.decode(request.config.as_ref())?)
            .await
    }

    /// The answer without its state, and the state.
    pub(super) async fn read_data(
        &self,
        request: &read_data_source::Request,
    ) -> Result<(read_data_source::Response, Parts), Diagnostics> {
        let offer = self.offer.data_source(&request.type_name)?;
        let answer = offer
            .data_source
            .read(ReadDataRequest {
                config: offer.shape.decode(request.config.as_ref())?,
                cancel: self.stop.token(),
                client_capabilities: convert::client_capabilities(request.client_capabilities.as_ref()),
            })
            .await?;
        let mut diagnostics = answer.diagnostics;
        let state = offer
            .shape
            .encode_known_in_parts(answer.state, &mut diagnostics)?;
        let others = read_data_source::Response {
            state: None,
            diagnostics: convert::diagnostics(diagnostics),
            deferred: None,
        };
        Ok((others, state))
    }
}
