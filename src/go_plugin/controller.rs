//! The services a host expects beside the plugin's own.

use tokio::sync::mpsc;
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::ending::Ending;
use crate::proto::plugin::Empty;
use crate::proto::plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};

/// The service for whose health a host asks.
const HEALTH_SERVICE: &str = "plugin";

/// Answers Shutdown and passes it on.
struct Controller {
    ending: mpsc::UnboundedSender<Ending>,
}

#[tonic::async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        // The receiver is gone only when the server is ending anyway.
        let _ = self.ending.send(Ending::Shutdown);
        Ok(Response::new(Empty {}))
    }
}

/// What the health service says.
pub struct Health(HealthReporter);

impl Health {
    /// Ends the streams of those who watch, which would keep their connections
    /// open otherwise.
    pub async fn withdraw(mut self) {
        self.0.clear_service_status(HEALTH_SERVICE).await;
        self.0.clear_service_status("").await;
    }
}

/// The caller's routes with health and controller beside them.
pub async fn with_controller(routes: Routes, ending: mpsc::UnboundedSender<Ending>) -> (Routes, Health) {
    let (reporter, service) = tonic_health::server::health_reporter();
    reporter
        .set_service_status(HEALTH_SERVICE, ServingStatus::Serving)
        .await;
    let routes = routes
        .add_service(service)
        .add_service(GrpcControllerServer::new(Controller { ending }));
    (routes, Health(reporter))
}
