//! A call whose outcome is unknown: what it should have made is looked for before anything is tried again.

use std::time::Duration;

use crate::ec2::Ec2Error;

/// The waits before each look: describe calls lag behind what was made.
const WAITS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// What `look` finds, if it does within a few seconds.
pub async fn look_for<T, F>(look: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<Option<T>, Ec2Error>>,
{
    for wait in WAITS {
        tokio::time::sleep(wait).await;
        match look().await {
            Ok(Some(found)) => return Some(found),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "it could not be looked whether a call was carried out"),
        }
    }
    None
}
